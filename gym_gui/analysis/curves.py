"""Learning curves of several runs on one grid of steps: their mean, and the band between lowest and highest."""

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
        label: What to call it.
        steps: Environment steps, increasing.
        returns: Mean return of the training episodes that ended around each step.
    """

    label: str
    steps: tuple[float, ...]
    returns: tuple[float, ...]


@dataclass(frozen=True)
class Band:
    """Several curves as one: per grid point the mean and the extremes over those that reach it.

    Args:
        steps: The common grid, environment steps.
        mean: Mean over the curves.
        low: Lowest curve.
        high: Highest curve.
        count: How many curves reach the point.
    """

    steps: tuple[float, ...]
    mean: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    count: tuple[int, ...]


def smoothed(line: Line, window: int) -> Line:
    """Return a curve each of whose points is the mean of the last points of another.

    Args:
        line: The curve.
        window: How many points, at least 1; the first points have fewer behind them.
    """
    returns = [sum(part) / len(part) for end in range(1, len(line.returns) + 1)
               if (part := line.returns[max(end - window, 0) : end])]  # fmt: skip
    return Line(line.label, line.steps, tuple(returns))


def line_of(run: RunSummary, label: str | None = None) -> Line:
    """Return a run's learning curve: that of its worker, or of several workers' points in the order of their steps.

    Points whose return is not finite are left out: nothing can be drawn there.
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
    """Put curves on a common grid of steps and take mean and extremes.

    The grid begins where the last curve begins and ends where the longest ends; a curve that ended earlier counts only
    as far as it goes, and ``count`` says so.

    Args:
        lines: The curves; those without points are ignored.
        points: Points of the grid, at least 2.
    """
    lines = [line for line in lines if line.steps]
    if not lines:
        return Band((), (), (), (), ())
    first = max(line.steps[0] for line in lines)
    last = max(line.steps[-1] for line in lines)
    spread = last - first
    grid = [last] if spread <= 0 else [first + spread * index / (points - 1) for index in range(points)]
    rows = [
        (step, values) for step in grid if (values := [v for line in lines if (v := value_at(line, step)) is not None])
    ]
    return Band(
        steps=tuple(step for step, _ in rows),
        mean=tuple(sum(values) / len(values) for _, values in rows),
        low=tuple(min(values) for _, values in rows),
        high=tuple(max(values) for _, values in rows),
        count=tuple(len(values) for _, values in rows),
    )


def value_at(line: Line, step: float) -> float | None:
    """Return a curve's value at a step, linearly between its points; ``None`` outside of them."""
    if not line.steps or not line.steps[0] <= step <= line.steps[-1]:
        return None
    right = bisect_right(line.steps, step)
    if right == len(line.steps):
        return line.returns[-1]
    before, after = line.steps[right - 1], line.steps[right]
    share = (step - before) / (after - before)
    return line.returns[right - 1] + share * (line.returns[right] - line.returns[right - 1])
