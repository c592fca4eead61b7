"""An episode's pictures, one by one or as a film: played again by the worker's interpreter, or as recorded."""

from __future__ import annotations

import operator
from collections.abc import AsyncIterator

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QSlider, QWidget

from gym_gui.app import replay_text
from gym_gui.core.worker.errors import MosaicError
from gym_gui.reading import ReplayEnd, ReplayFrame, ReplayQuery, ReplayUpdate
from gym_gui.rpc import AsyncTrainerClient
from gym_gui.ui.link import Asked, DaemonLink
from gym_gui.ui.parts import below, beside, button, timer
from gym_gui.ui.run.part import RunPart
from gym_gui.ui.run.picture import PictureView

#: Pictures that are kept, pixels of their longer side, milliseconds between two of a film.
_KEPT, _MAX_SIDE, _FILM_MS = 2000, 480, 33


class Replay(RunPart):
    """Shows an episode's pictures."""

    moved = Signal(int)
    """Another picture is shown: 0 is that of the reset, n that after the n-th step."""

    def __init__(self, link: DaemonLink, run_id: str, parent: QWidget | None = None) -> None:
        super().__init__(link, run_id, parent)
        self._watch = Asked()
        self._episode: int | None = None
        self.frames: dict[int, bytes] = {}
        self.end: ReplayEnd | None = None
        self.picture = PictureView("The environment in this step")
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName("Step")
        self.start, self.play = button("Replay", self._begin), button("Play", self._toggle)
        bar = beside(self.start, self.play, self.slider, wide=self.slider)
        below(self, self.picture, bar, self.message, wide=self.picture, margins=False)
        self._film = timer(self, _FILM_MS, self._next)
        self.slider.valueChanged.connect(self._show)
        self.choose(None, 0)

    def choose(self, episode: int | None, steps: int) -> None:
        """Choose an episode; its pictures are made when they are asked for.

        Args:
            episode: Its row id.
            steps: Its length.
        """
        self._watch.cancel()
        self._episode = episode
        self.frames, self.end = {}, None
        self._film.stop()
        self.play.setText("Play")
        self.play.setEnabled(False)
        self.start.setEnabled(episode is not None)
        self.slider.setRange(0, steps)
        self.slider.setEnabled(False)
        self.picture.show_text("Replay shows what the environment looked like" if episode is not None else "")
        self.message.setText("")

    def show_step(self, number: int) -> None:
        """Show the picture after a step."""
        if self.slider.isEnabled():
            self.slider.setValue(number)

    def _begin(self) -> None:
        if self._episode is None:
            return
        query = ReplayQuery(episode=self._episode, count=_KEPT, max_side=_MAX_SIDE)
        self.start.setEnabled(False)
        self.message.setText("playing the episode again …")

        async def updates(client: AsyncTrainerClient) -> AsyncIterator[list[ReplayUpdate]]:
            async for update in client.replay(self._run_id, query):
                yield [update]

        self._watch = self._link.watch(self, updates, self._take, merge=operator.add, failed=self.fail)

    def _take(self, updates: list[ReplayUpdate]) -> None:
        for update in updates:
            if update.start is not None:
                self.frames = {}
                self.slider.setRange(0, update.start.steps)
            elif update.frame is not None:
                self._add(update.frame)
            elif update.progress is not None and not self.frames:
                self.message.setText(f"{update.progress.done:,} of {update.progress.total:,} steps played again")
            elif update.end is not None:
                self._finish(update.end)

    def _add(self, frame: ReplayFrame) -> None:
        self.frames[frame.number] = frame.data
        if len(self.frames) == 1:
            self.slider.setEnabled(True)
            self.play.setEnabled(True)
            self.slider.setValue(frame.number)
            self._show(frame.number)

    def _finish(self, end: ReplayEnd) -> None:
        self.end = end
        self.message.setText(replay_text(end))
        if self.frames:
            self.slider.setRange(min(self.frames), max(self.frames))
        else:
            self.picture.show_text(replay_text(end))
            self.start.setEnabled(True)

    def _show(self, number: int) -> None:
        data = self.frames.get(number)
        if data is not None:
            self.picture.show_picture(data)
        self.moved.emit(number)

    def _toggle(self) -> None:
        if self._film.isActive():
            self._film.stop()
        else:
            if self.slider.value() >= self.slider.maximum():
                self.slider.setValue(self.slider.minimum())
            self._film.start()
        self.play.setText("Pause" if self._film.isActive() else "Play")

    def _next(self) -> None:
        if self.slider.value() >= self.slider.maximum():
            self._toggle()
        elif self.slider.value() + 1 in self.frames or self.end is not None:
            self.slider.setValue(self.slider.value() + 1)

    def fail(self, error: MosaicError) -> None:
        self.start.setEnabled(True)
        self.message.setText(str(error))
