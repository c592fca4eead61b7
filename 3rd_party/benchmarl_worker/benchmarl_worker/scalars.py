"""BenchMARL's own figures as metrics, TensorBoard files and in Weights & Biases."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .tracking import Tracking


class Scalars:
    """Takes what BenchMARL logs: it is one of its loggers.

    Args:
        emitter: Telemetry.
        tracking: Weights & Biases.
        tensorboard: Folder of event files; ``None`` writes none.
        step: Returns the environment steps taken so far.
    """

    def __init__(self, emitter: Any, tracking: Tracking, tensorboard: Path | None, step: Callable[[], int]) -> None:
        self._emitter, self._tracking, self._step = emitter, tracking, step
        self._last: dict[str, float] = {}
        self._writer: Any = None
        if tensorboard is not None:
            from torch.utils.tensorboard import SummaryWriter

            tensorboard.mkdir(parents=True, exist_ok=True)
            self._writer = SummaryWriter(str(tensorboard))

    def log_scalar(self, name: str, value: Any, step: int | None = None) -> None:
        """Take one figure; those that are not finite (a mean of no episodes) are left out."""
        del step
        number = value.item() if hasattr(value, "item") else value
        if isinstance(number, (int, float)) and not isinstance(number, bool) and math.isfinite(number):
            self._last[name] = number

    def flush(self) -> None:
        """Put out the figures of an iteration."""
        if not self._last:
            return
        step, values = self._step(), self._last
        self._last = {}
        self._emitter.metrics(step, values)
        self._tracking.log(step, values)
        if self._writer is not None:
            for name, value in values.items():
                self._writer.add_scalar(name, value, step)

    def close(self) -> None:
        """Write what is left."""
        self.flush()
        if self._writer is not None:
            self._writer.close()
