"""The daemon: what it says of itself, its machines, and the checks of its machine."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from gym_gui.app import MACHINE_RUN_COLUMNS, standing_lines, standing_of
from gym_gui.core.worker.errors import MosaicError
from gym_gui.jobs import Job
from gym_gui.trainer import DaemonStatus, MachineReport, MachineRun
from gym_gui.ui.docks.job_log import JobLog
from gym_gui.ui.link import DaemonLink
from gym_gui.ui.part import Part
from gym_gui.ui.parts import below, beside, button, label
from gym_gui.ui.run.rows import Table, table_of

_EVERY_MS = 3000


class DaemonPanel(Part):
    """The daemon, asked every few seconds while this can be seen.

    Args:
        link: The way to the daemon.
        parent: As of any widget.
    """

    opened = Signal(str)
    """A run is to be shown: its id."""

    def __init__(self, link: DaemonLink, parent: QWidget | None = None) -> None:
        super().__init__(link, parent)
        self.message = label("asking …", wrap=True, selectable=True)
        self.runs: Table[MachineRun] = Table(MACHINE_RUN_COLUMNS, self)
        self.table = table_of(self.runs, "Runs under way")
        self.check = button("Check this machine", self._check)
        self.job = JobLog(link)
        below(self, self.message, self.table, beside(self.check), self.job, wide=self.table)
        self.every(_EVERY_MS, lambda: self.ask(standing_of, self._take))
        self.table.activated.connect(lambda index: self.opened.emit(self.runs.rows[index.row()].run_id))

    def _take(self, found: tuple[DaemonStatus, MachineReport]) -> None:
        self.message.setText("\n".join(standing_lines(*found)))
        rows = [run for machine in found[1].machines for run in machine.runs]
        if rows != self.runs.rows:
            self.runs.show_rows(rows)

    def _check(self) -> None:
        self.check.setEnabled(False)
        self._link.ask(self, lambda client: client.start_job("doctor"), self._follow, self._refused)

    def _follow(self, job: Job) -> None:
        self._link.watch(self, lambda client: client.watch_jobs([job.job_id]), self._show_job, failed=self._refused)

    def _show_job(self, job: Job) -> None:
        self.job.show_job(job)
        self.check.setEnabled(job.state.terminal)

    def _refused(self, error: MosaicError) -> None:
        self.check.setEnabled(True)
        self.fail(error)
