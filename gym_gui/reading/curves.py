"""Learning curves: of a run's workers together, with fewer points, and of several runs on one grid."""

from __future__ import annotations

import itertools
import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from gym_gui.reading.thinning import SeriesLine
from gym_gui.runs import CurvePoint, RunSummary

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


class Band(msgspec.Struct, kw_only=True):
    """Several curves combined, over the range that all of them cover."""

    steps: list[float]
    """The common grid, environment steps."""
    mean: list[float]
    """Mean over the curves."""
    low: list[float]
    """Lowest curve."""
    high: list[float]
    """Highest curve."""
    count: int
    """Number of curves."""


def smoothed(line: Line, window: int) -> Line:
    """Return a curve smoothed by a moving average over its last points.

    Args:
        line: The curve.
        window: Number of points, at least 1; fewer at the beginning.
    """
    returns = [sum(part) / len(part) for end in range(1, len(line.returns) + 1)
               if (part := line.returns[max(end - window, 0) : end])]  # fmt: skip
    return Line(line.label, line.steps, tuple(returns))


def curve_of(curves: Iterable[Iterable[CurvePoint]], points: int | None = None) -> list[CurvePoint]:
    """Return the curves of a run's workers as one, sorted by step, with one point a step.

    Points with a non-finite return are omitted, since they cannot be drawn.

    Args:
        curves: The workers' curves.
        points: Maximum number of points; ``None``: all.
    """
    finite = [point for curve in curves for point in curve if math.isfinite(point.mean_return)]
    finite.sort(key=lambda point: point.step)
    merged: list[CurvePoint] = []
    for point in finite:
        if merged and merged[-1].step == point.step:
            merged[-1] = _merged([merged[-1], point])
        else:
            merged.append(point)
    return merged if points is None else thinned(merged, points)


def thinned(curve: Sequence[CurvePoint], points: int) -> list[CurvePoint]:
    """Return a curve with at most so many points, each of equally many neighbouring ones.

    Args:
        curve: The curve.
        points: Maximum number of points, at least 1.
    """
    if len(curve) <= points:
        return list(curve)
    edges = [len(curve) * index // points for index in range(points + 1)]
    return [_merged(curve[start:end]) for start, end in itertools.pairwise(edges)]


def _merged(points: Sequence[CurvePoint]) -> CurvePoint:
    """Return several points as one, at the last one's step, its mean weighted by episodes."""
    if len(points) == 1:
        return points[0]
    weight, episodes, mean, low, high = 0, 0, 0.0, math.inf, -math.inf
    for point in points:
        weight += point.episodes or 1
        episodes += point.episodes
        mean += (point.mean_return - mean) * ((point.episodes or 1) / weight)
        low, high = min(low, point.min_return), max(high, point.max_return)
    return CurvePoint(step=points[-1].step, episodes=episodes, mean_return=mean, min_return=low, max_return=high)


def line_of(run: RunSummary, label: str | None = None) -> Line:
    """Return a run's learning curve: the points of its workers, sorted by step."""
    curve = curve_of(worker.curve for worker in run.workers)
    return as_line(curve, label or run.run_name or run.run_id)


def as_line(curve: Sequence[CurvePoint], label: str = "") -> Line:
    """Return the mean returns of a curve."""
    return Line(label, tuple(float(point.step) for point in curve), tuple(point.mean_return for point in curve))


def line_of_series(lines: Iterable[SeriesLine], label: str = "") -> Line:
    """Return the curves of a series' workers, attempts and agents as one, sorted by x, with one point an x.

    Args:
        lines: The curves.
        label: Its label.
    """
    points: dict[float, tuple[int, float]] = {}
    for line in lines:
        for x, count, mean in zip(line.last_x, line.count, line.mean, strict=True):
            before, value = points.get(x, (0, 0.0))
            points[x] = before + count, value + (mean - value) * (count / (before + count))
    xs = sorted(points)
    return Line(label, tuple(xs), tuple(points[x][1] for x in xs))


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
        return Band(steps=[], mean=[], low=[], high=[], count=len(lines))
    grid = [first + spread * index / (points - 1) for index in range(points)] if spread else [first]
    rows = [[value_at(line, step) for line in lines] for step in grid]
    return Band(
        steps=grid,
        mean=[sum(values) / len(values) for values in rows],
        low=list(map(min, rows)),
        high=list(map(max, rows)),
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
