"""A page of runs or of groups of runs, as a search returns it."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from statistics import fmean, pstdev
from typing import Any

import msgspec

from gym_gui.reading.curves import Band
from gym_gui.runs import CurvePoint, RunSummary

_encoder = msgspec.msgpack.Encoder()


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
        return_values: The returns themselves, in the order of the ids, NaN where a run has none; of at most 1,000 runs.
        best_values: The same of the best returns.
        far_runs: Runs whose return lies far from those of the others, or is not finite.
        values: By column: the different values of its runs, at most 20; of a metric: the last value of each run that
            has one, of the newest runs only where a page has many.
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
    return_values: list[float] = []
    best_values: list[float] = []
    far_runs: list[str] = []
    values: dict[str, list[Any]] = {}


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


class SearchUpdate(msgspec.Struct, kw_only=True):
    """What has changed in a page of a search that is watched; the first one has all of it.

    Args:
        run_ids: The runs of the page in their order.
        runs: Those of them that are new or have changed.
        groups: All groups of the page, if any of them has changed.
        groups_changed: Whether any has.
        total: Number of matching runs.
        groups_total: Number of groups.
        cursor: Cursor of the next page; empty if there is none.
    """

    run_ids: list[str] = []
    runs: list[RunRow] = []
    groups: list[GroupRow] = []
    groups_changed: bool = False
    total: int
    groups_total: int = 0
    cursor: str = ""


def update_between(before: Page | None, after: Page, *, ignored: Collection[str] = ()) -> SearchUpdate | None:
    """Return what leads from one page of a search to a later one; ``None``: nothing has changed.

    Args:
        before: The earlier page; ``None``: there was none.
        after: The later one. Rows that have not changed are replaced in it by those of the earlier one.
        ignored: Columns whose values alone change no row.
    """
    old = {row.run.run_id: row for row in before.runs} if before is not None else {}
    changed = []
    for index, row in enumerate(after.runs):
        former = old.get(row.run.run_id)
        if former is not None and _same_row(former, row, ignored):
            after.runs[index] = former
        else:
            changed.append(row)
    groups_changed = before is None or not _same(before.groups, after.groups)
    update = SearchUpdate(
        run_ids=[row.run.run_id for row in after.runs],
        runs=changed,
        groups=after.groups if groups_changed else [],
        groups_changed=groups_changed and bool(after.groups or (before is not None and before.groups)),
        total=after.total,
        groups_total=after.groups_total,
        cursor=after.cursor,
    )
    if before is not None and not changed and not groups_changed:
        places = [row.run.run_id for row in before.runs], before.total, before.groups_total, before.cursor
        if places == (update.run_ids, update.total, update.groups_total, update.cursor):
            return None
    return update


def _same_row(one: RunRow, other: RunRow, ignored: Collection[str]) -> bool:
    if one is other:
        return True
    if ignored:
        other = msgspec.structs.replace(other, values={**other.values, **{name: one.values[name] for name in ignored}})
    return _same(one, other)


def _same(one: Any, other: Any) -> bool:
    """Return whether two values are equal; NaN equals itself here."""
    if one == other:
        return True
    try:
        return _encoder.encode(one) == _encoder.encode(other)
    except (ValueError, OverflowError):  # a text that is no UTF-8, or a number beyond 64 bits
        return False


def spread_of(values: Iterable[float | None]) -> Spread | None:
    """Return the spread of the finite values, ``None`` if there are none."""
    finite = [float(value) for value in values if value is not None and math.isfinite(value)]
    return _spread(finite) if finite else None


def _spread(values: Sequence[float]) -> Spread:
    return Spread(count=len(values), mean=fmean(values), std=pstdev(values), low=min(values), high=max(values))
