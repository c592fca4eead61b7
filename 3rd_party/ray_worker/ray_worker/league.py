"""The league of self-play: frozen snapshots of the policy that learns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ray.rllib.core import COMPONENT_LEARNER, COMPONENT_RL_MODULE

from .paradigms import LEAGUE, MAIN


class League:
    """Takes a snapshot of the learning policy every so many steps; a new one takes the oldest's place.

    Args:
        algorithm: RLlib's algorithm, with a policy for each of the league's places.
        file: Where processes that step environments read how many places are taken.
        interval: Steps between snapshots.
        size: How many places there are.
        snapshots: Snapshots taken before a resume.
        step: Environment steps taken before a resume.
    """

    def __init__(
        self, algorithm: Any, file: Path, *, interval: int, size: int, snapshots: int = 0, step: int = 0
    ) -> None:
        self._algorithm, self._file = algorithm, file
        self._interval, self._size, self._last = interval, size, step
        self.snapshots = snapshots
        if not snapshots:
            self._take(step)
        self._tell()

    @property
    def members(self) -> int:
        """How many places are taken."""
        return min(self.snapshots, self._size)

    def step(self, step: int) -> bool:
        """Take a snapshot if one is due; return whether it was."""
        if step // self._interval <= self._last // self._interval:
            return False
        self._take(step)
        return True

    def _take(self, step: int) -> None:
        place = f"{LEAGUE}{self.snapshots % self._size}"

        def copy(learner: Any) -> None:
            learner.module[place].load_state_dict(learner.module[MAIN].state_dict())

        learners = self._algorithm.learner_group
        learners.foreach_learner(copy)
        modules = f"{COMPONENT_LEARNER}/{COMPONENT_RL_MODULE}"
        state = learners.get_state(components=[f"{modules}/{place}"], inference_only=True)[COMPONENT_LEARNER]
        # Without the number of the last update: those who play take weights of the same number for those they have.
        weights = {COMPONENT_RL_MODULE: state[COMPONENT_RL_MODULE]}
        self._algorithm.env_runner_group.foreach_env_runner(lambda runner: runner.set_state(weights))
        self.snapshots, self._last = self.snapshots + 1, step
        self._tell()

    def _tell(self) -> None:
        unfinished = self._file.with_name(self._file.name + ".tmp")
        unfinished.write_text(str(self.members), encoding="ascii")
        unfinished.replace(self._file)


__all__ = ["League"]
