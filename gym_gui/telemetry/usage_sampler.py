"""Samples what workers use, at a low rate."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable

from gym_gui.runs.plan import Limits
from gym_gui.telemetry.attempt_watch import AttemptWatch
from gym_gui.telemetry.launcher import proc_name
from gym_gui.telemetry.usage import Usage, sample_usage

INTERVAL_S = 5.0
FIRST_AFTER_S = 1.0
#: A timeout is judged by at least so many samples.
SAMPLES_PER_TIMEOUT = 4


class UsageSampler:
    """Asks for CPU time and memory of all workers of a run in one pass, now and then.

    Args:
        limits: The run's; short timeouts are sampled more often.
        clock: Monotonic clock, seconds.
    """

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        shortest = min(limits.startup_timeout_s, limits.heartbeat_timeout_s)
        self.latest: dict[str, Usage] = {}
        """By worker id."""
        self._interval_s = min(INTERVAL_S, shortest / SAMPLES_PER_TIMEOUT)
        self._clock = clock
        self._due = clock() + min(FIRST_AFTER_S, self._interval_s)

    def sample(self, watches: Iterable[AttemptWatch]) -> bool:
        """Sample these attempts if it is time; return whether it was."""
        now = self._clock()
        if now < self._due:
            return False
        self._due = now + self._interval_s
        by_pid: dict[int, AttemptWatch] = {}
        for watch in watches:
            if watch.worker is not None and watch.worker.alive():
                with contextlib.suppress(OSError, ValueError):
                    by_pid[int(proc_name(watch.worker.pid))] = watch
        for pid, usage in sample_usage(by_pid).items():
            by_pid[pid].usage = usage
            self.latest[by_pid[pid].worker_id] = usage
        return bool(by_pid)
