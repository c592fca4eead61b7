"""Axes of charts that no row has: the number of a value in its series, and the value of another series."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from gym_gui.reading.curves import Line, value_at
from gym_gui.reading.thinning import SeriesLine, Thinning

#: Before the name of a series that is an axis.
METRIC_AXIS = "metric:"


def numbered(line: SeriesLine, start: int, place_of: Callable[[float], int]) -> SeriesLine:
    """Return a curve over the numbers of its values, from 1, given that over their rows.

    Args:
        line: The curve; its x are ids of rows.
        start: Number of values before its first one.
        place_of: Returns the number of values before a row.
    """
    marks = sorted(zip(line.marks.x, line.marks.count, strict=True))
    before, at = start, 0
    first_x, last_x = [], []
    for first, last, count in zip(line.first_x, line.last_x, line.count, strict=True):
        while at < len(marks) and marks[at][0] < first:  # of points that have no finite value
            before += marks[at][1]
            at += 1
        first_x.append(float(before + 1))
        while at < len(marks) and marks[at][0] <= last:
            before += marks[at][1]
            at += 1
        before += count
        last_x.append(float(before))
    line.first_x, line.last_x = first_x, last_x
    line.marks.x = [float(place_of(row) + 1) for row in line.marks.x]
    return line


def over_series(
    line: SeriesLine, others: Sequence[SeriesLine], low: float, high: float, points: int
) -> SeriesLine | None:
    """Return a curve over the values of another series of the same worker and attempt.

    Each point lies at the other series' value at its step, interpolated; points beyond its steps have no place.

    Args:
        line: The curve over steps.
        others: Curves of the other series over steps.
        low: Lowest value of the other series.
        high: Highest.
        points: Maximum number of points.

    Returns:
        The curve, in the order of its steps; ``None``: there is no such other curve.
    """
    place = line.worker_id, line.attempt
    same = [each for each in others if (each.worker_id, each.attempt) == place and each.count]
    other = next((each for each in same if each.agent_id == line.agent_id), same[0] if same else None)
    if other is None:
        return None
    ordered = sorted(zip(other.last_x, other.mean, strict=True))
    axis = Line("", tuple(step for step, _ in ordered), tuple(value for _, value in ordered))

    def x_of(step: float) -> float | None:
        return value_at(axis, step) if axis.steps[0] <= step <= axis.steps[-1] else None

    thinning = Thinning(points, 1)
    without = line.without_x
    for number, (step, *numbers) in enumerate(
        zip(line.last_x, line.count, line.low, line.mean, line.high, line.last, strict=True)
    ):
        x = x_of(step)
        if x is None:
            without += numbers[0]
        elif low <= x <= high:
            thinning.add_summary(number, (x, x), tuple(numbers))
    found = thinning.line()
    found.worker_id, found.attempt, found.agent_id, found.phase = *place, line.agent_id, line.phase
    found.width, found.without_x = max(found.width, 1) * line.width, without
    for x, kind, count in zip(map(x_of, line.marks.x), line.marks.kind, line.marks.count, strict=True):
        if x is not None and math.isfinite(x) and low <= x <= high:
            found.marks.x.append(x)
            found.marks.kind.append(kind)
            found.marks.count.append(count)
    return found
