"""Whether there is a screen that the window can be drawn on, with the libraries of the system that Qt loads for it."""

from __future__ import annotations

import ctypes
import os
import sys

from gym_gui.core.worker.errors import UsageError

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
    missing = missing_x_packages()
    if missing and not os.environ.get("WAYLAND_DISPLAY"):
        raise UsageError(
            "Qt cannot draw on this screen",
            where="this machine",
            why="libraries for X are missing",
            next_step=f"apt install {' '.join(missing)}",
        )


def missing_x_packages() -> list[str]:
    """Return Debian's packages of the missing libraries that Qt needs to draw on an X screen."""
    return [package for library, package in _X_LIBRARIES.items() if not _can_load(library)]


def _can_load(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True
