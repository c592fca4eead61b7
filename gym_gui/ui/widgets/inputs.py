"""One input for each kind of field; an untouched one holds nothing, and shows what it stands for."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, UnsetType
from PySide6.QtCore import QEvent, QObject, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent, QWheelEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QCompleter,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QToolButton,
    QWidget,
)

from gym_gui.forms import Default, Field, chosen_values, read_typed, stepped, written
from gym_gui.ui.parts import label, tip, without_mnemonics

#: Kinds whose empty text is a value of its own.
_TEXTS = ("text", "path", "secret")
_NULL_SHOWN = "null"
#: Pixels that boxes of several choices may take beside each other, and those of a box without its text.
_BOXES, _BOX = 400, 40


class Input(QWidget):
    """An input.

    Args:
        field: The field.
        parent: As of any widget.
    """

    changed = Signal()

    def __init__(self, field: Field, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.field = field
        self._layout = QHBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(4)

    def value(self) -> Any | UnsetType:
        """Return what was entered; ``UNSET``: the field is untouched."""
        raise NotImplementedError

    def set_value(self, value: Any | UnsetType) -> None:
        """Enter a value; ``UNSET`` leaves the field untouched."""
        raise NotImplementedError

    def show_default(self, default: Default) -> None:
        """Show what the field stands for while it is untouched or null."""
        raise NotImplementedError

    def parts(self) -> list[QWidget]:
        """Return what the cursor goes through within it."""
        parts = [each for each in self.children() if isinstance(each, QWidget)]
        return [each for each in parts if each.focusPolicy() != Qt.FocusPolicy.NoFocus]

    def _hold(self, widget: QWidget) -> None:
        self._layout.addWidget(widget, 1)
        self.setFocusProxy(widget)
        widget.setAccessibleName(self.field.label)
        widget.setAccessibleDescription(self.field.help)
        widget.setToolTip(tip(self.field.about()))


class LineInput(Input):
    """Text, a number, a list, seeds: whatever is written in one line."""

    def __init__(self, field: Field, parent: QWidget | None = None) -> None:
        super().__init__(field, parent)
        self._null = False
        self._empty = False
        self.edit = QLineEdit()
        if field.kind == "secret":
            self.edit.setEchoMode(QLineEdit.EchoMode.Password)
        self._offer([str(value) for value in field.suggestions])
        self._hold(self.edit)
        if field.kind == "path":
            button = QToolButton()
            button.setText("…")
            button.setToolTip("Choose a file")
            button.setAccessibleName(f"Choose a file for {field.label}")
            button.clicked.connect(self._choose)
            self._layout.addWidget(button)
        if field.nullable and field.default is not None:
            self._add_action("Set to null", self._set_null)
        if field.kind in _TEXTS and field.default not in ("", UNSET, None):
            self._add_action("Set to empty text", self._set_empty)
        self.edit.textEdited.connect(self._edited)
        if field.step is not None:
            self.edit.installEventFilter(self)

    def value(self) -> Any | UnsetType:
        """Return what was entered, as text; numbers are read by the form."""
        if self._null:
            return None
        text = self.edit.text()
        return text if text or self._empty else UNSET

    def set_value(self, value: Any | UnsetType) -> None:
        """Enter a value."""
        self._null, self._empty = value is None, value == ""
        self.edit.setText(written(value))

    def show_default(self, default: Default) -> None:
        """Show what an untouched field stands for as a placeholder."""
        empty = "empty text" if self._empty else default.text
        self.edit.setPlaceholderText(f"{_NULL_SHOWN} ({empty})" if self._null and empty != _NULL_SHOWN else empty)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - as Qt names it
        """Let the arrow keys change a number."""
        pressed = event.key() if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress else None
        if pressed in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self.edit.setText(stepped(self.field, self.edit.text(), up=pressed == Qt.Key.Key_Up))
            self._edited("")
            return True
        return super().eventFilter(watched, event)

    def offer(self, values: list[str]) -> None:
        """Offer values, where the field names none itself."""
        if not self.field.suggestions:
            self._offer(values)

    def _offer(self, values: list[str]) -> None:
        if not values:
            return
        completer = QCompleter(values, self)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.activated.connect(lambda _text: self._edited(""))
        self.edit.setCompleter(completer)

    def _add_action(self, text: str, act: Any) -> None:
        action = QAction(text, self.edit)
        action.triggered.connect(act)
        self.edit.addAction(action)
        self.edit.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)

    def _edited(self, _text: str) -> None:
        self._null = self._empty = False
        self.changed.emit()

    def _set_null(self) -> None:
        self.set_value(None)
        self.changed.emit()

    def _set_empty(self) -> None:
        self.set_value("")
        self.changed.emit()

    def _choose(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, self.field.label)
        if path:
            self.set_value(path)
            self.changed.emit()


class TextInput(Input):
    """Text of several lines, or JSON."""

    def __init__(self, field: Field, parent: QWidget | None = None) -> None:
        super().__init__(field, parent)
        self._null = False
        self.edit = QPlainTextEdit()
        self.edit.setTabChangesFocus(True)
        self.edit.setFixedHeight(60)
        self._hold(self.edit)
        self.edit.textChanged.connect(self._edited)

    def value(self) -> Any | UnsetType:
        """Return what was entered, as text."""
        text = self.edit.toPlainText()
        return text if text else None if self._null else UNSET

    def set_value(self, value: Any | UnsetType) -> None:
        """Enter a value."""
        self._null = value is None
        with QSignalBlocker(self.edit):
            self.edit.setPlainText(written(value, indent=1))

    def show_default(self, default: Default) -> None:
        """Show what an untouched field stands for as a placeholder."""
        self.edit.setPlaceholderText(default.text)

    def _edited(self) -> None:
        self._null = False
        self.changed.emit()


class ChoiceInput(Input):
    """One of several values; the first entry leaves the field untouched."""

    def __init__(self, field: Field, parent: QWidget | None = None) -> None:
        super().__init__(field, parent)
        self.box = QComboBox()
        self.box.addItem("")
        self._values: list[Any] = [UNSET]
        self._left: list[Any] | None = []
        self.narrow(None)
        self.box.installEventFilter(self)
        self._hold(self.box)
        self.box.activated.connect(lambda _at: self.changed.emit())

    def narrow(self, choices: list[Any] | None) -> None:
        """Offer some of the choices alone, and what is chosen; ``None``: all."""
        if choices == self._left:
            return
        self._left, chosen = choices, self.value()
        while self.box.count() > 1:
            self.box.removeItem(1)
        del self._values[1:]
        for value, text in self.field.options():
            if choices is None or value in choices:
                self._values.append(value)
                self.box.addItem(text)
        self.set_value(chosen)

    def value(self) -> Any | UnsetType:
        """Return the chosen value."""
        return self._values[self.box.currentIndex()]

    def set_value(self, value: Any | UnsetType) -> None:
        """Choose a value; one that is no choice is added, for the form to say what is wrong with it."""
        for at, known in enumerate(self._values):
            if known is value or (type(known) is type(value) and known == value):
                self.box.setCurrentIndex(at)
                return
        self._values.append(value)
        self.box.addItem(str(value))
        self.box.setCurrentIndex(len(self._values) - 1)

    def show_default(self, default: Default) -> None:
        """Show what an untouched field stands for as the first entry."""
        self.box.setItemText(0, default.text or "not set")

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - as Qt names it
        """Let the wheel scroll the form, not change what was chosen."""
        if isinstance(event, QWheelEvent):
            event.ignore()
            return True
        return super().eventFilter(watched, event)


class MultiInput(Input):
    """Any of several values, each with a box; an untouched field shows the boxes of its default."""

    def __init__(self, field: Field, parent: QWidget | None = None) -> None:
        super().__init__(field, parent)
        self._given: Any = UNSET
        self._default: list[Any] = []
        self.boxes: list[QCheckBox] = []
        self._values: list[Any] = []
        widest = max(self.fontMetrics().horizontalAdvance(str(choice)) for choice in field.choices)
        self._beside = max(_BOXES // (widest + _BOX), 1)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(16)
        self._layout.addLayout(self._grid)
        self._layout.addStretch(1)
        self.standing = label(tone="muted")
        self._layout.addWidget(self.standing)
        self.null, self.reset = self._button("null", "Send null", None), self._button("↺", "Back to the default", UNSET)
        self.null.setVisible(field.nullable and field.default is not None)
        self._show_boxes()

    def value(self) -> Any | UnsetType:
        """Return the values whose boxes are checked."""
        return self._given

    def set_value(self, value: Any | UnsetType) -> None:
        """Check the boxes of values; those that are no choice get a box, for the form to say what is wrong."""
        self._given = read_typed(self.field, value)
        self._show_boxes()

    def show_default(self, default: Default) -> None:
        """Check the boxes of what the field stands for while it is untouched or null."""
        self._default = default.value if isinstance(default.value, list) else []
        self.standing.setText(default.text if self._given is UNSET or self._given is None else "")
        self._show_boxes()

    def _show_boxes(self) -> None:
        given = chosen_values(self.field, self._given, self._default)
        for value in [*self.field.choices, *given]:
            if value not in self._values:
                self._add(value)
        for box, value in zip(self.boxes, self._values, strict=True):
            box.setChecked(value in given)
        self.reset.setEnabled(self._given is not UNSET)

    def _add(self, value: Any) -> None:
        box = QCheckBox(without_mnemonics(str(value)))
        box.setAccessibleName(f"{self.field.label}: {value}")
        box.setToolTip(tip(self.field.about()))
        box.clicked.connect(self._take)
        self._grid.addWidget(box, *divmod(len(self.boxes), self._beside))
        self._values.append(value)
        self.boxes.append(box)
        if len(self.boxes) == 1:
            self.setFocusProxy(box)

    def _take(self) -> None:
        self._give([value for box, value in zip(self.boxes, self._values, strict=True) if box.isChecked()])

    def _give(self, value: Any | UnsetType) -> None:
        self.set_value(value)
        self.changed.emit()

    def _button(self, text: str, about: str, value: Any | UnsetType) -> QToolButton:
        made = QToolButton()
        made.setText(text)
        made.setToolTip(about)
        made.setAccessibleName(f"{self.field.label}: {about}")
        made.clicked.connect(lambda: self._give(value))
        self._layout.addWidget(made)
        return made


def input_for(field: Field, parent: QWidget | None = None) -> Input:
    """Return the input that suits a field."""
    if field.kind in ("choice", "switch"):
        return ChoiceInput(field, parent)
    if field.kind == "multi" and field.choices:
        return MultiInput(field, parent)
    if field.kind == "json" or field.multiline:
        return TextInput(field, parent)
    return LineInput(field, parent)
