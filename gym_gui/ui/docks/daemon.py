"""The daemon: what it says of itself, its machines, and the checks of its machine."""

from __future__ import annotations

import asyncio

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QPushButton, QWidget

from gym_gui.app import standing_lines, state_text
from gym_gui.core.worker.errors import MosaicError
from gym_gui.jobs import Job
from gym_gui.look import figures
from gym_gui.rpc import AsyncTrainerClient
from gym_gui.trainer import DaemonStatus, MachineReport, MachineRun
from gym_gui.ui.docks.job_log import JobLog
from gym_gui.ui.link import DaemonLink
from gym_gui.ui.parts import below, beside, label
from gym_gui.ui.run.rows import Column, Table, table_of

_EVERY_MS = 3000
_COLUMNS = (
    Column("Run under way", lambda run: run.run_name or run.run_id, 150),
    Column("State", lambda run: state_text(run.state.value), 100),
    Column("Cores", lambda run: figures.count(run.cpus) if run.cpus else "shared", 60, number=True),
    Column("Memory", lambda run: figures.size(run.memory_bytes), 80, number=True),
    Column("GPUs", lambda run: ", ".join(run.gpus) or figures.NOTHING, 60),
)


class DaemonPanel(QWidget):
    """The daemon, asked every few seconds while this can be seen.

    Args:
        link: The way to the daemon.
        parent: As of any widget.
    """

    opened = Signal(str)
    """A run is to be shown: its id."""

    def __init__(self, link: DaemonLink, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._link = link
        self.text = label("asking …", wrap=True, selectable=True)
        self.runs: Table[MachineRun] = Table(_COLUMNS, self)
        self.table = table_of(self.runs, "Runs under way")
        self.check = QPushButton("Check this machine")
        self.job = JobLog(link)
        below(self, self.text, self.table, beside(self.check), self.job, wide=self.table)
        self._timer = QTimer(self)
        self._timer.setInterval(_EVERY_MS)
        self._timer.timeout.connect(self._ask)
        self.check.clicked.connect(self._check)
        self.table.activated.connect(lambda index: self.opened.emit(self.runs.rows[index.row()].run_id))

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - as Qt names it
        """Ask while it can be seen."""
        super().showEvent(event)
        self._ask()
        self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - as Qt names it
        """Ask no more."""
        super().hideEvent(event)
        self._timer.stop()

    def _ask(self) -> None:
        self._link.ask(self, _standing, self._take, self._fail)

    def _take(self, found: tuple[DaemonStatus, MachineReport]) -> None:
        self.text.setText("\n".join(standing_lines(*found)))
        rows = [run for machine in found[1].machines for run in machine.runs]
        if rows != self.runs.rows:
            self.runs.show_rows(rows)

    def _fail(self, error: MosaicError) -> None:
        self.text.setText(str(error))

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
        self._fail(error)


async def _standing(client: AsyncTrainerClient) -> tuple[DaemonStatus, MachineReport]:
    status, report = await asyncio.gather(client.status(), client.machines())
    return status, report
