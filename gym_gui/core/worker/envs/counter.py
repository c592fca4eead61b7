"""Numbers of steps and episodes within a run."""

from __future__ import annotations

import itertools


class RunCounter:
    """Hands out step and episode numbers; environments that share one never use a number twice.

    Args:
        first_step: Number of the first step.
        first_episode: Number of the first episode.
    """

    def __init__(self, first_step: int = 0, first_episode: int = 0) -> None:
        # next() on a count is one C call: no lock is needed between threads.
        self.next_step = itertools.count(first_step).__next__
        self.next_episode = itertools.count(first_episode).__next__


__all__ = ["RunCounter"]
