"""A page of runs or of groups of runs, as a search returns it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from statistics import fmean, pstdev
from typing import Any

import msgspec

from gym_gui.reading.curves import Band
from gym_gui.runs.summary import CurvePoint, RunSummary


class Spread(msgspec.Struct, kw_only=True):
    """Spread of a value over some runs; runs without a finite value are not counted.

    Args:
        count: Number of runs with a value.
        mean: Their mean.
        std: Standard deviation of these runs alone (population).
        low: The lowest.
        high: The highest.
    """

    count: int
    mean: float
    std: float
    low: float
    high: float


class RunRow(msgspec.Struct, kw_only=True):
    """A run of a page.

    Args:
        run: Its summary.
        values: By column: its values; several where its workers differ.
        curve: Its learning curve, all workers together, with as many points as were asked for at most.
    """

    run: RunSummary
    values: dict[str, list[Any]] = {}
    curve: list[CurvePoint] = []


class GroupRow(msgspec.Struct, kw_only=True):
    """Runs with the same values of some fields.

    Args:
        key: By field: the common values, none where the runs have none.
        run_ids: Its runs, the newest first.
        states: By state: number of runs.
        returns: Spread of their mean returns.
        best: Spread of their best returns.
        steps: Spread of their steps.
        speed: Spread of their steps per second.
        newest: The newest of them.
        band: Their learning curves together, if curves were asked for; of the newest of them only where they are many:
            of at most 200, and of at most 2,000 of all groups of the page.
    """

    key: dict[str, list[Any]] = {}
    run_ids: list[str]
    states: dict[str, int]
    returns: Spread | None
    best: Spread | None
    steps: Spread | None
    speed: Spread | None
    newest: RunSummary
    band: Band | None = None


class Page(msgspec.Struct, kw_only=True):
    """One page of a search.

    Args:
        runs: The runs; empty if groups were asked for.
        groups: The groups.
        total: Number of matching runs.
        groups_total: Number of groups.
        cursor: Cursor of the next page; empty if there is none.
    """

    runs: list[RunRow] = []
    groups: list[GroupRow] = []
    total: int
    groups_total: int = 0
    cursor: str = ""


def spread_of(values: Iterable[float | None]) -> Spread | None:
    """Return the spread of the finite values, ``None`` if there are none."""
    finite = [float(value) for value in values if value is not None and math.isfinite(value)]
    return _spread(finite) if finite else None


def _spread(values: Sequence[float]) -> Spread:
    return Spread(count=len(values), mean=fmean(values), std=pstdev(values), low=min(values), high=max(values))
