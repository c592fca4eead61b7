"""Whether a worker's environment is watched: a small file of the run that the daemon writes.

The daemon renews its modification time while a user watches: without one that is recent, a worker renders nothing.
Standard library alone (Python 3.8+).
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import NamedTuple

from gym_gui.core.regular_files import read_regular

#: Seconds for which a renewal counts.
LEASE_S = 6.0
#: Seconds between two looks of a worker at the file.
LOOK_S = 0.25
#: Pictures per second at most.
MAX_FPS = 30.0
LAYOUTS = ("grid", "single")
_MAX_BYTES = 4096


class FrameRequest(NamedTuple):
    """What is wanted of a worker's environments."""

    on: bool = True
    """``False``: switched off for all who watch."""
    layout: str = "grid"
    """``grid``: all environments of a vector, up to sixteen. ``single``: one."""
    place: int = 0
    """Which one."""
    fps: float = 15.0
    """Pictures per second at most."""


def request_path(run_dir: Path, worker_id: str) -> Path:
    """Return the path of a worker's file below its run's folder."""
    return run_dir / "control" / f"{worker_id}.frames.json"


def read_request(path: Path) -> FrameRequest:
    """Return what is wanted; the defaults where the file says nothing of it, or cannot be read."""
    try:
        values = json.loads(read_regular(path, _MAX_BYTES))
        wanted = FrameRequest(**{name: values[name] for name in FrameRequest._fields if name in values})
        layout = wanted.layout if wanted.layout in LAYOUTS else "grid"
        fps = min(max(float(wanted.fps), 0.1), MAX_FPS)
        return FrameRequest(bool(wanted.on), layout, max(int(wanted.place), 0), fps)
    except (OSError, TypeError, ValueError, OverflowError, RecursionError):
        return FrameRequest()


class WatchedRequest:
    """A worker's look at its file: one ``stat`` while nothing changes.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int] | None = None
        self._request = FrameRequest()

    def wanted(self) -> FrameRequest | None:
        """Return what is wanted now; ``None``: nothing, since it is not watched, or switched off."""
        try:
            status = self._path.stat()
        except OSError:
            return None
        if not -LEASE_S < time.time() - status.st_mtime < LEASE_S:
            return None
        if self._seen != (status.st_mtime_ns, status.st_ino):
            self._seen = (status.st_mtime_ns, status.st_ino)
            self._request = read_request(self._path)
        return self._request if self._request.on else None


__all__ = ["LAYOUTS", "LEASE_S", "LOOK_S", "MAX_FPS", "FrameRequest", "WatchedRequest", "read_request", "request_path"]
