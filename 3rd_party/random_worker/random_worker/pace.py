"""How long a run plays, how fast, and from which seeds."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable

from .config import RandomWorkerConfig

#: Steps between two reports of progress.
PROGRESS_EVERY = 1024


def derived_seed(seed: int, *names: object) -> int:
    """Return a seed for a part of a run: 31 bits of SHA-256 over the run's seed and what the part is called."""
    digest = hashlib.sha256(":".join(map(str, (seed, *names))).encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


def episode_seed(seed: int, number: int, phase: str) -> int:
    """Return the seed of one episode."""
    return derived_seed(seed, phase, number)


class Limits:
    """How many steps and episodes are to be played; 0 sets no limit.

    Args:
        config: What to play.
    """

    def __init__(self, config: RandomWorkerConfig) -> None:
        self.phase = "eval" if config.mode == "evaluate" else "train"
        self.steps = config.total_steps if self.phase == "train" else 0
        self.episodes = config.episodes if self.phase == "train" else config.eval_episodes

    def allow_episode(self, number: int) -> bool:
        """Return whether the episode of a number (from 0) is to be played."""
        return not self.episodes or number < self.episodes

    def allow_steps(self, taken: int, more: int = 1) -> bool:
        """Return whether so many more steps may be taken."""
        return not self.steps or taken + more <= self.steps


class Pace:
    """Holds a loop to a number of steps per second.

    Args:
        rate: Steps per second; 0 sets no limit.
    """

    def __init__(self, rate: float) -> None:
        self.limited = rate > 0
        self._interval = 1.0 / rate if rate > 0 else 0.0
        self._started = time.monotonic()

    def wait(self, taken: int) -> None:
        """Sleep until the next step is due."""
        ahead = self._started + taken * self._interval - time.monotonic()
        if ahead > 0:
            time.sleep(ahead)


class Walk:
    """Counts the steps of a loop that takes several at a time, and keeps its pace.

    Args:
        rate: Steps per second; 0 sets no limit.
        progress: Told the number of steps taken, now and then.
    """

    def __init__(self, rate: float, progress: Callable[[int], None]) -> None:
        self.taken = 0
        self._pace = Pace(rate)
        self._progress = progress

    def went(self, steps: int) -> None:
        """Count steps that were taken."""
        before, self.taken = self.taken, self.taken + steps
        if before // PROGRESS_EVERY != self.taken // PROGRESS_EVERY:
            self._progress(self.taken)
        if self._pace.limited:
            self._pace.wait(self.taken)
