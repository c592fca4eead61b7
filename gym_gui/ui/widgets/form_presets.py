"""The presets of a form: named values, kept in the home."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from gym_gui.forms import FormSpec, Presets, Values
from gym_gui.ui.link import DaemonLink
from gym_gui.ui.parts import ask_text, without_mnemonics


class PresetButton(QToolButton):
    """Offers a worker's presets, saves and deletes them.

    Args:
        form: The form.
        home: The home that has them.
        link: What reads and writes files off the window's thread.
        values: What is entered.
        parent: As of any widget.
    """

    chosen = Signal(dict)
    """Values to enter."""
    said = Signal(str, bool)
    """What became of it, and whether it failed."""

    def __init__(
        self,
        form: FormSpec,
        home: Path,
        link: DaemonLink,
        values: Callable[[], Values],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._form, self._link, self._values = form, link, values
        self._presets = Presets(home, form.worker)
        self.setText("Presets")
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.entries = QMenu(self)
        self.removals = QMenu("Delete", self.entries)
        self.setMenu(self.entries)
        self._show({})
        self._read()

    def save(self, name: str) -> None:
        """Save what is entered under a name."""
        values = self._values()

        def tell(hidden: list[str]) -> None:
            self.said.emit(f"saved {name}" + (f", without the secrets {', '.join(hidden)}" if hidden else ""), False)
            self._read()

        self._link.run(self, lambda: self._presets.save(self._form, name, values), tell, self._fail)

    def _delete(self, name: str) -> None:
        self._link.run(self, lambda: self._presets.delete(name), lambda _done: self._read(), self._fail)

    def _read(self) -> None:
        self._link.run(self, self._presets.all, self._show, self._fail)

    def _fail(self, error: Exception) -> None:
        self.said.emit(str(error), True)

    def _show(self, presets: dict[str, Values]) -> None:
        self.entries.clear()
        self.removals.clear()
        for name, values in presets.items():
            shown = without_mnemonics(name)
            self.entries.addAction(shown).triggered.connect(lambda _on=False, of=values: self.chosen.emit(of))
            self.removals.addAction(shown).triggered.connect(lambda _on=False, of=name: self._delete(of))
        self.entries.addSeparator()
        self.entries.addAction("Save what is entered…").triggered.connect(self._ask_name)
        self.entries.addMenu(self.removals).setEnabled(bool(presets))
        self.entries.addAction("Clear the form").triggered.connect(lambda: self.chosen.emit({}))

    def _ask_name(self) -> None:
        ask_text(self, "Save preset", "Name:", self.save)
