"""Hyperparameters that are known to work, per algorithm and environment, with where they come from.

What a preset leaves out keeps CleanRL's default. ``docs/workers/cleanrl.md`` holds what was measured with them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_ZOO = "https://github.com/DLR-RM/rl-baselines3-zoo/blob/master/hyperparams/"


@dataclass(frozen=True)
class Preset:
    """One set of hyperparameters.

    Attributes:
        values: Argument name to value.
        source: Where they come from, and what was changed.
    """

    values: dict[str, Any]
    source: str


_CARTPOLE_PPO = {
    "num_envs": 8,
    "num_steps": 32,
    "gae_lambda": 0.8,
    "gamma": 0.98,
    "update_epochs": 20,
    "num_minibatches": 1,
    "ent_coef": 0.0,
    "learning_rate": 1e-3,
    "clip_vloss": False,
}

PRESETS: dict[tuple[str, str], Preset] = {
    ("ppo", "CartPole-v1"): Preset(_CARTPOLE_PPO, f"RL Baselines3 Zoo, tuned ({_ZOO}ppo.yml, CartPole-v1)"),
}


def preset_for(algo: str, env_id: str) -> Preset | None:
    """Return the preset of an algorithm and environment, if there is one."""
    return PRESETS.get((algo, env_id.rsplit(":", 1)[-1]))
