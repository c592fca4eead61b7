"""Curves of what a run's workers used: CPU, memory, memory of GPUs, over time."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from gym_gui.reading.thinning import SeriesLine, Thinning, least_width

SYSTEM_PREFIX = "system/"
CPU, MEMORY, GPU_MEMORY = (f"{SYSTEM_PREFIX}{name}" for name in ("cpu", "memory", "gpu_memory"))
#: In percent of one core, bytes, bytes.
SYSTEM_NAMES = (CPU, MEMORY, GPU_MEMORY)


class _Sample(NamedTuple):
    at: float
    worker_id: str
    attempt: int
    cpu_seconds: float
    memory_bytes: float
    gpu_memory_bytes: float | None


def usage_values(path: Path) -> dict[str, dict[tuple[str, int], tuple[list[float], list[float]]]]:
    """Return by name, worker and attempt the times and values of each series; of a run without samples nothing.

    Args:
        path: The samples, :attr:`RunFolder.usage`.
    """
    found: dict[str, dict[tuple[str, int], tuple[list[float], list[float]]]] = defaultdict(
        lambda: defaultdict(lambda: ([], []))
    )
    before: dict[tuple[str, int], _Sample] = {}
    for sample in _samples(path):
        key = sample.worker_id, sample.attempt
        values: dict[str, float | None] = {MEMORY: sample.memory_bytes, GPU_MEMORY: sample.gpu_memory_bytes}
        last = before.get(key)
        if last is not None and sample.at > last.at:
            # Less than before: a descendant has ended for which no process waited, and its time went with it.
            values[CPU] = max(0.0, 100.0 * (sample.cpu_seconds - last.cpu_seconds) / (sample.at - last.at))
        before[key] = sample
        for name, value in values.items():
            if value is not None:
                times, column = found[name][key]
                times.append(sample.at)
                column.append(value)
    return found


def usage_lines(path: Path, name: str, start: float, between: tuple[float, float], points: int) -> list[SeriesLine]:
    """Return the curves of a series, one a worker and attempt.

    Args:
        path: The samples.
        name: One of `SYSTEM_NAMES`.
        start: Unix time that is 0 on the axis.
        between: Lowest and highest x.
        points: Maximum number of points of each.
    """
    lines = []
    low, high = between
    for (worker_id, attempt), (times, values) in usage_values(path).get(name, {}).items():
        chosen = [(at - start, value) for at, value in zip(times, values, strict=True) if low <= at - start <= high]
        thinning = Thinning(points, least_width(len(chosen), points))
        thinning.add_values(range(len(chosen)), [x for x, _ in chosen], [value for _, value in chosen])
        line = thinning.line()
        line.worker_id, line.attempt = worker_id, attempt
        lines.append(line)
    return lines


def _samples(path: Path) -> Iterator[_Sample]:
    """Yield the samples of a file; lines that a full disk cut off are left out."""
    try:
        text = path.read_text("utf-8", "replace")
    except OSError:
        return
    for line in text.splitlines():
        sample = _sample(line)
        if sample is not None:
            yield sample


def _sample(line: str) -> _Sample | None:
    try:
        sample = _Sample(*json.loads(line))
        whole = all(map(math.isfinite, (sample.at, sample.cpu_seconds, sample.memory_bytes)))
    except (ValueError, TypeError, RecursionError):
        return None
    return sample if whole else None
