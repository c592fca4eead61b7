"""RLlib's nested results as flat metrics: finite numbers by name."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

#: What is kept of a result; the rest says how long parts of RLlib took.
KEPT = ("env_runners", "learners", "evaluation", "replay_buffer")
_LEFT_OUT = (
    "connector",
    "timer",
    "_throughput",
    "weights_seq_no",
    "time_between_sampling",
    "diff_num_grad",
    "env_to_module_sum",
    "batch_size_mean",
    "num_agent_steps",
    "num_module_steps",
    "trainable_parameters",
    "num_env_steps_trained",
)
_PLAIN = ("training_iteration", "time_total_s", "num_env_steps_sampled_lifetime")


def flat_metrics(result: Mapping[str, Any]) -> dict[str, float]:
    """Return the numbers of a result that say how training goes, by names such as ``learners/main/policy_loss``.

    What is not finite is left out: RLlib reports a mean of nothing as NaN.

    Args:
        result: What ``Algorithm.train`` returned.
    """
    metrics = {name: float(value) for name in _PLAIN if (value := number(result.get(name))) is not None}
    for name in KEPT:
        if isinstance(result.get(name), Mapping):
            metrics.update(_flatten(result[name], name))
    return metrics


def number(value: Any) -> float | int | None:
    """Return a finite number as Python's own, anything else as ``None``."""
    if value is None or isinstance(value, (bool, str)):
        return None
    try:
        item = value.item() if hasattr(value, "item") else value
        return item if isinstance(item, (int, float)) and math.isfinite(item) else None
    except (RuntimeError, ValueError, OverflowError):  # several numbers, or one that no float can hold
        return None


def sampled_steps(result: Mapping[str, Any]) -> int:
    """Return how many environment steps were sampled since the training began, those before a resume included."""
    for place in (result, result.get("env_runners") or {}):
        value = number(place.get("num_env_steps_sampled_lifetime"))
        if value is not None:
            return int(value)
    return 0


def _flatten(values: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, float]]:
    for key, value in values.items():
        name = f"{prefix}/{key}"
        if key == "sample" or any(word in str(key) for word in _LEFT_OUT):
            continue
        if isinstance(value, Mapping):
            yield from _flatten(value, name)
        elif (plain := number(value)) is not None:
            yield name, float(plain)


__all__ = ["flat_metrics", "number", "sampled_steps"]
