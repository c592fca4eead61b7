"""Whether the window can be shown: the extra ``gui``, the libraries that Qt loads, and a screen."""

from __future__ import annotations

import ctypes
import importlib
import os
import sys

from gym_gui.app import check_extra
from gym_gui.core.worker.errors import UsageError

#: Debian's packages with the libraries that Qt loads.
SYSTEM_PACKAGES = "libegl1 libgl1 libxkbcommon0 libdbus-1-3 libfontconfig1"
_NEEDED = {"PySide6": "PySide6-Essentials", "pyqtgraph": "pyqtgraph"}
#: What Qt needs to draw on an X screen, by Debian's package: without one of them it aborts the process.
_X_LIBRARIES = {
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}


def check_installed() -> None:
    """Make sure that Qt and pyqtgraph are installed and can be loaded.

    Raises:
        UsageError: One is missing, or a library of the system that Qt needs; with the command that installs it.
    """
    check_extra("the window", "gui", _NEEDED)
    try:
        importlib.import_module("PySide6.QtWidgets")
    except ImportError as error:
        raise UsageError(
            "Qt cannot be loaded", where="this machine", why=str(error), next_step=f"apt install {SYSTEM_PACKAGES}"
        ) from None


def check_screen() -> None:
    """Make sure that there is a screen to draw on.

    Raises:
        UsageError: There is none, or a library of the system is missing without which Qt would abort the process.
    """
    if not sys.platform.startswith("linux") or os.environ.get("QT_QPA_PLATFORM"):
        return
    if not os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY"):
        raise UsageError(
            "there is no screen for the window",
            where="this session",
            why="neither DISPLAY nor WAYLAND_DISPLAY is set",
            next_step="see the runs in a browser: mosaic web; or log in with ssh -X",
        )
    missing = [package for library, package in _X_LIBRARIES.items() if not _can_load(library)]
    if missing and not os.environ.get("WAYLAND_DISPLAY"):
        raise UsageError(
            "Qt cannot draw on this screen",
            where="this machine",
            why="libraries for X are missing",
            next_step=f"apt install {' '.join(missing)}",
        )


def _can_load(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True
