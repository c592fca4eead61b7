"""How busy a machine was during the last hour; kept in memory alone."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

#: Samples that are kept, and seconds between two of them: an hour.
_KEPT, _EVERY_S = 120, 30.0


class _Sample(NamedTuple):
    at: float
    """Unix time."""
    cpu_percent: float | None
    memory_used_mb: float | None
    gpu_percent: float | None
    """Mean of its GPUs."""


class LoadHistory:
    """The samples of one machine, the last one always as fresh as its last heartbeat.

    Args:
        clock: Unix time, seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._samples: deque[_Sample] = deque(maxlen=_KEPT)
        self._due = float("-inf")

    def note(self, load: Mapping[str, Any]) -> None:
        """Take what a heartbeat says.

        Args:
            load: ``cpu_percent``, ``memory_used_mb``, ``gpus`` with ``percent`` each; all may be missing.
        """
        gpus = load.get("gpus")
        rows = gpus if isinstance(gpus, list) else []
        busy = [each for row in rows if isinstance(row, dict) and (each := _number(row.get("percent"))) is not None]
        now = self._clock()
        sample = _Sample(
            now, _number(load.get("cpu_percent")), _number(load.get("memory_used_mb")),
            sum(busy) / len(busy) if busy else None,
        )  # fmt: skip
        if sample[1:] == (None, None, None):
            return
        if now < self._due and self._samples:
            self._samples.pop()
        else:
            self._due = now + _EVERY_S
        self._samples.append(sample)

    def columns(self) -> dict[str, list[float | None]]:
        """Return the samples by field: Unix times, percent, MiB, percent."""
        samples = list(self._samples)
        return {name: [sample[place] for sample in samples] for place, name in enumerate(_Sample._fields)}


def _number(value: Any) -> float | None:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if number and 0 <= value < 1e9 else None
