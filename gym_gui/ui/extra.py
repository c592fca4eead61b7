"""Whether the extra ``gui`` is installed, with the libraries that Qt loads."""

from __future__ import annotations

import importlib

from gym_gui.app import check_extra
from gym_gui.core.worker.errors import UsageError

#: Debian's packages with the libraries that Qt loads.
SYSTEM_PACKAGES = "libegl1 libgl1 libxkbcommon0 libdbus-1-3 libfontconfig1"
_NEEDED = {"PySide6": "PySide6-Essentials", "pyqtgraph": "pyqtgraph"}


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
