"""Stops the daemon of a home, and asks it how it is."""

from __future__ import annotations

import contextlib
import signal
import time
from pathlib import Path
from typing import Any

import msgspec

from gym_gui.core.worker.errors import MosaicError, UsageError
from gym_gui.runs import is_locked
from gym_gui.trainer import DaemonHome

STOP_TIMEOUT_S = 20.0
_POLL_S = 0.02


def stop_daemon(home: Path, timeout_s: float = STOP_TIMEOUT_S) -> bool:
    """End the daemon of a home and wait until it has gone; runs continue.

    Args:
        home: The home.
        timeout_s: How long to wait for it.

    Returns:
        Whether there was one to end.

    Raises:
        MosaicError: It did not end in time.
    """
    paths = DaemonHome(home.absolute())
    daemon = paths.daemon()
    if daemon is None:
        return False
    from gym_gui.rpc.client import TrainerClient
    from gym_gui.rpc.route import HomeRoute

    try:
        with TrainerClient(HomeRoute(paths.path, daemon=daemon)) as client:
            client.shutdown()
    except MosaicError:  # it is ending already, does not end in time, or cannot be reached: it is of an older version
        with contextlib.suppress(OSError):
            daemon.process.signal(signal.SIGTERM)
    deadline = time.monotonic() + timeout_s
    while is_locked(paths.lock_file):
        if time.monotonic() > deadline:
            raise MosaicError(
                f"the trainer daemon did not end within {timeout_s:g} s",
                where=daemon.process.place,
                why="it is stuck or stopped",
                next_step=f"look into {paths.log}, then"
                + (f": kill -9 {daemon.pid}" if daemon.process.here else " end it there")
                + " (runs continue)",
            )
        time.sleep(_POLL_S)
    return True


def daemon_status(home: Path) -> dict[str, Any]:
    """Return what the home's daemon says of itself; ``{"running": False}`` and the home if there is none."""
    paths = DaemonHome(home.absolute())
    daemon = paths.daemon()
    if daemon is None:
        return {"running": False, "home": str(paths.path)}
    from gym_gui.rpc.client import TrainerClient
    from gym_gui.rpc.route import HomeRoute

    try:
        with TrainerClient(HomeRoute(paths.path, daemon=daemon)) as client:
            return {"running": True, **msgspec.structs.asdict(client.status())}
    except UsageError:  # it has just ended
        return {"running": False, "home": str(paths.path)}
