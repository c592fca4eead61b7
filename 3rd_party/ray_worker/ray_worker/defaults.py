"""What null stands for in the fields that are RLlib's own settings, without an import of RLlib."""

from __future__ import annotations

from typing import Any

from .presets import PRESETS

#: RLlib's default of each field, by algorithm; an algorithm that is missing has no such setting.
DEFAULTS: dict[str, dict[str, Any]] = {
    "learning_rate": {"PPO": 5e-5, "DQN": 5e-4, "IMPALA": 5e-4, "APPO": 5e-4},
    "gamma": {"PPO": 0.99, "DQN": 0.99, "SAC": 0.99, "IMPALA": 0.99, "APPO": 0.99},
    "train_batch_size": {"PPO": 4000, "DQN": 32, "SAC": 256, "IMPALA": 500, "APPO": 500},
    "minibatch_size": {"PPO": 128, "IMPALA": None, "APPO": None},
    "num_epochs": {"PPO": 30, "IMPALA": 1, "APPO": 1},
    "entropy_coeff": {"PPO": 0.0, "IMPALA": 0.01, "APPO": 0.01},
    "grad_clip": {"PPO": None, "DQN": 40.0, "SAC": None, "IMPALA": 40.0, "APPO": 40.0},
    "hidden_sizes": {key: [256, 256] for key in ("PPO", "DQN", "SAC", "IMPALA", "APPO")},
}
#: RLlib's names of the fields, in the settings of training or, of the networks, of the model.
RLLIB_NAMES = {
    "learning_rate": "lr",
    "gamma": "gamma",
    "train_batch_size": "train_batch_size_per_learner",
    "minibatch_size": "minibatch_size",
    "num_epochs": "num_epochs",
    "entropy_coeff": "entropy_coeff",
    "grad_clip": "grad_clip",
    "hidden_sizes": "fcnet_hiddens",
}
#: Words for defaults that depend on something else, or are null.
_WORDS = {
    ("train_batch_size", "PPO"): "default: 4000, at most total_timesteps",
    ("minibatch_size", "PPO"): "default: 128, at most the batch",
    ("minibatch_size", "IMPALA"): "the whole batch",
    ("minibatch_size", "APPO"): "the whole batch",
    ("grad_clip", "PPO"): "no limit",
    ("grad_clip", "SAC"): "no limit",
}


def form_hints(name: str) -> dict[str, Any]:
    """Return the metadata with which a field says which algorithms have it, and what null stands for.

    A training from scratch alone has the defaults: a resumed one has its checkpoint, a search its space.

    Args:
        name: The field.
    """
    defaults = DEFAULTS[name]
    usual: dict[str, list[Any]] = {"mode": ["train"], "training": [{}], "model": [{}]}
    rules: list[dict[str, Any]] = []
    for (algo, env_id), preset in PRESETS.items():
        values = {**preset.training, **preset.model}
        if RLLIB_NAMES[name] in values:
            when = {"preset": ["auto"], "algo": [algo], "env_id": [env_id], **usual}
            rules.append({"when": when, "value": values[RLLIB_NAMES[name]], "label": "preset"})
    for algo, value in defaults.items():
        words = _WORDS.get((name, algo))
        rules.append({"when": {"algo": [algo], **usual}, **({"label": words} if words else {"value": value})})
    every = len(defaults) == len(DEFAULTS["gamma"])
    return {"default_by": rules, **({} if every else {"applies": {"algo": list(defaults)}})}


__all__ = ["DEFAULTS", "RLLIB_NAMES", "form_hints"]
