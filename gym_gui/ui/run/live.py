"""The newest steps and episodes of each worker and agent of a run."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QListWidget, QWidget

from gym_gui.app import STEP_COLUMNS, LiveKey, live_episode_columns
from gym_gui.runs import RunSummary
from gym_gui.ui.link import DaemonLink
from gym_gui.ui.live_telemetry import LiveTelemetryController
from gym_gui.ui.parts import below, beside, splitter
from gym_gui.ui.run.part import RunPart
from gym_gui.ui.run.rows import Table, table_of

#: Milliseconds between two looks at what came in; rows that are shown.
_EVERY_MS, _SHOWN = 200, 100


class Live(RunPart):
    """Steps and episodes as they come in; follows the run only while this is seen."""

    def __init__(self, link: DaemonLink, run_id: str, parent: QWidget | None = None) -> None:
        super().__init__(link, run_id, parent)
        self._shown = (-1, -1)
        self.controller = LiveTelemetryController(link, self)
        self.keys: list[LiveKey] = []
        self.agents = QListWidget()
        self.agents.setAccessibleName("Workers and agents")
        self.agents.setMaximumWidth(200)
        self.steps: Table[Any] = Table(STEP_COLUMNS, self)
        self.episodes: Table[Any] = Table(live_episode_columns(""), self)
        tables = table_of(self.episodes, "Newest episodes"), table_of(self.steps, "Newest steps")
        right = splitter(Qt.Orientation.Vertical, *tables)
        inner = beside(self.agents, right, wide=right)
        below(self, self.message, inner)
        self.every(_EVERY_MS, self._draw)
        self.agents.currentRowChanged.connect(lambda _row: self._draw(again=True))

    def show_run(self, run: RunSummary) -> None:
        """Take note of a run as it stands."""
        super().show_run(run)
        self._tell()

    def run_ended(self) -> None:
        """Show the last rows."""
        self._draw()

    def appear(self) -> None:
        """Follow the run."""
        if self._active:
            self.controller.follow(self._run_id)
        self._tell()

    def vanish(self) -> None:
        """Follow it no longer."""
        if self._active:
            self.controller.leave(self._run_id)
            self.keys = []
            self.agents.clear()

    def _draw(self, *, again: bool = False) -> None:
        found = sorted(key for key in self.controller.buffers.by_key if key.run_id == self._run_id)
        if found != self.keys:
            self._list(found)
        key = self._chosen()
        if key is None:
            return
        buffer = self.controller.buffers.by_key[key]
        state = (buffer.step_count, buffer.episode_count)
        if again or state != self._shown:
            self._shown = state
            self.steps.show_rows(list(buffer.steps)[: -_SHOWN - 1 : -1])
            self.episodes.show_rows(list(buffer.episodes)[: -_SHOWN - 1 : -1], live_episode_columns(key.agent_id))
            self.message.setText(self.controller.buffers.text(key))

    def _list(self, keys: list[LiveKey]) -> None:
        """List workers and agents; the chosen one stays."""
        chosen = self._chosen()
        self.keys = keys
        self.agents.blockSignals(True)
        self.agents.clear()
        self.agents.addItems([key.title for key in keys])
        self.agents.setCurrentRow(keys.index(chosen) if chosen in keys else 0)
        self.agents.blockSignals(False)

    def _chosen(self) -> LiveKey | None:
        row = self.agents.currentRow()
        return self.keys[row] if 0 <= row < len(self.keys) else None

    def _tell(self) -> None:
        if not self._active:
            self.message.setText("the run has ended: its steps are under Episodes")
        elif not self.keys:
            self.message.setText("waiting for steps …")
