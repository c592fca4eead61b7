"""Numbers of steps and episodes within a run."""

from __future__ import annotations

import itertools
from collections import deque


class RunCounter:
    """Hands out step and episode numbers; environments that share one never use a number twice.

    Args:
        first_step: Number of the first step.
        first_episode: Number of the first episode.
    """

    def __init__(self, first_step: int = 0, first_episode: int = 0) -> None:
        # next() on a count is one C call: no lock is needed between threads.
        self._steps = itertools.count(first_step)
        self.next_step = self._steps.__next__
        self.next_episode = itertools.count(first_episode).__next__

    def skip_steps(self, steps: int) -> None:
        """Use up the numbers of steps that are not emitted, so that a step's number still says how many came before."""
        deque(itertools.islice(self._steps, steps), maxlen=0)


__all__ = ["RunCounter"]
