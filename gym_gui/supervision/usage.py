"""Sampling of the workers' CPU time and memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from gym_gui.runs import Limits
from gym_gui.supervision.facts import Usage
from gym_gui.supervision.provisioner import Provisioner

if TYPE_CHECKING:
    from gym_gui.supervision.attempt_watch import AttemptWatch

INTERVAL_S = 5.0
FIRST_AFTER_S = 1.0
#: A timeout is checked by at least so many samples.
SAMPLES_PER_TIMEOUT = 4


class UsageSampler:
    """Asks for CPU time and memory of all workers of a run in one pass, now and then.

    Args:
        limits: The run's; short timeouts are sampled more often.
        clock: Monotonic clock, seconds.
        provisioner: Measures the usage.
    """

    def __init__(self, limits: Limits, clock: Callable[[], float], provisioner: Provisioner) -> None:
        shortest = min(limits.startup_timeout_s, limits.heartbeat_timeout_s)
        self.latest: dict[str, Usage] = {}
        """By worker id."""
        self.sampled: dict[tuple[str, int], Usage] = {}
        """What the last sample found, by worker and attempt."""
        self._interval_s = min(INTERVAL_S, shortest / SAMPLES_PER_TIMEOUT)
        self._clock = clock
        self._provisioner = provisioner
        self._due = clock() + min(FIRST_AFTER_S, self._interval_s)

    def sample(self, watches: Iterable[AttemptWatch]) -> bool:
        """Sample these attempts if it is time; return whether it was."""
        now = self._clock()
        if now < self._due:
            return False
        self._due = now + self._interval_s
        living = {watch.worker_id: watch for watch in watches if watch.processes.worker_alive}
        self.sampled = {}
        for worker_id, usage in self._provisioner.usage([watch.attempt for watch in living.values()]).items():
            living[worker_id].usage = usage
            self.latest[worker_id] = usage
            self.sampled[worker_id, living[worker_id].number] = usage
        return bool(living)
