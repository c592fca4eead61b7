"""Which process supervises a run, and whether it works or hangs.

A proxy that works sets the time of its lock file again and again. The time itself says nothing, only that it changes
does: whoever looks measures with a clock of its own.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Hashable

import msgspec

from gym_gui.core.regular_files import read_regular
from gym_gui.runs.files import UNREADABLE
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.lock import FileLock
from gym_gui.supervision.identity import ProcessIdentity

#: Seconds between two signs.
BEAT_S = 1.0


class Pulse:
    """Gives the sign, from wherever the proxy's work goes on.

    Args:
        lock: The run's proxy lock, held.
        clock: Monotonic clock, seconds.
    """

    def __init__(self, lock: FileLock, clock: Callable[[], float]) -> None:
        self._lock = lock
        self._clock = clock
        self._beaten_at = float("-inf")

    def beat(self) -> None:
        """Give the sign, unless the last one is fresh."""
        now = self._clock()
        if now - self._beaten_at >= BEAT_S and self._lock.held:
            self._beaten_at = now
            with contextlib.suppress(OSError):
                os.utime(self._lock.fileno())


def last_beat(folder: RunFolder) -> int:
    """Return what changes with every sign of a run's proxy; 0 where there has been none."""
    try:
        return folder.proxy_lock.stat().st_mtime_ns
    except OSError:
        return 0


def proxy_of(folder: RunFolder) -> ProcessIdentity | None:
    """Return the process that took the run's lock last, dead or alive; ``None`` if none ever did."""
    try:
        return msgspec.json.decode(read_regular(folder.proxy_identity), type=ProcessIdentity)
    except UNREADABLE:
        return None


#: The longest time between two looks that counts in full, seconds: while nobody looked, there was no silence.
LONGEST_LOOK_S = 5.0


class Progress:
    """One supervisor, looked at again and again.

    Args:
        patience_s: How long it may go without a sign; 0: for ever.
    """

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._silent_s = 0.0
        self._sign: Hashable = None
        self._looked_at: float | None = None

    def hangs(self, now: float, sign: Hashable) -> bool:
        """Take in a look; return whether it has given no sign for too long.

        Args:
            now: Monotonic time, seconds.
            sign: What differs from that of the look before if there was a sign in between.
        """
        elapsed = 0.0 if self._looked_at is None else min(max(0.0, now - self._looked_at), LONGEST_LOOK_S)
        self._looked_at = now
        if sign != self._sign:
            self._sign, self._silent_s = sign, 0.0
        else:
            self._silent_s += elapsed
        return 0 < self._patience_s < self._silent_s
