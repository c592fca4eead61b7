"""The newest steps and episodes of each worker and agent of a run."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QListWidget, QSplitter, QVBoxLayout, QWidget

from gym_gui.look import figures
from gym_gui.runs import RunSummary
from gym_gui.ui.link import DaemonLink
from gym_gui.ui.live_buffers import LiveBuffer, LiveKey, return_in
from gym_gui.ui.live_telemetry import LiveTelemetryController
from gym_gui.ui.parts import label, table
from gym_gui.ui.run.episodes import STEP_COLUMNS, ending, number
from gym_gui.ui.run.rows import Column, Table

#: Milliseconds between two looks at what came in; rows that are shown.
_EVERY_MS, _SHOWN = 200, 100


class Live(QWidget):
    """Steps and episodes as they come in; follows the run only while this is seen.

    Args:
        link: The way to the daemon.
        run_id: The run.
        parent: As of any widget.
    """

    def __init__(self, link: DaemonLink, run_id: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._run_id = run_id
        self._active = True
        self._shown = (-1, -1)
        self.controller = LiveTelemetryController(link, self)
        self.keys: list[LiveKey] = []
        self.agents = QListWidget()
        self.agents.setAccessibleName("Workers and agents")
        self.agents.setMaximumWidth(200)
        self.message = label(tone="muted", wrap=True)
        self.steps: Table[Any] = Table(STEP_COLUMNS, self)
        self.episodes: Table[Any] = Table(_episode_columns(""), self)
        right = QSplitter(Qt.Orientation.Vertical)
        for model, columns, name in (
            (self.episodes, _episode_columns(""), "Newest episodes"),
            (self.steps, STEP_COLUMNS, "Newest steps"),
        ):
            view = table(model, name)
            view.horizontalHeader().setStretchLastSection(True)
            for at, column in enumerate(columns):
                view.setColumnWidth(at, column.width)
            right.addWidget(view)
        inner = QHBoxLayout()
        inner.addWidget(self.agents)
        inner.addWidget(right, 1)
        layout = QVBoxLayout(self)
        layout.addWidget(self.message)
        layout.addLayout(inner, 1)
        self._timer = QTimer(self)
        self._timer.setInterval(_EVERY_MS)
        self._timer.timeout.connect(self._draw)
        self.agents.currentRowChanged.connect(lambda _row: self._draw(anew=True))

    def show_run(self, run: RunSummary) -> None:
        """Take note of a run as it stands."""
        self._active = not run.state.terminal
        if not self._active and self._timer.isActive():
            self._timer.stop()
            self._draw()
        self._tell()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - as Qt names it
        """Follow the run."""
        super().showEvent(event)
        if self._active:
            self.controller.follow(self._run_id)
            self._timer.start()
        self._tell()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - as Qt names it
        """Follow it no longer."""
        super().hideEvent(event)
        self._timer.stop()
        if self._active:
            self.controller.leave(self._run_id)
            self.keys = []
            self.agents.clear()

    def _draw(self, *, anew: bool = False) -> None:
        found = sorted(key for key in self.controller.buffers.by_key if key.run_id == self._run_id)
        if found != self.keys:
            self._list(found)
        row = self.agents.currentRow()
        if not 0 <= row < len(self.keys):
            return
        key = self.keys[row]
        buffer = self.controller.buffers.by_key[key]
        state = (buffer.step_count, buffer.episode_count)
        if anew or state != self._shown:
            self._shown = state
            self.steps.show_rows(list(buffer.steps)[: -_SHOWN - 1 : -1])
            self.episodes.show_rows(list(buffer.episodes)[: -_SHOWN - 1 : -1], _episode_columns(key.agent_id))
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


def _episode_columns(agent_id: str) -> tuple[Column, ...]:
    return (
        Column("Episode", lambda row: str(row.ep_index), 80, number=True),
        Column("Return", lambda row: number(return_in(row, agent_id)), number=True),
        Column("Steps", lambda row: figures.count(row.steps), 80, number=True),
        Column("End", lambda row: ending(row.terminated, row.truncated)),
        Column("Phase", lambda row: row.phase, 60),
    )
