"""Comparison of groups of runs: their results and their learning curves, each with a centre and a range."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from gym_gui.reading.curves import GRID_POINTS, Line, as_line
from gym_gui.reading.pages import RunRow
from gym_gui.reading.statistics import (
    Description,
    Interval,
    Statistic,
    StatisticBand,
    describe,
    far_values,
    interval_of,
    statistic_band,
)
from gym_gui.runs import RunSummary, return_of


class GroupComparison(msgspec.Struct, kw_only=True):
    """Results of runs with the same values of some fields.

    Args:
        key: By field: the common values.
        name: Name of its first run, for people.
        run_ids: Its runs.
        returns: Centre and range of their mean returns; null without any.
        best: The same of their best returns.
        far_runs: Runs whose return lies far from those of the others, or is not finite.
        curve: Their learning curves together, over the steps that all of them cover.
    """

    key: dict[str, list[Any]]
    name: str
    run_ids: list[str]
    returns: Interval | None
    best: Interval | None
    far_runs: list[str]
    curve: StatisticBand


def compare_groups(
    rows: Sequence[RunRow],
    group_by: Sequence[str],
    statistic: Statistic,
    points: int = GRID_POINTS,
    lines: Mapping[str, Line] | None = None,
) -> list[GroupComparison]:
    """Return the groups of runs, the one with the highest return first.

    The bootstrap draws from each environment of a group as many runs as it has.

    Args:
        rows: The runs, with their curves and with the fields among their columns.
        group_by: The fields; none: all runs are one group.
        statistic: Centre and spread.
        points: Points of each group's curve, at least 2.
        lines: By run, curves in place of their learning curves.

    Raises:
        ConfigError: There is no such statistic.
    """
    groups: dict[str, list[RunRow]] = {}
    for row in rows:
        groups.setdefault(repr([row.values.get(name, []) for name in group_by]), []).append(row)
    if lines is None:
        lines = {row.run.run_id: as_line(row.curve) for row in rows}
    found = [_compared(members, group_by, statistic, points, lines) for members in groups.values()]
    return sorted(found, key=lambda group: -math.inf if group.returns is None else group.returns.centre, reverse=True)


def _compared(
    rows: Sequence[RunRow], group_by: Sequence[str], statistic: Statistic, points: int, lines: Mapping[str, Line]
) -> GroupComparison:
    runs = [row.run for row in rows]
    strata = _strata(runs)
    returns = [math.nan if (value := return_of(run)) is None else value for run in runs]
    best = [math.nan if run.best_return is None else run.best_return for run in runs]
    far = {runs[index].run_id for index in far_values(returns) if return_of(runs[index]) is not None}
    return GroupComparison(
        key={name: rows[0].values.get(name, []) for name in group_by},
        name=runs[0].run_name,
        run_ids=[run.run_id for run in runs],
        returns=interval_of(returns, statistic, strata),
        best=interval_of(best, statistic, strata),
        far_runs=[run.run_id for run in runs if run.run_id in far or run.nan_episodes or run.eval_nan_episodes],
        curve=statistic_band([lines.get(run.run_id, Line("", (), ())) for run in runs], statistic, strata, points),
    )


class ComparedSeries(msgspec.Struct, kw_only=True):
    """Curves of a series of several runs as one: columns of equal length.

    Args:
        name: For people; of several runs with their number.
        sequence: Of its first run, by which it keeps its look.
        steps: Places.
        centre: The curve.
        low: Lower end of its range; of a single run none.
        high: Upper end, likewise.
        result: Centres and spreads of the runs' results; null without any.
    """

    name: str
    sequence: int
    steps: Sequence[float]
    centre: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    result: Description | None = None


def compare_series(
    rows: Sequence[RunRow], by: str, statistic: Statistic, lines: Mapping[str, Line], *, of_runs: bool
) -> list[ComparedSeries]:
    """Return the curves of groups of runs, and what the runs came to; a single run keeps each of its points.

    Args:
        rows: The runs, with the field among their columns.
        by: The field that runs of a group have in common: ``id`` for single runs.
        statistic: Centre and spread of the curves.
        lines: By run: its curve.
        of_runs: A run's result is its mean return; else the last value of its curve.

    Raises:
        ConfigError: There is no such statistic.
    """
    runs = {row.run.run_id: row.run for row in rows}
    found = []
    for group in compare_groups(rows, (by,), statistic, lines=lines):
        members = [runs[run_id] for run_id in group.run_ids]
        drawn = [lines.get(run.run_id, Line("", (), ())) for run in members]
        results = [
            return_of(run) if of_runs else (line.returns[-1] if line.returns else None)
            for run, line in zip(members, drawn, strict=True)
        ]
        common = ", ".join(str(value) for values in group.key.values() for value in values)
        one = ComparedSeries(
            name=group.name if by in ("id", "variant") else common or f"no {by}",
            sequence=min(run.sequence for run in members),
            steps=drawn[0].steps,
            centre=drawn[0].returns,
            result=describe([math.nan if value is None else value for value in results], _strata(members)),
        )
        if len(members) > 1:
            band = group.curve
            one.name = f"{one.name} ({len(members)} runs)"
            one.steps, one.centre, one.low, one.high = band.steps, band.centre, band.low, band.high
        found.append(one)
    return found


def _strata(runs: Sequence[RunSummary]) -> list[str]:
    """Return for each run its environments: the bootstrap draws from each by itself."""
    return [", ".join(worker.env_id for worker in run.workers) for run in runs]
