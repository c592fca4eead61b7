"""The whole path by keyboard alone: choose, fill in, try, train, watch, cancel, evaluate, read the result."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import pytest

from gym_gui.look import figures
from gym_gui.rpc.client import TrainerClient
from gym_gui.runs import RunState

pytestmark = [pytest.mark.process, pytest.mark.timeout(900)]
#: Presses of Tab that lead from anything to anything.
_MOST_TABS = 150
LEARNS = find_spec("torch") is not None and find_spec("cleanrl_worker") is not None


class Keys:
    """Presses keys where the keyboard is.

    Args:
        application: The application.
        until: Lets the window work.
    """

    def __init__(self, application: Any, until: Callable[..., Any]) -> None:
        self._application, self._until = application, until

    @property
    def focused(self) -> Any:
        """The widget that has the keyboard."""
        return self._until(self._application.focusWidget, "something has the keyboard")

    def press(self, key: str, modifier: str = "NoModifier") -> None:
        """Press one key."""
        from PySide6.QtCore import Qt
        from PySide6.QtTest import QTest

        modifiers = getattr(Qt.KeyboardModifier, modifier)
        QTest.keyClick(self._application.activePopupWidget() or self.focused, getattr(Qt.Key, f"Key_{key}"), modifiers)
        self._application.processEvents()

    def type(self, text: str) -> None:
        """Type a text in place of what is there."""
        from PySide6.QtTest import QTest

        self.press("A", "ControlModifier")
        QTest.keyClicks(self.focused, text)

    def go_to(self, name: str) -> None:
        """Press Tab until a control of this name has the keyboard."""
        from PySide6.QtGui import QAccessible

        names = []
        for _ in range(_MOST_TABS):
            interface = QAccessible.queryAccessibleInterface(self.focused)
            names.append(interface.text(QAccessible.Text.Name))
            if names[-1] == name:
                return
            self.press("Tab")
        raise AssertionError(f"Tab does not lead to {name!r}, but to {names}")

    def choose(self, text: str) -> None:
        """Choose an entry of the menu that opens with the next key."""
        from PySide6.QtCore import QTimer

        def choose() -> None:
            menu = self._application.activePopupWidget()
            if menu is None:
                QTimer.singleShot(50, choose)
                return
            for _ in menu.actions():
                self.press("Down")
                if menu.activeAction() is not None and text in menu.activeAction().text():
                    break
            self.press("Return")

        QTimer.singleShot(50, choose)


def visible(root: Any, kind: type) -> Any:
    """Return a widget of a kind that is shown; ``None``: there is none."""
    return next((each for each in root.findChildren(kind) if each.isVisible()), None)


@pytest.fixture
def keys(application: Any, until: Any) -> Keys:
    """The keyboard."""
    return Keys(application, until)


def test_from_the_first_choice_to_the_result(window: Any, client: TrainerClient, keys: Keys, until: Any) -> None:
    from PySide6.QtWidgets import QDialog, QLabel
    from shiboken6 import isValid

    from gym_gui.ui.widgets.worker_form import WorkerForm

    def form_with_the_keyboard() -> Any:
        form = until(lambda: visible(window, WorkerForm), "a form")
        form.activateWindow()
        until(lambda: form.isAncestorOf(keys.focused), "the form has the keyboard")
        return form

    def field(form: Any, name: str, text: str) -> None:
        keys.go_to(form.fields.rows[name].field.label)
        keys.type(text)

    window.activateWindow()
    worker, steps = ("CleanRL", "config.total_timesteps") if LEARNS else ("Random", "config.total_steps")
    until(lambda: [action for action in window.workers.actions() if worker in action.text()], "the workers")
    keys.choose(worker)
    keys.press("N", "ControlModifier")
    form = form_with_the_keyboard()
    field(form, "config.env_id", "CartPole-v1")
    field(form, steps, "30000" if LEARNS else "300000")
    field(form, "seeds", "1-2")
    keys.go_to("Dry run")
    keys.press("Space")
    until(lambda: form.dry_run.text() == "Dry run", "the worker has checked it")
    assert form.message.text() == "dry run: nothing is wrong"
    keys.press("Return", "ControlModifier")
    until(lambda: window.tabs.count() == 2, "both runs are shown")
    window.activateWindow()
    page = window.tabs.currentWidget()
    until(lambda: page.overview.chart.curves, "its curve is drawn")
    points = len(page.overview.chart.curves[0].x)
    until(lambda: len(page.overview.chart.curves[0].x) > points or page.run.state.terminal, "its curve rises")
    keys.go_to("Cancel")
    keys.press("Space")
    until(lambda: page.run.state is RunState.CANCELLED, "it is cancelled")
    keys.go_to("Delete…")
    keys.press("Space")
    dialog = until(lambda: visible(page, QDialog), "the question")
    dialog.activateWindow()
    keys.press("Escape")
    until(lambda: not isValid(dialog), "the question is gone")
    assert client.get(page.run_id).state is RunState.CANCELLED
    window.activateWindow()
    until(lambda: window.tabs.isAncestorOf(keys.focused), "the tab has the keyboard")
    keys.press("Tab", "ControlModifier")
    other = window.tabs.currentWidget()
    assert other is not page
    until(lambda: other.run is not None and other.run.state is RunState.COMPLETED, "the other is completed", 300.0)
    if not LEARNS:
        return
    keys.go_to("Evaluate…")
    keys.press("Space")
    form = form_with_the_keyboard()
    keys.press("Return", "ControlModifier")
    until(lambda: window.tabs.count() == 3, "the evaluation is shown")
    result = window.tabs.currentWidget()
    until(lambda: result.run is not None and result.run.state is RunState.COMPLETED, "it is completed", 300.0)
    assert result.run.evaluation is not None
    assert result.run.parent_run_id == other.run_id
    mean = figures.decimal(result.run.evaluation.mean)
    shown = [label.text() for label in result.findChildren(QLabel) if label.isVisible()]
    assert any(mean in text for text in shown), shown
