"""Curves of a chart with their bands: of a run, of its series, of groups of runs; and as CSV."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from gym_gui.look import LOOKS
from gym_gui.reading import ComparedSeries, Series, SeriesLine
from gym_gui.runs import RunSummary

#: What a chart can be drawn over, by what that is called.
X_AXES = {"environment steps": "step", "episodes": "episode", "time since the start": "relative"}


@dataclass(frozen=True)
class Curve:
    """One curve of a chart.

    Args:
        name: For the legend.
        x: Places.
        y: Values, as many; NaN is a gap.
        low: Lower ends of the band; empty: no band.
        high: Its upper ends.
        number: Which look it has.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    number: int = 0


def csv_of(curves: Sequence[Curve]) -> str:
    """Return the points of curves as CSV, a line each."""
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(("curve", "x", "value", "low", "high"))
    for curve in curves:
        columns = zip_longest(curve.x, curve.y, curve.low, curve.high, fillvalue="")
        writer.writerows((curve.name, *row) for row in columns)
    return stream.getvalue()


def learning_curves(run: RunSummary) -> list[Curve]:
    """Return a learning curve for each worker; with its band where there is one: several hide each other."""
    several = len(run.workers) > 1
    colours = sum(not look.dash for look in LOOKS)
    return [
        Curve(
            name=worker.worker_id if several else "return",
            x=[point.step for point in worker.curve],
            y=[point.mean_return for point in worker.curve],
            low=[] if several else [point.min_return for point in worker.curve],
            high=[] if several else [point.max_return for point in worker.curve],
            number=(run.sequence + place) % colours if place < colours else run.sequence + place,
        )
        for place, worker in enumerate(run.workers)
        if worker.curve
    ]


def curves_of_series(series: Series, number: int, unit: float = 1.0) -> list[Curve]:
    """Return the curves of a series: of each worker, attempt, agent and phase.

    Args:
        series: The series.
        number: Which look the first one has.
        unit: How many of its values are 1 in the chart.
    """
    return [_curve(line, number + at, unit, named=len(series.lines) > 1) for at, line in enumerate(series.lines)]


def curves_of_groups(groups: Sequence[ComparedSeries]) -> list[Curve]:
    """Return the curves of compared groups of runs."""
    return [Curve(each.name, each.steps, each.centre, each.low, each.high, each.sequence) for each in groups]


def _curve(line: SeriesLine, number: int, unit: float, *, named: bool) -> Curve:
    words = (line.worker_id, f"attempt {line.attempt}" if line.attempt > 1 else "", line.agent_id, line.phase)
    name = " ".join(word for word in words if word) if named else "value"
    y = [value / unit if count else math.nan for value, count in zip(line.mean, line.count, strict=True)]
    low, high = ([value / unit for value in column] for column in (line.low, line.high))
    return Curve(name=name, x=line.last_x, y=y, low=low, high=high, number=number)
