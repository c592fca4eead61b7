"""XuanCe's own figures as metrics, TensorBoard files and in Weights & Biases."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .tracking import Tracking

#: Figures of single episodes: those are telemetry of their own.
_EPISODES = ("Episode-Steps", "Train-Episode-Rewards", "Train-Results/Episode")


class Scalars:
    """Takes what an agent logs.

    Args:
        emitter: Telemetry.
        tracking: Weights & Biases.
        tensorboard: Folder of event files; ``None`` writes none.
        interval: Steps between two metric events; 0: all.
        step: Returns the environment steps taken so far.
    """

    def __init__(
        self, emitter: Any, tracking: Tracking, tensorboard: Path | None, interval: int, step: Callable[[], int]
    ) -> None:
        self._emitter, self._tracking, self._interval, self._step = emitter, tracking, interval, step
        self._last: dict[str, float] = {}
        self._emitted_at: int | None = None
        self._writer: Any = None
        if tensorboard is not None:
            from torch.utils.tensorboard import SummaryWriter

            tensorboard.mkdir(parents=True, exist_ok=True)
            self._writer = SummaryWriter(str(tensorboard))

    def log(self, info: Mapping[str, Any], _x_index: int = 0) -> None:
        """Take figures of an update; stands in for ``Agent.log_infos``."""
        values = {name: number for name, value in info.items() if (number := plain_number(value)) is not None}
        values = {name: value for name, value in values.items() if not name.startswith(_EPISODES)}
        if not values:
            return
        self._last.update(values)
        step = self._step()
        if self._emitted_at is None or step - self._emitted_at >= self._interval:
            self.flush()

    def add(self, values: Mapping[str, float]) -> None:
        """Add figures of the worker's own to the next event."""
        self._last.update(values)

    def flush(self) -> None:
        """Put out the last figures."""
        if not self._last:
            return
        step, values = self._step(), self._last
        self._last, self._emitted_at = {}, step
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


class NoWriter:
    """Stands where XuanCe makes its own writer of TensorBoard files, which are written by :class:`Scalars`."""

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def __getattr__(self, _name: str) -> Callable[..., None]:
        return lambda *_args, **_kwargs: None


def plain_number(value: Any) -> float | None:
    """Return a figure as Python's own number; ``None`` if it is none, or not finite."""
    if isinstance(value, bool) or value is None:
        return None
    if hasattr(value, "item"):
        if getattr(value, "size", 1) != 1 and not (hasattr(value, "numel") and value.numel() == 1):
            return None
        value = value.item()
    if not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return value
