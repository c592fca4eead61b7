"""Whether the extra ``web`` is installed."""

from __future__ import annotations

from gym_gui.app import check_extra


def check_installed() -> None:
    """Make sure that FastAPI and uvicorn are installed.

    Raises:
        UsageError: One is missing; with the command that installs it.
    """
    check_extra("the dashboard", "web", {"fastapi": "fastapi", "uvicorn": "uvicorn"})
