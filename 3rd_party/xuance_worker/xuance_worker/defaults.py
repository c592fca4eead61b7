"""Which algorithms take which argument, without an import of XuanCe: what a form shows."""

from __future__ import annotations

from typing import Any

_Q = ("C51DQN", "DDQN", "DQN", "DRQN", "Duel_DQN", "NoisyDQN", "PerDQN", "QRDQN")
_CONTINUOUS = ("DDPG", "SAC", "TD3")
_ON_POLICY = ("A2C", "PG", "PPG", "PPO", "PPO_KL")
_SEVERAL_Q = ("IQL", "MFQ", "OWQMIX", "QMIX", "QTRAN_base", "VDN")
_SEVERAL_CONTINUOUS = ("IDDPG", "ISAC", "ITD3", "MADDPG", "MASAC", "MATD3")
_SEVERAL_ON_POLICY = ("CommNet", "IAC", "IC3Net", "IPPO", "MAPPO", "MFAC", "TarMAC", "VDAC")

#: Algorithms of one agent, and of several.
SINGLE = tuple(sorted((*_Q, *_CONTINUOUS, *_ON_POLICY), key=str.lower))
SEVERAL = tuple(sorted((*_SEVERAL_Q, *_SEVERAL_CONTINUOUS, *_SEVERAL_ON_POLICY), key=str.lower))
ALGORITHMS = tuple(sorted((*SINGLE, *SEVERAL), key=str.lower))
#: Those with a replay buffer.
OFF_POLICY = (*_Q, *_CONTINUOUS, *_SEVERAL_Q, *_SEVERAL_CONTINUOUS)

#: Argument that has a field to the algorithms whose configs in XuanCe have it.
TAKEN_BY: dict[str, tuple[str, ...]] = {
    "learning_rate": tuple(name for name in ALGORITHMS if name not in (*_CONTINUOUS, *_SEVERAL_CONTINUOUS)),
    "gamma": ALGORITHMS,
    "batch_size": OFF_POLICY,
    "buffer_size": (*OFF_POLICY, *_SEVERAL_ON_POLICY),
    "horizon_size": _ON_POLICY,
    "n_epochs": (*_ON_POLICY, *_SEVERAL_ON_POLICY, *(name for name in _SEVERAL_Q if name != "MFQ")),
    "n_minibatch": (*_ON_POLICY, *_SEVERAL_ON_POLICY),
    "start_training": OFF_POLICY,
    "training_frequency": OFF_POLICY,
    "start_greedy": (*(name for name in _Q if name != "NoisyDQN"), *_SEVERAL_Q),
    "end_greedy": (*(name for name in _Q if name != "NoisyDQN"), *_SEVERAL_Q),
    "decay_step_greedy": (*_Q, *_SEVERAL_Q),
    "gae_lambda": (*_ON_POLICY, *_SEVERAL_ON_POLICY),
}


def form_hints(name: str) -> dict[str, Any]:
    """Return the metadata with which a field says which algorithms have it, and what null stands for.

    Args:
        name: The field.
    """
    rules = [
        {"when": {"mode": ["resume", "evaluate"]}, "label": "as in the checkpoint"},
        {"when": {"algo": list(TAKEN_BY[name])}, "label": "XuanCe's config"},
    ]
    return {"default_by": rules, "applies": {"algo": list(TAKEN_BY[name])}}
