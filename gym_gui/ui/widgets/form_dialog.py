"""The dialog of a form: its fields, what they make, and its buttons."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QPlainTextEdit,
    QPushButton,
    QTabBar,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from gym_gui.forms import FormSpec, Mode
from gym_gui.ui.parts import button, label, read_only_text, set_tone, without_mnemonics
from gym_gui.ui.widgets.form_fields import FormFields

#: The tab of a dry run.
_TRIAL = 3


class FormDialog(QDialog):
    """Shows a form, and does nothing.

    Args:
        form: The form.
        verb: What its button starts.
        parent: As of any widget.
    """

    def __init__(self, form: FormSpec, verb: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.form = form
        self.setWindowTitle(f"{verb} {form.title}")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.modes: Sequence[Mode] = self.make_modes()
        self.mode_tabs = QTabBar()
        self.json = read_only_text("Run config as JSON")
        self.command = read_only_text("Equal command", wrap=True)
        self.trial = QWidget()
        """Place for a dry run; its tab is shown with the first one."""
        self.notice = label(tone="notice", wrap=True, selectable=True, hidden=True)
        self.message = label(wrap=True, selectable=True)
        self.dry_run, self.dismiss = QPushButton("Dry run"), QPushButton("Cancel")
        self.start = QPushButton(verb)
        self.start.setDefault(True)
        self.top, self.above_buttons = QHBoxLayout(), QVBoxLayout()
        """Places for more: beside what the form is about, and above the buttons."""
        place = self._lay_out()
        self.fields = FormFields(form, place.parentWidget())
        place.addWidget(self.fields)  # once all that it is within has its place: its style is found once

    def focusNextPrevChild(self, forward: bool) -> bool:  # noqa: N802 - as Qt names it
        """Let Tab go from the top through the fields to the buttons; fields are made late, and in any order."""
        items = [self.top.itemAt(at) for at in range(1, self.top.count())]
        texts = [
            self.json,
            self.command,
            *self.trial.findChildren(QPushButton),
            *self.trial.findChildren(QPlainTextEdit),
        ]
        pages = [self._tabs.tabBar(), self.mode_tabs, *self.fields.focus_order(), *texts]
        buttons = [self._copy, self.dry_run, self.dismiss, self.start]
        order = [*(item.widget() for item in items if item is not None), *pages, *buttons]
        shown = [each for each in order if each is not None and each.isVisible() and each.isEnabled()]
        now = self.focusWidget()
        at = shown.index(now) if now in shown else -1 if forward else 0
        reason = Qt.FocusReason.TabFocusReason if forward else Qt.FocusReason.BacktabFocusReason
        following = shown[(at + (1 if forward else -1)) % len(shown)]
        following.setFocus(reason)
        if self.fields.isAncestorOf(following):
            self.fields.ensureWidgetVisible(following)
        return True

    def make_modes(self) -> Sequence[Mode]:
        """Return the modes that :attr:`form` has as tabs above its fields; here none."""
        return ()

    @property
    def mode(self) -> Mode | None:
        """The mode that is chosen; ``None``: the form has none."""
        return self.modes[self.mode_tabs.currentIndex()] if self.modes else None

    def warn(self, text: str) -> None:
        """Say something above the fields that stays there."""
        self.notice.setText(text)
        self.notice.show()

    def show_trial(self, *, shown: bool) -> None:
        """Show the place of a dry run, or the fields again."""
        if shown:
            self._tabs.setTabVisible(_TRIAL, True)
        self._tabs.setCurrentIndex(_TRIAL if shown else 0)

    def say(self, text: str, *, wrong: bool = False) -> None:
        """Say something beside the buttons."""
        set_tone(self.message, "problem" if wrong else "muted")
        self.message.setText(text)

    def _lay_out(self) -> QVBoxLayout:
        """Put everything in its place; return that of the fields."""
        self.top.addWidget(label(self.form.about, tone="muted", wrap=True), 1)
        bottom = QHBoxLayout()
        self._copy = button("Copy command", lambda: QGuiApplication.clipboard().setText(self.command.toPlainText()))
        bottom.addWidget(self.message, 1)
        for press in (self._copy, self.dry_run, self.dismiss, self.start):
            press.setAutoDefault(press is self.start)
            bottom.addWidget(press)
        self._tabs, page = QTabWidget(), QWidget()
        layout = QVBoxLayout(self)
        layout.addLayout(self.top)
        layout.addWidget(self.notice)
        layout.addWidget(self._tabs, 1)
        layout.addLayout(self.above_buttons)
        layout.addLayout(bottom)
        tabs = ((page, "Form"), (self.json, "JSON"), (self.command, "Command"), (self.trial, "Dry run"))
        for each, title in tabs:
            self._tabs.addTab(each, title)
        self._tabs.setTabVisible(_TRIAL, False)
        for mode in self.modes:
            self.mode_tabs.addTab(without_mnemonics(mode.title))
        self.mode_tabs.setAccessibleName("Mode of the form")
        self.mode_tabs.setDrawBase(False)
        self.mode_tabs.setExpanding(False)
        self.mode_tabs.setVisible(bool(self.modes))
        inner = QVBoxLayout(page)
        inner.setContentsMargins(0, 4, 0, 0)
        inner.addWidget(self.mode_tabs)
        room = self.screen().availableGeometry().size() if self.screen() else self.maximumSize()
        self.resize(min(860, room.width() - 40), min(700, room.height() - 60))
        return inner
