"""Whether what a form holds would start now, or what it would wait for."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget

from gym_gui.core.worker.errors import MosaicError
from gym_gui.trainer import Forecast, forecast_in_words
from gym_gui.ui.link import Asked, DaemonLink
from gym_gui.ui.parts import set_tone, timer

#: Milliseconds after the last change of the form, and between two looks.
_PAUSE_MS, _EVERY_MS = 300, 3000


class ForecastLine(QLabel):
    """Says it, and keeps that up to date while it is shown.

    Args:
        link: The way to the daemon.
        parent: As of any widget.
    """

    def __init__(self, link: DaemonLink, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._link = link
        self._configs: list[dict[str, Any]] | None = None
        self._asked = Asked()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self._timer = timer(self, _PAUSE_MS, self._look, single=True)

    def follow(self, configs: list[dict[str, Any]]) -> None:
        """Say it of other configs from now on.

        Args:
            configs: One a run; empty while the form is not valid.
        """
        if configs == self._configs:
            return
        self._configs = configs
        self._asked.cancel()
        self._say("When would it start? …" if configs else "Correct the marked fields to see when it would start.")
        self._timer.stop()
        if configs:
            self._timer.start(_PAUSE_MS)

    def _look(self) -> None:
        configs = self._configs or []
        if not self.isVisible():
            self._timer.start(_EVERY_MS)
            return
        self._asked = self._link.ask(self, lambda client: client.forecast(configs), self._show, self._fail)

    def _show(self, found: list[Forecast]) -> None:
        words = forecast_in_words(found)
        self._say(f"{'●' if all(each.starts for each in found) else '◌'} {words[:1].upper()}{words[1:]}")
        self._timer.start(_EVERY_MS)

    def _fail(self, error: MosaicError) -> None:
        self._say(f"✕ {error}", wrong=True)
        self._timer.start(_EVERY_MS)

    def _say(self, text: str, *, wrong: bool = False) -> None:
        set_tone(self, "problem" if wrong else "muted")
        self.setText(text)
