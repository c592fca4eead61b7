"""Looks at the daemon's port before anything is written."""

from __future__ import annotations

from pathlib import Path


def check_port(home: Path, port: int | None = None) -> None:
    """Raise an error if a daemon would have to be started in a home, and could not have its port.

    Args:
        home: The home.
        port: The port that the user named; ``None``: the setting ``daemon_port``.

    Raises:
        UsageError: The port is taken by something else.
    """
    from gym_gui.trainer import DaemonHome

    if DaemonHome(home).daemon() is not None:
        return
    import asyncio

    from gym_gui.rpc import LOOPBACK, choose_port

    asyncio.run(choose_port(LOOPBACK, port))
