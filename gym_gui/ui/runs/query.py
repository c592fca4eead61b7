"""The box for queries, which offers fields and the values that the runs have."""

from __future__ import annotations

import functools
from typing import Any

from PySide6.QtCore import QStringListModel
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QCompleter, QLineEdit, QListView, QWidget

from gym_gui.reading import Page, Search, completions, place_of
from gym_gui.ui.link import DaemonLink

_OFFERED, _VALUES = 40, 200


class QueryBox(QLineEdit):
    """A box for a query.

    Args:
        link: The way to the daemon.
        name: What is searched, for screen readers.
        parent: As of any widget.
    """

    def __init__(self, link: DaemonLink, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._link = link
        self.settings: list[str] = []
        """Names of settings to offer."""
        self._values: dict[str, list[Any]] = {}
        self.offers = QStringListModel(self)
        self._completer = QCompleter(self.offers, self)
        self._completer.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
        self._completer.setWidget(self)
        self.popup = QListView()
        """The offers, while there are some."""
        self._completer.setPopup(self.popup)
        self._completer.activated.connect(self._complete)
        self.setPlaceholderText("Search, e.g. env:CartPole* state:failed return>400")
        self.setClearButtonEnabled(True)
        self.setAccessibleName(name)
        self.textEdited.connect(lambda _text: self._offer())

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802 - as Qt names it
        """Ask again what values there are."""
        self._values.clear()
        super().focusInEvent(event)

    def _offer(self) -> None:
        place = place_of(self.text(), self.cursorPosition())
        if place.asks_values and place.field not in self._values:
            self._values[place.field] = []
            search = Search(group_by=(place.field,), limit=_VALUES)
            take = functools.partial(self._take, place.field)
            self._link.ask(self, lambda client: client.search(search), take, lambda _error: None)
        found = completions(place, self.settings, self._values.get(place.field, ()))[:_OFFERED]
        self.offers.setStringList(found)
        if found and self.hasFocus():
            self._completer.complete()
        else:
            self.popup.hide()

    def _take(self, field: str, page: Page) -> None:
        found = (value for group in page.groups for values in group.key.values() for value in values)
        self._values[field] = list(dict.fromkeys(found))
        if self.hasFocus() and place_of(self.text(), self.cursorPosition()).field == field:
            self._offer()

    def _complete(self, text: str) -> None:
        query, at = self.text(), self.cursorPosition()
        place = place_of(query, at)
        completed, cursor = place.completed(query, at, text)
        self.setText(completed)
        self.setCursorPosition(cursor)
        if not place.field:
            self._offer()
