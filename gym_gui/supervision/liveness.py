"""Liveness of a run's proxy: which process it is, and whether it makes progress.

A working proxy sets the time of its lock file again and again. Only that the time changes counts, not its value: the
observer measures with its own clock.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Hashable

import msgspec

from gym_gui.core.regular_files import read_regular
from gym_gui.runs import READ_ERRORS, FileLock, RunFolder
from gym_gui.supervision.identity import ProcessIdentity

#: Seconds between two signs.
BEAT_S = 1.0


class ProxyPulse:
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
    except READ_ERRORS:
        return None


#: The longest time between two observations that counts in full, seconds: unobserved time does not count as silence.
LONGEST_LOOK_S = 5.0


class ProxyProgress:
    """Progress of one supervisor, observed again and again.

    Args:
        patience_s: How long it may go without a sign; 0: for ever.
    """

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._silent_s = 0.0
        self._sign: Hashable = None
        self._checked_at: float | None = None

    def hangs(self, now: float, sign: Hashable) -> bool:
        """Add an observation; return whether there has been no sign for too long.

        Args:
            now: Monotonic time, seconds.
            sign: A value that changes with every sign.
        """
        elapsed = 0.0 if self._checked_at is None else min(max(0.0, now - self._checked_at), LONGEST_LOOK_S)
        self._checked_at = now
        if sign != self._sign:
            self._sign, self._silent_s = sign, 0.0
        else:
            self._silent_s += elapsed
        return 0 < self._patience_s < self._silent_s
