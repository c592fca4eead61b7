"""The arguments of each algorithm: CleanRL's names and defaults, a sentence and bounds for each.

No torch here: the worker's schema, help and dry run are read without it.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from .off_policy import C51Args, DDPGArgs, DQNArgs, SACArgs, TD3Args
from .on_policy import PPOArgs, PPOAtariArgs, PPOContinuousArgs

#: The arguments class of each algorithm, by the algorithm's name.
ARGUMENTS: dict[str, type[Any]] = {
    "ppo": PPOArgs,
    "ppo_continuous_action": PPOContinuousArgs,
    "ppo_atari": PPOAtariArgs,
    "dqn": DQNArgs,
    "c51": C51Args,
    "ddpg": DDPGArgs,
    "td3": TD3Args,
    "sac": SACArgs,
}


def argument_names(algo: str) -> tuple[str, ...]:
    """Return the names of an algorithm's arguments."""
    return tuple(f.name for f in fields(ARGUMENTS[algo]))


__all__ = [
    "ARGUMENTS",
    "C51Args",
    "DDPGArgs",
    "DQNArgs",
    "PPOArgs",
    "PPOAtariArgs",
    "PPOContinuousArgs",
    "SACArgs",
    "TD3Args",
    "argument_names",
]
