"""Clock for time limits that does not count the time in which its process was stopped."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

#: Seconds between two readings of the clock: more means that this process was stopped (SIGSTOP, a frozen container),
#: and then only so much of it counts.
GAP_S, COUNTED_S = 2.0, 0.2


class ObservedClock:
    """Monotonic time without unobserved gaps.

    Unobserved time says nothing of the observed processes: a process that was stopped together with those it observes
    finds nothing late when it continues. To be asked at least once a second while something is timed; by any thread.

    Args:
        clock: Monotonic clock, seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._seen = clock()
        self.skipped_s = 0.0
        """How much was not counted so far, seconds."""

    def __call__(self) -> float:
        with self._lock:
            now = self._clock()
            gap, self._seen = now - self._seen, now
            if gap > GAP_S:
                self.skipped_s += gap - COUNTED_S
            return now - self.skipped_s
