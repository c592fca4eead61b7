"""Finds the processes of a run's Ray instance by a mark in their environment, and sees that none is left."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

#: Every process of an instance has it in its environment, whatever its parent is.
MARK = "MOSAIC_RAY_INSTANCE"
_POLL_S = 0.05


def marked_processes(mark: str) -> list[int]:
    """Return the ids of the processes that carry a mark, this one left out."""
    needle = f"{MARK}={mark}".encode()
    found = []
    with contextlib.suppress(OSError):
        for entry in os.scandir("/proc"):
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                with contextlib.suppress(OSError):
                    if needle in (Path(entry.path) / "environ").read_bytes().split(b"\0"):
                        found.append(int(entry.name))
    return found


def end_processes(mark: str, patience_s: float) -> list[int]:
    """Wait until no process carries a mark, and kill those that are left.

    Args:
        mark: The mark.
        patience_s: Seconds to wait before they are killed.

    Returns:
        Those that had to be killed.
    """
    deadline = time.monotonic() + patience_s
    while (left := marked_processes(mark)) and time.monotonic() < deadline:
        time.sleep(_POLL_S)
    killed: list[int] = []
    # Each round kills what the round before saw being born.
    for _ in range(5):
        if not left:
            break
        for pid in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        killed += left
        time.sleep(_POLL_S)
        left = marked_processes(mark)
    return killed


__all__ = ["MARK", "end_processes", "marked_processes"]
