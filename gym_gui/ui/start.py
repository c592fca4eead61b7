"""Starts the window."""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSocketNotifier
from PySide6.QtWidgets import QApplication

from gym_gui.rpc import Prepare
from gym_gui.ui.link import Connect, DaemonLink
from gym_gui.ui.main_window import MainWindow
from gym_gui.ui.theme import apply_theme, theme_of


def run_window(
    connect: Connect,
    where: str,
    home: Path,
    prepare: Prepare,
    *,
    run: str = "",
    on_shown: Callable[[], None] = lambda: None,
) -> int:
    """Show the window until it is closed.

    Args:
        connect: Connects to the daemon.
        where: Which daemon, for the user.
        home: The home that has the presets of forms.
        prepare: Completes a run config before it is submitted.
        run: A run to open at once, as the user names it.
        on_shown: Called once the window is there.

    Returns:
        The exit code.
    """
    application = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(application, QApplication)
    application.setApplicationName("mosaic")
    application.setApplicationDisplayName("MOSAIC")
    apply_theme(application, theme_of(application))
    application.styleHints().colorSchemeChanged.connect(lambda _scheme: apply_theme(application, theme_of(application)))
    link = DaemonLink(connect)
    window = MainWindow(link, where, home, prepare)
    held = _close_on_interrupt(window)
    window.shown.connect(on_shown)
    window.ready.connect(freeze_garbage)
    window.show()
    window.start()
    if run:
        link.ask(window, lambda client: client.resolve(run), window.open_run, window.show_error)
    code = application.exec()
    del held
    return code


def freeze_garbage() -> None:
    """Take what was made until now out of the garbage collector's rounds: a whole one would block the window.

    So would one here; what it would free is a few objects.
    """
    gc.freeze()


def _close_on_interrupt(window: MainWindow) -> list[Any]:
    """Have Ctrl-C in the terminal close the window; return what has to be kept for it."""
    import socket

    reader, writer = socket.socketpair()
    for end in (reader, writer):
        end.setblocking(False)
    signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    notifier = QSocketNotifier(reader.fileno(), QSocketNotifier.Type.Read)
    notifier.activated.connect(lambda *_: window.close())
    return [reader, writer, notifier]
