"""What each algorithm needs of an environment. No library is imported here."""

from __future__ import annotations

from typing import NamedTuple


class Needs(NamedTuple):
    """What an algorithm needs of an environment."""

    #: ``discrete``, ``continuous`` (a box), or ``bounded`` (a box with finite bounds).
    actions: str
    #: ``vector`` (whatever can be flattened), or ``atari`` (the screen of a game of ale-py).
    observations: str = "vector"


NEEDS: dict[str, Needs] = {
    "ppo": Needs("discrete"),
    "ppo_continuous_action": Needs("continuous"),
    "ppo_atari": Needs("discrete", "atari"),
    "dqn": Needs("discrete"),
    "c51": Needs("discrete"),
    "ddpg": Needs("bounded"),
    "td3": Needs("bounded"),
    "sac": Needs("bounded"),
}


def fitting_algorithms(actions: str, observations: str) -> list[str]:
    """Return the algorithms for an environment.

    Args:
        actions: ``discrete``, ``continuous`` or ``bounded``; what is bounded is continuous, too.
        observations: ``vector`` or ``atari``.
    """
    fitting = {"bounded": ("bounded", "continuous")}.get(actions, (actions,))
    return [name for name, needs in NEEDS.items() if needs.actions in fitting and needs.observations == observations]
