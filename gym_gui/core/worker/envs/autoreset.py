"""What Gymnasium's automatic resets need watching for."""

from __future__ import annotations

import copy
from typing import Any, Callable

import gymnasium


def find_autoreset(env: Any) -> tuple[Any, bool]:
    """Return the ``Autoreset`` wrapper inside an environment, and whether episode statistics stand outside of it.

    Such statistics count the resets as steps, and never begin again.
    """
    statistics_outside = False
    while isinstance(env, gymnasium.Wrapper):
        names = [base.__name__.lower() for base in type(env).__mro__]  # of any package, and of whatever version
        if "autoreset" in vars(env) and any("autoreset" in name for name in names):
            return env, statistics_outside
        statistics_outside = statistics_outside or any("episodestatistics" in name for name in names)
        env = env.env
    return None, False


def copy_final_observations(envs: Any) -> None:
    """Have the sub-environments of a vector of this process return their last observations as copies.

    A vector that resets in the same step keeps the last observation across the reset, and an environment that returns
    the same array each time then overwrites it. Those in processes of their own cannot be reached from here.
    """
    members = getattr(getattr(envs, "unwrapped", envs), "envs", None)
    for member in members if isinstance(members, (list, tuple)) else ():
        if isinstance(member, gymnasium.Env):
            # In place: programs reach through the vector for their environments' own attributes.
            member.step = _with_final_copy(member.step)  # type: ignore[method-assign, assignment]


def _with_final_copy(step: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def copying(action: Any) -> Any:
        result = step(action)
        return (copy.deepcopy(result[0]), *result[1:]) if result[2] or result[3] else result

    return copying


__all__ = ["copy_final_observations", "find_autoreset"]
