"""Docks of the window: closed at first, made when they are first opened."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QDockWidget, QMainWindow, QWidget

from gym_gui.ui.link import DaemonLink
from gym_gui.ui.parts import scroll_area


def add_docks(
    window: QMainWindow, link: DaemonLink, train: Callable[[str], object], open_run: Callable[[str], object]
) -> list[QAction]:
    """Add the docks to a window; return the actions that open and close them.

    Args:
        window: The window.
        link: The way to the daemon.
        train: Begins to train with a worker.
        open_run: Shows a run.
    """

    def workers() -> QWidget:
        from gym_gui.ui.docks.workers import WorkersPanel

        panel = WorkersPanel(link)
        panel.chosen.connect(train)
        return panel

    def daemon() -> QWidget:
        from gym_gui.ui.docks.daemon import DaemonPanel

        panel = DaemonPanel(link)
        panel.opened.connect(open_run)
        return panel

    docks = [_dock(window, "Workers", "Ctrl+Shift+W", workers), _dock(window, "Daemon", "Ctrl+Shift+D", daemon)]
    return [dock.toggleViewAction() for dock in docks]


def _dock(window: QMainWindow, title: str, key: str, make: Callable[[], QWidget]) -> QDockWidget:
    dock = QDockWidget(title, window)
    dock.setObjectName(title)
    window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
    dock.hide()

    def fill(shown: bool) -> None:
        if shown and dock.widget() is None:
            area = scroll_area(make(), title)
            dock.setWidget(area)
            area.show()

    dock.visibilityChanged.connect(fill)
    action = dock.toggleViewAction()
    action.setShortcut(QKeySequence(key))
    window.addAction(action)
    return dock
