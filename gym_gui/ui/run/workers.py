"""The workers of a run, and their agents."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from gym_gui.app import WorkerRow, rows_of_workers
from gym_gui.core.worker.errors import MosaicError
from gym_gui.look import figures
from gym_gui.reading import RunDetails
from gym_gui.runs import RunSummary
from gym_gui.ui.link import DaemonLink
from gym_gui.ui.parts import below
from gym_gui.ui.run.part import RunPart
from gym_gui.ui.run.rows import Column, Table, table_of

#: Milliseconds between two looks at how old heartbeats are.
_AGES_MS = 1000


class Workers(RunPart):
    """What each worker and agent does, and why it ended."""

    def __init__(self, link: DaemonLink, run_id: str, parent: QWidget | None = None) -> None:
        super().__init__(link, run_id, parent)
        self._run: RunSummary | None = None
        self._devices: dict[str, str] = {}
        self._attempts = -1
        self.rows: Table[WorkerRow] = Table(_COLUMNS, self)
        self.table = table_of(self.rows, "Workers")
        below(self, self.message, self.table)
        self._timer = self.timer(_AGES_MS, self._fill)

    def show_run(self, run: RunSummary) -> None:
        """Show the workers of a run as they stand."""
        self._run = run
        if self.isVisible():
            self._fill()
            self._ask_devices()

    def appear(self) -> None:
        """Show what there is now."""
        self._fill()
        self._ask_devices()
        self._timer.start()

    def vanish(self) -> None:
        """Do nothing while this is not seen."""
        self._timer.stop()

    def _fill(self) -> None:
        if self._run is None:
            return
        rows = rows_of_workers(self._run, self._devices)
        self.rows.show_rows(rows, same=len(rows) == len(self.rows.rows))
        self.table.setColumnHidden(_AGENT, not any(row.agent.agent_id for row in rows))
        agents = f", {len(rows)} agents" if len(rows) > len(self._run.workers) else ""
        self.message.setText(f"{len(self._run.workers)} workers{agents}" if len(rows) > 1 else "")
        self.message.setVisible(bool(self.message.text()))

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


#: The column of agents: most workers have one without a name.
_AGENT = 1
_COLUMNS = (
    Column("Worker", lambda row: row.worker.worker_id, 80),
    Column("Agent", lambda row: row.agent.agent_id, 80),
    Column("Kind", lambda row: row.kind, 180),
    Column("State", lambda row: row.state, 110),
    Column("Ended because", lambda row: row.ended, 170),
    Column("Steps", lambda row: figures.short(row.worker.steps), 70, number=True),
    Column("Steps/s", lambda row: figures.short(row.worker.steps_per_second), 70, number=True),
    Column("Episodes", lambda row: figures.count(row.agent.episodes + row.agent.eval_episodes), 70, number=True),
    Column("Return", lambda row: figures.decimal(row.mean_return), 70, number=True),
    Column("Device", lambda row: row.device, 80),
    Column("Heartbeat", lambda row: figures.age(row.worker.last_heartbeat_at), 90),
    Column("CPU time", lambda row: figures.duration(row.worker.cpu_seconds), 80, number=True),
    Column("Memory", lambda row: figures.size(row.worker.memory_bytes), 80, number=True),
    Column("Attempt", lambda row: str(row.worker.attempt), 60, number=True),
)
