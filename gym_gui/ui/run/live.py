"""The newest steps and episodes of each worker and agent of a run."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QListWidget, QWidget

from gym_gui.app import STEP_COLUMNS, LiveBuffer, LiveKey, live_episode_columns
from gym_gui.look import figures
from gym_gui.runs import RunSummary
from gym_gui.ui.link import DaemonLink
from gym_gui.ui.live_telemetry import LiveTelemetryController
from gym_gui.ui.parts import below, beside, splitter, timer
from gym_gui.ui.run.part import RunPart
from gym_gui.ui.run.rows import Table, table_of

#: Milliseconds between two looks at what came in; rows that are shown.
_EVERY_MS, _SHOWN = 200, 100


class Live(RunPart):
    """Steps and episodes as they come in; follows the run only while this is seen."""

    def __init__(self, link: DaemonLink, run_id: str, parent: QWidget | None = None) -> None:
        super().__init__(link, run_id, parent)
        self._active = True
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
        self._timer = timer(self, _EVERY_MS, self._draw)
        self.agents.currentRowChanged.connect(lambda _row: self._draw(again=True))

    def show_run(self, run: RunSummary) -> None:
        """Take note of a run as it stands."""
        self._active = not run.state.terminal
        if not self._active and self._timer.isActive():
            self._timer.stop()
            self._draw()
        self._tell()

    def appear(self) -> None:
        """Follow the run."""
        if self._active:
            self.controller.follow(self._run_id)
            self._timer.start()
        self._tell()

    def vanish(self) -> None:
        """Follow it no longer."""
        self._timer.stop()
        if self._active:
            self.controller.leave(self._run_id)
            self.keys = []
            self.agents.clear()

    def _draw(self, *, again: bool = False) -> None:
        found = sorted(key for key in self.controller.buffers.by_key if key.run_id == self._run_id)
        if found != self.keys:
            self._list(found)
        row = self.agents.currentRow()
        if not 0 <= row < len(self.keys):
            return
        key = self.keys[row]
        buffer = self.controller.buffers.by_key[key]
        state = (buffer.step_count, buffer.episode_count)
        if again or state != self._shown:
            self._shown = state
            self.steps.show_rows(list(buffer.steps)[: -_SHOWN - 1 : -1])
            self.episodes.show_rows(list(buffer.episodes)[: -_SHOWN - 1 : -1], live_episode_columns(key.agent_id))
            self._tell(key, buffer)

    def _list(self, keys: list[LiveKey]) -> None:
        """List workers and agents; the chosen one stays."""
        row = self.agents.currentRow()
        chosen = self.keys[row] if 0 <= row < len(self.keys) else None
        self.keys = keys
        self.agents.blockSignals(True)
        self.agents.clear()
        self.agents.addItems([" · ".join(part for part in (key.worker_id, key.agent_id) if part) for key in keys])
        self.agents.setCurrentRow(keys.index(chosen) if chosen in keys else 0)
        self.agents.blockSignals(False)

    def _tell(self, key: LiveKey | None = None, buffer: LiveBuffer | None = None) -> None:
        if key is not None and buffer is not None:
            left_out = self.controller.buffers.left_out.get((key.run_id, key.worker_id), 0)
            steps, episodes = figures.count(buffer.step_count), figures.count(buffer.episode_count)
            text = f"{steps} steps and {episodes} episodes since this is open"
            if left_out:
                text += f"; a sample: {figures.count(left_out)} further steps of this worker are stored, and not shown"
        elif not self._active:
            text = "the run has ended: its steps are under Episodes"
        elif not self.keys:
            text = "waiting for steps …"
        else:
            return
        self.message.setText(text)
