"""What null stands for in the fields that are arguments of an algorithm, without an import of the libraries."""

from __future__ import annotations

import json
from typing import Any

#: The libraries' default of each argument that has a field, by algorithm; one that is missing has no such argument.
DEFAULTS: dict[str, dict[str, Any]] = {
    "learning_rate": {
        "A2C": 7e-4, "ARS": 0.02, "CrossQ": 1e-3, "DDPG": 1e-3, "DQN": 1e-4, "MaskablePPO": 3e-4, "PPO": 3e-4,
        "QRDQN": 5e-5, "RecurrentPPO": 3e-4, "SAC": 3e-4, "TD3": 1e-3, "TQC": 3e-4, "TRPO": 1e-3,
    },
    "gamma": {
        "A2C": 0.99, "CrossQ": 0.99, "DDPG": 0.99, "DQN": 0.99, "MaskablePPO": 0.99, "PPO": 0.99, "QRDQN": 0.99,
        "RecurrentPPO": 0.99, "SAC": 0.99, "TD3": 0.99, "TQC": 0.99, "TRPO": 0.99,
    },
    "batch_size": {
        "CrossQ": 256, "DDPG": 256, "DQN": 32, "MaskablePPO": 64, "PPO": 64, "QRDQN": 32, "RecurrentPPO": 128,
        "SAC": 256, "TD3": 256, "TQC": 256, "TRPO": 128,
    },
    "n_steps": {
        "A2C": 5, "CrossQ": 1, "DDPG": 1, "DQN": 1, "MaskablePPO": 2048, "PPO": 2048, "QRDQN": 1, "RecurrentPPO": 128,
        "SAC": 1, "TD3": 1, "TQC": 1, "TRPO": 2048,
    },
    "n_epochs": {"MaskablePPO": 10, "PPO": 10, "RecurrentPPO": 10},
    "gae_lambda": {"A2C": 1.0, "MaskablePPO": 0.95, "PPO": 0.95, "RecurrentPPO": 0.95, "TRPO": 0.95},
    "clip_range": {"MaskablePPO": 0.2, "PPO": 0.2, "RecurrentPPO": 0.2},
    "normalize_advantage": {"A2C": False, "MaskablePPO": True, "PPO": True, "RecurrentPPO": True, "TRPO": True},
    "ent_coef": {
        "A2C": 0.0, "CrossQ": "auto", "MaskablePPO": 0.0, "PPO": 0.0, "RecurrentPPO": 0.0, "SAC": "auto", "TQC": "auto",
    },
    "vf_coef": {"A2C": 0.5, "MaskablePPO": 0.5, "PPO": 0.5, "RecurrentPPO": 0.5},
    "max_grad_norm": {
        "A2C": 0.5, "DQN": 10, "MaskablePPO": 0.5, "PPO": 0.5, "QRDQN": None, "RecurrentPPO": 0.5,
    },
    "target_kl": {"MaskablePPO": None, "PPO": None, "RecurrentPPO": None, "TRPO": 0.01},
    "buffer_size": {
        "CrossQ": 1_000_000, "DDPG": 1_000_000, "DQN": 1_000_000, "QRDQN": 1_000_000, "SAC": 1_000_000,
        "TD3": 1_000_000, "TQC": 1_000_000,
    },
    "learning_starts": {"CrossQ": 100, "DDPG": 100, "DQN": 100, "QRDQN": 100, "SAC": 100, "TD3": 100, "TQC": 100},
    "tau": {"DDPG": 0.005, "DQN": 1.0, "QRDQN": 1.0, "SAC": 0.005, "TD3": 0.005, "TQC": 0.005},
    "train_freq": {"CrossQ": 1, "DDPG": 1, "DQN": 4, "QRDQN": 4, "SAC": 1, "TD3": 1, "TQC": 1},
    "gradient_steps": {"CrossQ": 1, "DDPG": 1, "DQN": 1, "QRDQN": 1, "SAC": 1, "TD3": 1, "TQC": 1},
    "exploration_fraction": {"DQN": 0.1, "QRDQN": 0.005},
    "exploration_initial_eps": {"DQN": 1.0, "QRDQN": 1.0},
    "exploration_final_eps": {"DQN": 0.05, "QRDQN": 0.01},
    "target_update_interval": {"DQN": 10_000, "QRDQN": 10_000, "SAC": 1, "TQC": 1},
    "use_sde": {
        "A2C": False, "CrossQ": False, "PPO": False, "RecurrentPPO": False, "SAC": False, "TQC": False, "TRPO": False,
    },
    "action_noise": {"CrossQ": None, "DDPG": None, "SAC": None, "TD3": None, "TQC": None},
}  # fmt: skip
#: Words for defaults that are null.
_WORDS = {"max_grad_norm": "no limit", "target_kl": "no limit", "action_noise": "no noise"}
#: Algorithms with a replay buffer.
OFF_POLICY = tuple(DEFAULTS["buffer_size"])
ALGORITHMS = tuple(DEFAULTS["learning_rate"])


def form_hints(name: str) -> dict[str, Any]:
    """Return the metadata with which a field says which algorithms have it, and what null stands for.

    Args:
        name: The field.
    """
    groups: dict[str, list[str]] = {}
    for algo, value in DEFAULTS[name].items():
        groups.setdefault(json.dumps(value), []).append(algo)
    rules: list[dict[str, Any]] = [{"when": {"mode": ["resume", "evaluate"]}, "label": "as in the checkpoint"}]
    for text, algos in groups.items():
        value = json.loads(text)
        when = {"algo": algos, "algorithm_kwargs": [{}]}
        rules.append({"when": when, "label": _WORDS[name]} if value is None else {"when": when, "value": value})
    every = len(DEFAULTS[name]) == len(ALGORITHMS)
    return {"default_by": rules, **({} if every else {"applies": {"algo": list(DEFAULTS[name])}})}
