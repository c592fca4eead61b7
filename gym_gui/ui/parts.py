"""Widgets as the window has them everywhere."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Sequence
from itertools import zip_longest
from typing import Any, Literal

from PySide6.QtCore import QAbstractItemModel, QSignalBlocker, Qt, QTimer
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QInputDialog,
    QLabel,
    QLayout,
    QLineEdit,
    QMenu,
    QMessageBox,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QSplitter,
    QTableView,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gym_gui.ui.theme import fixed_font

Tone = Literal["", "muted", "problem", "title", "notice"]


def tip(text: str) -> str:
    """Return a text as a tool tip that shows it as it is: Qt takes what looks like HTML for HTML."""
    return f"<qt>{html.escape(text)}</qt>".replace("\n", "<br>") if text else ""


def without_mnemonics(text: str) -> str:
    """Return a text for a tab or an action, in which Qt takes ``&`` for a mark of its own."""
    return text.replace("&", "&&")


def label(
    text: str = "", *, tone: Tone = "", wrap: bool = False, selectable: bool = False, hidden: bool = False
) -> QLabel:
    """Return a label.

    Args:
        text: What it shows: as it is, never as HTML.
        tone: How it looks.
        wrap: It breaks its lines.
        selectable: Its text can be selected with the mouse.
        hidden: It is not shown yet.
    """
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setProperty("tone", tone)
    made.setWordWrap(wrap)
    if selectable:
        made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    if hidden:
        made.hide()
    return made


def set_tone(widget: QLabel, tone: Tone) -> None:
    """Give a label another look."""
    if widget.property("tone") != tone:
        widget.setProperty("tone", tone)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


def read_only_text(name: str, *, wrap: bool = False) -> QPlainTextEdit:
    """Return a text of one width that cannot be edited.

    Args:
        name: What it is, for screen readers.
        wrap: It breaks its lines.
    """
    made = QPlainTextEdit()
    made.setReadOnly(True)
    made.setAccessibleName(name)
    made.setFont(fixed_font(QApplication.font()))
    if not wrap:
        made.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
    return made


def choice(name: str, entries: Iterable[str], changed: Callable[[], object] | None = None) -> QComboBox:
    """Return a box to choose from.

    Args:
        name: What is chosen, for screen readers.
        entries: What there is.
        changed: Called when another entry is chosen.
    """
    made = QComboBox()
    made.setAccessibleName(name)
    made.addItems(list(entries))
    if changed is not None:
        made.currentTextChanged.connect(lambda _text: changed())
    return made


def offer(box: QComboBox, texts: Sequence[str], values: Sequence[Any] = (), chosen: Any = None) -> None:
    """Offer other entries in a box, which says nothing of it; a choice of one is hidden.

    Args:
        box: The box.
        texts: What is shown.
        values: What each stands for.
        chosen: The value of the entry that is chosen then; by default that of the first.
    """
    if [box.itemText(at) for at in range(box.count())] != list(texts):
        with QSignalBlocker(box):
            box.clear()
            for text, value in zip_longest(texts, values):
                box.addItem(text, value)
            box.setCurrentIndex(list(values).index(chosen) if chosen in values else 0)
        box.setVisible(len(texts) > 1)


def button(text: str, press: Callable[[], object]) -> QPushButton:
    """Return a button.

    Args:
        text: What stands on it.
        press: What it does.
    """
    made = QPushButton(text)
    made.clicked.connect(lambda: press())
    return made


def table(model: QAbstractItemModel, name: str, *, several: bool = False) -> QTableView:
    """Return a table of whole rows.

    Args:
        model: Its rows.
        name: What they are, for screen readers.
        several: Several can be selected at once.
    """
    made = QTableView()
    made.setAccessibleName(name)
    made.setModel(model)
    made.setShowGrid(False)
    made.setWordWrap(False)
    made.setTabKeyNavigation(False)
    mode = QAbstractItemView.SelectionMode
    made.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    made.setSelectionMode(mode.ExtendedSelection if several else mode.SingleSelection)
    made.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    made.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    made.verticalHeader().hide()
    made.verticalHeader().setDefaultSectionSize(28)
    made.horizontalHeader().setHighlightSections(False)
    made.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    return made


def timer(owner: QWidget, interval_ms: int, call: Callable[[], object], *, single: bool = False) -> QTimer:
    """Return a timer that is not started yet.

    Args:
        owner: It ends with this.
        interval_ms: Milliseconds.
        call: What is called.
        single: It is called once.
    """
    made = QTimer(owner)
    made.setInterval(interval_ms)
    made.setSingleShot(single)
    made.timeout.connect(lambda: call())
    return made


def menu_button(text: str, menu: QMenu, key: str = "") -> QToolButton:
    """Return a button that opens a menu, also by a key."""
    made = QToolButton()
    made.setText(text)
    made.setMenu(menu)
    made.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
    made.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    if key:
        made.setShortcut(QKeySequence(key))
    return made


def ask_text(
    owner: QWidget, title: str, what: str, then: Callable[[str], object], text: str = "", choices: Sequence[str] = ()
) -> None:
    """Ask for a text in a dialog.

    Args:
        owner: What the dialog belongs to.
        title: Its title.
        what: What is asked for.
        then: Gets the text, unless the dialog is dismissed.
        text: What stands there at first.
        choices: Texts to choose from; another one can be written.
    """
    dialog = QInputDialog(owner)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setWindowTitle(title)
    dialog.setLabelText(what)
    dialog.setTextValue(text)
    if choices:
        dialog.setComboBoxItems(list(choices))
        dialog.setComboBoxEditable(True)
    dialog.textValueSelected.connect(then)
    dialog.open()


def warning(owner: QWidget, title: str, text: str, details: str) -> QMessageBox:
    """Return a warning that is not shown yet, as plain text, with a button that closes it.

    Args:
        owner: What it belongs to.
        title: Its title.
        text: What happened, or is about to.
        details: What else there is to know.
    """
    box = QMessageBox(QMessageBox.Icon.Warning, title, text, QMessageBox.StandardButton.Ok, owner)
    box.setInformativeText(details)
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    return box


def scroll_area(inner: QWidget, name: str, area: QScrollArea | None = None) -> QScrollArea:
    """Return a widget that scrolls up and down.

    Args:
        inner: What is in it.
        name: What it is, for screen readers.
        area: What scrolls it; by default something new.
    """
    made = area if area is not None else QScrollArea()
    made.setAccessibleName(name)
    made.setWidgetResizable(True)
    made.setFrameShape(QFrame.Shape.NoFrame)
    made.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    made.setWidget(inner)
    return made


def entry(hint: str, name: str, changed: Callable[[], object] | None = None) -> QLineEdit:
    """Return a line to write in, with a button that clears it.

    Args:
        hint: What stands in it while it is empty.
        name: What is written, for screen readers.
        changed: Called with each change.
    """
    made = QLineEdit()
    made.setPlaceholderText(hint)
    made.setClearButtonEnabled(True)
    made.setAccessibleName(name)
    if changed is not None:
        made.textChanged.connect(lambda _text: changed())
    return made


def beside(*widgets: QWidget, wide: QWidget | None = None) -> QHBoxLayout:
    """Return widgets beside each other.

    Args:
        widgets: From the left.
        wide: The one that takes what is left; without it, that stays empty.
    """
    made = QHBoxLayout()
    for widget in widgets:
        made.addWidget(widget, int(widget is wide))
    if wide is None:
        made.addStretch(1)
    return made


def below(owner: QWidget, *parts: QWidget | QLayout, wide: QWidget | None = None, margins: bool = True) -> None:
    """Lay a widget's parts out below each other.

    Args:
        owner: The widget.
        parts: From above.
        wide: The one that takes what is left; without it, the last.
        margins: It has a margin.
    """
    made = QVBoxLayout(owner)
    for part in parts:
        share = int(part is (wide or parts[-1]))
        if isinstance(part, QLayout):
            made.addLayout(part, share)
        else:
            made.addWidget(part, share)
    if not margins:
        made.setContentsMargins(0, 0, 0, 0)


def splitter(orientation: Qt.Orientation, *widgets: QWidget, shares: Sequence[int] = ()) -> QSplitter:
    """Return widgets between which the user moves the border.

    Args:
        orientation: How they follow each other.
        widgets: From the left, or from above.
        shares: Of what is left.
    """
    made = QSplitter(orientation)
    for widget in widgets:
        made.addWidget(widget)
    for at, share in enumerate(shares):
        made.setStretchFactor(at, share)
    return made
