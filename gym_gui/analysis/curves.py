"""Learning curves of several runs on one grid: mean, lowest and highest."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from gym_gui.runs.summary import CurvePoint, RunSummary

GRID_POINTS = 200


@dataclass(frozen=True)
class Line:
    """One run's learning curve.

    Args:
        label: Its label.
        steps: Environment steps, increasing.
        returns: Mean return of the training episodes that ended around each step.
    """

    label: str
    steps: tuple[float, ...]
    returns: tuple[float, ...]


@dataclass(frozen=True)
class Band:
    """Several curves combined, over the range of all of them.

    Args:
        steps: The common grid, environment steps.
        mean: Mean over the curves.
        low: Lowest curve.
        high: Highest curve.
        count: Number of curves.
    """

    steps: tuple[float, ...]
    mean: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    count: int


def smoothed(line: Line, window: int) -> Line:
    """Return a curve smoothed by a moving average over its last points.

    Args:
        line: The curve.
        window: Number of points, at least 1; fewer at the beginning.
    """
    returns = [sum(part) / len(part) for end in range(1, len(line.returns) + 1)
               if (part := line.returns[max(end - window, 0) : end])]  # fmt: skip
    return Line(line.label, line.steps, tuple(returns))


def line_of(run: RunSummary, label: str | None = None) -> Line:
    """Return a run's learning curve: the points of its workers, sorted by step.

    Points with a non-finite return are omitted, since they cannot be drawn.
    """
    points: list[CurvePoint] = [point for worker in run.workers for point in worker.curve]
    points = sorted((p for p in points if math.isfinite(p.mean_return)), key=lambda point: point.step)
    merged: dict[int, tuple[int, float]] = {}
    for point in points:
        episodes, total = merged.get(point.step, (0, 0.0))
        weight = max(point.episodes, 1)
        merged[point.step] = (episodes + weight, total + weight * point.mean_return)
    steps = tuple(float(step) for step in merged)
    return Line(label or run.run_name or run.run_id, steps, tuple(total / n for n, total in merged.values()))


def band_of(lines: Sequence[Line], points: int = GRID_POINTS) -> Band:
    """Return mean and extremes of curves on a common grid of steps.

    The grid covers the common range of the curves: beyond it the mean would jump where one ends.

    Args:
        lines: The curves; those without points are ignored.
        points: Points of the grid, at least 2.
    """
    lines = [line for line in lines if line.steps]
    first = max((line.steps[0] for line in lines), default=0.0)
    spread = min((line.steps[-1] for line in lines), default=-1.0) - first
    if spread < 0:
        return Band((), (), (), (), len(lines))
    grid = tuple(first + spread * index / (points - 1) for index in range(points)) if spread else (first,)
    rows = [[value_at(line, step) for line in lines] for step in grid]
    return Band(
        steps=grid,
        mean=tuple(sum(values) / len(values) for values in rows),
        low=tuple(map(min, rows)),
        high=tuple(map(max, rows)),
        count=len(lines),
    )


def value_at(line: Line, step: float) -> float:
    """Return a curve's value at a step, interpolated, and constant outside of its range."""
    right = bisect_right(line.steps, step)
    if right in (0, len(line.steps)):
        return line.returns[0 if right == 0 else -1]
    before, after = line.steps[right - 1], line.steps[right]
    share = (step - before) / (after - before)
    return line.returns[right - 1] + share * (line.returns[right] - line.returns[right - 1])
