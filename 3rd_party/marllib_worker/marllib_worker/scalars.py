"""RLlib's results as metrics: finite numbers by name, also into TensorBoard files."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Iterator, Mapping


def flat_metrics(result: Mapping[str, Any]) -> dict[str, float]:
    """Return the numbers of a result that say how training goes.

    Returns of each policy come as ``policy/<name>/reward_mean``, losses as ``learner/<policy>/<name>``.

    Args:
        result: What ``Trainer.train`` returned.
    """
    metrics = {}
    for name in ("training_iteration", "episodes_total", "episode_len_mean", "episode_reward_mean",
                 "episode_reward_min", "episode_reward_max"):  # fmt: skip
        value = number(result.get(name))
        if value is not None:
            metrics[name] = value
    for policy, value in (result.get("policy_reward_mean") or {}).items():
        plain = number(value)
        if plain is not None:
            metrics[f"policy/{policy}/reward_mean"] = plain
    for policy, learned in (result.get("info", {}).get("learner") or {}).items():
        if isinstance(learned, Mapping):
            metrics.update(_flatten(learned, f"learner/{policy}"))
    return metrics


def number(value: Any) -> float | None:
    """Return a finite number as Python's own, anything else as ``None``."""
    if value is None or isinstance(value, (bool, str)):
        return None
    try:
        found = float(value)
    except (TypeError, ValueError, RuntimeError):
        return None
    return found if math.isfinite(found) else None


def _flatten(values: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, float]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            # RLlib's own level says nothing.
            yield from _flatten(value, prefix if key == "learner_stats" else f"{prefix}/{key}")
        else:
            plain = number(value)
            if plain is not None:
                yield f"{prefix}/{key}", plain


class Scalars:
    """Takes the metrics of iterations.

    Args:
        emitter: Telemetry.
        tensorboard: Folder of event files; ``None`` writes none.
    """

    def __init__(self, emitter: Any, tensorboard: Path | None) -> None:
        self._emitter = emitter
        self._writer: Any = None
        if tensorboard is not None:
            from tensorboardX import SummaryWriter

            tensorboard.mkdir(parents=True, exist_ok=True)
            self._writer = SummaryWriter(str(tensorboard))

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Put out numbers measured at an environment step."""
        if not values:
            return
        self._emitter.metrics(step, values)
        if self._writer is not None:
            for name, value in values.items():
                self._writer.add_scalar(name, value, step)

    def close(self) -> None:
        """Write what is left."""
        if self._writer is not None:
            self._writer.close()
