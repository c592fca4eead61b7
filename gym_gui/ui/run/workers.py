"""The workers of a run, and their agents."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from gym_gui.app import WORKER_COLUMNS, WorkerRow, rows_of_workers, workers_text
from gym_gui.core.worker.errors import MosaicError
from gym_gui.reading import RunDetails
from gym_gui.runs import RunSummary
from gym_gui.ui.link import DaemonLink
from gym_gui.ui.parts import below
from gym_gui.ui.run.part import RunPart
from gym_gui.ui.run.rows import Table, table_of

#: The column of agents: most workers have one without a name.
_AGENT = 1
#: Milliseconds between two looks at how old heartbeats are.
_AGES_MS = 1000


class Workers(RunPart):
    """What each worker and agent does, and why it ended."""

    def __init__(self, link: DaemonLink, run_id: str, parent: QWidget | None = None) -> None:
        super().__init__(link, run_id, parent)
        self._run: RunSummary | None = None
        self._devices: dict[str, str] = {}
        self._attempts = -1
        self.rows: Table[WorkerRow] = Table(WORKER_COLUMNS, self)
        self.table = table_of(self.rows, "Workers")
        below(self, self.message, self.table)
        self.every(_AGES_MS, self._fill)

    def show_run(self, run: RunSummary) -> None:
        """Show the workers of a run as they stand."""
        self._run = run
        if self.isVisible():
            self._fill()
            self._ask_devices()

    def appear(self) -> None:
        """Ask what they compute on."""
        self._ask_devices()

    def _fill(self) -> None:
        if self._run is None:
            return
        rows = rows_of_workers(self._run, self._devices)
        self.rows.show_rows(rows, same=len(rows) == len(self.rows.rows))
        self.table.setColumnHidden(_AGENT, not any(row.agent.agent_id for row in rows))
        self.message.setText(workers_text(self._run, rows))
        self.message.setVisible(len(rows) > 1)

    def _ask_devices(self) -> None:
        """Ask on what they compute, once for each attempt: that is decided when they are placed."""
        if self._run is not None and self._attempts != self._run.attempts:
            self._attempts = self._run.attempts
            self.ask(lambda client: client.details(self._run_id), self._take)

    def _take(self, details: RunDetails) -> None:
        self._devices = details.devices
        self._fill()

    def fail(self, error: MosaicError) -> None:
        self._attempts = -1
        self.message.setText(str(error))
        self.message.show()
