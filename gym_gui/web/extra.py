"""Whether the extra ``web`` is installed."""

from __future__ import annotations

import shlex
import sys
from importlib.util import find_spec

from gym_gui.core.worker.errors import UsageError


def check_installed() -> None:
    """Make sure that FastAPI and uvicorn are installed.

    Raises:
        UsageError: One is missing; with the command that installs it.
    """
    missing = [name for name in ("fastapi", "uvicorn") if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"the dashboard needs {' and '.join(missing)}",
            where="this Python environment",
            why="MOSAIC was installed without its extra 'web'",
            next_step=f"{shlex.quote(sys.executable)} -m pip install 'mosaic-rl[web]'",
        )
