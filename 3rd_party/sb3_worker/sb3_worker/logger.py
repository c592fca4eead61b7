"""Where the library's own figures go."""

from __future__ import annotations

import numbers
from pathlib import Path
from typing import Any

from stable_baselines3.common.logger import KVWriter, Logger, TensorBoardOutputFormat

from .tracking import Tracking


class MetricWriter(KVWriter):
    """Emits the library's figures as metrics, and sends them to Weights & Biases where it is on.

    Args:
        emitter: Telemetry.
        tracking: Weights & Biases.
    """

    def __init__(self, emitter: Any, tracking: Tracking) -> None:
        self._emitter, self._tracking = emitter, tracking

    def write(
        self,
        key_values: dict[str, Any],
        key_excluded: dict[str, tuple[str, ...]],  # noqa: ARG002 - what is left out of other formats is a metric, too
        step: int = 0,
    ) -> None:
        """Emit numbers; figures, pictures and text are left out."""
        values = {name: plain_number(value) for name, value in key_values.items() if is_number(value)}
        if values:
            self._emitter.metrics(step, values)
            self._tracking.log(step, values)

    def close(self) -> None:
        """Nothing is held open."""


def make_logger(emitter: Any, tracking: Tracking, tensorboard: Path | None) -> Logger:
    """Return the logger that a model writes to.

    Args:
        emitter: Telemetry.
        tracking: Weights & Biases.
        tensorboard: Folder of event files; ``None`` writes none.
    """
    outputs: list[KVWriter] = [MetricWriter(emitter, tracking)]
    if tensorboard is not None:
        tensorboard.mkdir(parents=True, exist_ok=True)
        outputs.append(TensorBoardOutputFormat(str(tensorboard)))
    return Logger(None, outputs)


def is_number(value: Any) -> bool:
    """Return whether a figure is one number, of whichever library."""
    if isinstance(value, bool):
        return False
    return isinstance(value, numbers.Real) or (hasattr(value, "item") and getattr(value, "size", 0) == 1)


def plain_number(value: Any) -> float | int:
    """Return a number as Python's own."""
    number: float | int = value.item() if hasattr(value, "item") else value
    return number
