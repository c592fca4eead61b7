"""A running worker's environment, as it is seen now."""

from __future__ import annotations

import time
from collections import deque

from PySide6.QtWidgets import QSpinBox, QWidget

from gym_gui.app import WAITING_FOR_PICTURES, can_be_watched, frames_text
from gym_gui.core.worker.errors import MosaicError
from gym_gui.reading import FrameSource, Picture, PictureRequest
from gym_gui.ui.link import Asked, DaemonLink
from gym_gui.ui.parts import below, beside, button, choice, offer
from gym_gui.ui.run.part import RunPart
from gym_gui.ui.run.picture import PictureView

#: Pictures per second at most, their width, milliseconds between two looks at the state.
_FPS, _WIDTH, _EVERY_MS = 15.0, 960, 2000


class EnvironmentView(RunPart):
    """Shows the environment while this is seen; the worker takes pictures only then."""

    def __init__(self, link: DaemonLink, run_id: str, parent: QWidget | None = None) -> None:
        super().__init__(link, run_id, parent)
        self._watch = Asked()
        self._sources: dict[str, FrameSource] = {}
        self._times: deque[float] = deque(maxlen=30)
        self._taken = 0.0
        self.worker = choice("Worker", (), self._begin)
        self.layout_choice = choice("Layout", ("grid", "single"))
        self.place = QSpinBox()
        self.place.setPrefix("environment ")
        self.place.setMaximum(9999)
        self.place.setAccessibleName("Which environment")
        self.switch = button("Switch off", lambda: self._ask(on=self.switch.text() == "Switch on"))
        self.picture = PictureView("The environment")
        bar = beside(self.worker, self.layout_choice, self.place, self.switch, self.message, wide=self.message)
        below(self, bar, self.picture)
        self.every(_EVERY_MS, self._look)
        self.layout_choice.activated.connect(lambda _at: self._ask(layout=self.layout_choice.currentText()))
        self.place.editingFinished.connect(lambda: self._ask(place=self.place.value()))
        self._show_controls(None)

    def vanish(self) -> None:
        """Look no longer: the worker stops to take pictures."""
        self._stop()

    def run_ended(self) -> None:
        """See what the workers say of their end."""
        self._asked.cancel()
        self._look()

    def _look(self) -> None:
        """Ask what the workers show."""
        if not self._asked.pending and self.isVisible():
            self._asked = self.ask(lambda client: client.frames(self._run_id), self._take_sources)

    def _take_sources(self, sources: list[FrameSource]) -> None:
        self._sources = {source.worker_id: source for source in sources}
        offer(self.worker, list(self._sources))
        source = self._sources.get(self.worker.currentText())
        self._show_controls(source)
        if not can_be_watched(source):
            self._stop()
        elif not self._watch.pending and source is not None and source.on and self._active:
            self._begin()
        self._tell(source)

    def _show_controls(self, source: FrameSource | None) -> None:
        able = can_be_watched(source) and self._active
        self.worker.setVisible(self.worker.count() > 1)
        self.switch.setVisible(able)
        several = able and source is not None and source.environments > 1
        self.layout_choice.setVisible(several)
        self.place.setVisible(several and source is not None and source.layout == "single")
        if source is not None:
            self.switch.setText("Switch off" if source.on else "Switch on")
            self.layout_choice.setCurrentText(source.layout)
            if not self.place.hasFocus():
                self.place.setValue(source.place)

    def _tell(self, source: FrameSource | None) -> None:
        text = frames_text(source, list(self._times), self._taken)
        self.message.setText(text)
        if self.picture.pixmap.isNull():
            self.picture.show_text(text or (WAITING_FOR_PICTURES if source is not None else ""))

    def _begin(self) -> None:
        """Watch the chosen worker."""
        self._stop()
        if not self.isVisible():
            return
        request = PictureRequest(worker_id=self.worker.currentText(), fps=_FPS, width=_WIDTH)
        self._watch = self._link.watch(
            self, lambda client: client.watch_frames(self._run_id, request), self._show, failed=self.fail
        )

    def _stop(self) -> None:
        self._watch.cancel()
        self._times.clear()

    def _show(self, picture: Picture) -> None:
        if self.picture.show_picture(picture.jpeg):
            self._taken = picture.time
            self._times.append(time.monotonic())

    def _ask(self, *, on: bool | None = None, layout: str | None = None, place: int | None = None) -> None:
        worker = self.worker.currentText()
        self.ask(
            lambda client: client.switch_frames(self._run_id, worker, on=on, layout=layout, place=place),
            self._take_sources,
        )

    def fail(self, error: MosaicError) -> None:
        self._stop()
        self.picture.show_text(str(error))
