"""Search of runs: filter, sort, page, group. Pure functions over entries."""

from __future__ import annotations

import base64
import json
import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gym_gui.core.worker.errors import ConfigError, Problem
from gym_gui.reading.curves import as_line, band_of
from gym_gui.reading.fields import (
    CONFIG,
    FIELDS,
    METRIC,
    Entry,
    RunField,
    Value,
    find_field,
    metric_field,
    nearest_field,
)
from gym_gui.reading.pages import GroupRow, Page, RunRow, spread_of
from gym_gui.reading.query import Query, parse_query
from gym_gui.reading.statistics import far_values
from gym_gui.runs import CurvePoint, RunSummary, return_of

DEFAULT_SORT = ("-created",)
#: Runs of a page at most.
MAX_PAGE = 1000
#: Points of a curve of a page at most.
MAX_CURVE_POINTS = 256
#: Runs whose curves make the band of a group, and the bands of a page, at most.
_BAND_RUNS, _PAGE_BAND_RUNS = 200, 2000
#: Runs of a group whose returns are in its row, at most.
_GROUP_VALUES = 1000
#: Different values of a column in a group's row, at most.
_GROUP_DISTINCT = 20
#: Runs of a page whose metrics are read, at most, for groups.
_PAGE_METRIC_RUNS = 1000
#: Stands for every setting among the columns.
ALL_SETTINGS = "config.*"

#: Values of each part of a sort key.
_PART = 3

CurvesOf = Callable[[Sequence[str], int], Mapping[str, list[CurvePoint]]]
"""Returns the learning curves of runs by id, those of each run's workers as one, with so many points at most."""
MetricsOf = Callable[[Sequence[RunSummary], Sequence[str]], Mapping[str, Mapping[str, float]]]
"""Returns the last values of metrics of runs by id, those that a run has."""


@dataclass(frozen=True)
class Search:
    """What is asked of runs.

    Args:
        text: A query, see :mod:`gym_gui.reading.query`.
        sort: Fields to sort by, the most significant first; ``-`` before one: from the highest down; ``metric.NAME``
            among them. Runs without the value are last either way. Groups are sorted by the mean of a metric.
        limit: Runs, or groups, of the page.
        cursor: That of the page before; empty: the first page.
        group_by: Fields whose values a group has in common; none: no groups.
        columns: Fields whose values are wanted beside the summaries, such as ``config.learning_rate``; ``config.*``:
            every setting; ``metric.NAME``: the last value of a metric.
        curve_points: Points of each run's learning curve, or of each group's, at most; 0: no curves.
    """

    text: str = ""
    sort: tuple[str, ...] = DEFAULT_SORT
    limit: int = 100
    cursor: str = ""
    group_by: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    curve_points: int = 0


@dataclass(frozen=True)
class Prepared:
    """A search that was checked.

    Args:
        search: As asked.
        query: Its query.
        sort: Its fields and whether each is sorted from the highest down.
        group_by: Its fields.
        columns: Its fields.
        metrics: The metrics among its columns, in their order.
        sort_metrics: Those that it is sorted by.
    """

    search: Search
    query: Query
    sort: tuple[tuple[RunField, bool], ...]
    group_by: tuple[RunField, ...]
    columns: tuple[RunField, ...]
    metrics: tuple[str, ...] = ()
    sort_metrics: tuple[str, ...] = ()

    @property
    def needs_facts(self) -> bool:
        """Whether it asks for what only ``run.json`` says."""
        fields = [*(each for each, _ in self.sort), *self.group_by, *self.columns]
        return self.query.needs_facts or self.all_settings or any(each.facts for each in fields)

    @property
    def all_settings(self) -> bool:
        """Whether every setting of the runs is a column."""
        return ALL_SETTINGS in self.search.columns

    @property
    def changing(self) -> bool:
        """Whether the page changes with time alone; values of columns do not count."""
        fields = [*(each for each, _ in self.sort), *self.group_by]
        return self.query.changing or any(each.changing for each in fields)

    @property
    def changing_columns(self) -> frozenset[str]:
        """Columns whose values change with time alone."""
        return frozenset(each.name for each in self.columns if each.changing)


def prepare(search: Search, now: float | None = None) -> Prepared:
    """Return a search that can be carried out.

    Raises:
        ConfigError: Its query cannot be read, a field does not exist, or the page does not.
    """
    query = parse_query(search.text, now)
    problems: list[Problem] = []
    sort = [(_sort_field(name.removeprefix("-"), problems), name.startswith("-")) for name in search.sort]
    group_by = [_field("group_by", name, problems) for name in search.group_by]
    metrics = tuple(name.removeprefix(METRIC) for name in search.columns if name.startswith(METRIC))
    fields = [name for name in search.columns if name != ALL_SETTINGS and not name.startswith(METRIC)]
    columns = [_field("columns", name, problems) for name in fields]
    if not 0 < search.limit <= MAX_PAGE:
        problems.append(Problem("limit", "is out of range", value=search.limit, allowed=f"1 to {MAX_PAGE}"))
    if not 0 <= search.curve_points <= MAX_CURVE_POINTS:
        allowed = f"0 to {MAX_CURVE_POINTS}"
        problems.append(Problem("curve_points", "is out of range", value=search.curve_points, allowed=allowed))
    if search.cursor and _decoded(search.cursor) is None:
        problems.append(Problem("cursor", "is not a cursor", value=search.cursor[:80], allowed="that of a page"))
    if problems:
        raise ConfigError("the search is not valid", problems, next_step="correct these fields")
    return Prepared(
        search,
        query,
        tuple((each, down) for each, down in sort if each is not None),
        tuple(each for each in group_by if each is not None),
        tuple(each for each in columns if each is not None),
        metrics,
        tuple(each.name.removeprefix(METRIC) for each, _ in sort if each is not None and each.name.startswith(METRIC)),
    )


def search_runs(
    prepared: Prepared,
    entries: Iterable[Entry],
    now: float | None = None,
    *,
    curves_of: CurvesOf = lambda *_: {},
    metrics_of: MetricsOf = lambda *_: {},
) -> Page:
    """Return a page of the runs that match.

    Args:
        prepared: The search.
        entries: All runs.
        now: Unix time, seconds.
        curves_of: Gets the learning curves of runs of the page, if the search asks for curves.
        metrics_of: Gets the last values of metrics: of all runs that match if they are sorted by one, and of runs of
            the page if some are columns.
    """
    now = time.time() if now is None else now
    found = [entry for entry in entries if prepared.query.matches(entry, now)]
    if prepared.sort_metrics:
        values = metrics_of([entry.run for entry in found], prepared.sort_metrics)
        found = [Entry(entry.run, entry.facts, values.get(entry.run.run_id, {})) for entry in found]
    page = _page_of_groups(prepared, found, now) if prepared.group_by else _page_of_runs(prepared, found, now)
    if prepared.metrics:
        _add_metrics(page, prepared.metrics, {entry.run.run_id: entry.run for entry in found}, metrics_of)
    if prepared.search.curve_points:
        _add_curves(page, prepared.search.curve_points, curves_of)
    return page


def _add_curves(page: Page, points: int, curves_of: CurvesOf) -> None:
    share = min(_BAND_RUNS, max(_PAGE_BAND_RUNS // max(len(page.groups), 1), 1))
    members = [group.run_ids[:share] for group in page.groups]
    run_ids = [*(row.run.run_id for row in page.runs), *(run_id for ids in members for run_id in ids)]
    curves = curves_of(run_ids, points)
    for row in page.runs:
        row.curve = curves.get(row.run.run_id, [])
    for group, ids in zip(page.groups, members, strict=True):
        group.band = band_of([as_line(curves.get(run_id, [])) for run_id in ids], max(points, 2))


def _add_metrics(page: Page, names: Sequence[str], runs: Mapping[str, RunSummary], metrics_of: MetricsOf) -> None:
    share = max(_PAGE_METRIC_RUNS // max(len(page.groups), 1), 1)
    members = [group.run_ids[:share] for group in page.groups]
    run_ids = [*(row.run.run_id for row in page.runs), *(run_id for ids in members for run_id in ids)]
    found = metrics_of([runs[run_id] for run_id in run_ids], names)

    def values(ids: Sequence[str]) -> dict[str, list[Any]]:
        return {f"{METRIC}{name}": [found[each][name] for each in ids if name in found.get(each, {})] for name in names}

    for row in page.runs:
        row.values |= values([row.run.run_id])
    for group, ids in zip(page.groups, members, strict=True):
        group.values |= values(ids)


def _page_of_runs(prepared: Prepared, found: Sequence[Entry], now: float) -> Page:
    keyed = sorted(((_sort_key(entry, prepared.sort, now), entry) for entry in found), key=lambda pair: pair[0])
    start = _start([key for key, _ in keyed], prepared.search.cursor)
    page = keyed[start : start + prepared.search.limit]
    rows = [RunRow(run=entry.run, values=_values(prepared, entry, now)) for _, entry in page]
    more = start + len(page) < len(keyed)
    return Page(runs=rows, total=len(found), cursor=_encoded(page[-1][0]) if more else "")


def _values(prepared: Prepared, entry: Entry, now: float) -> dict[str, list[Any]]:
    settings = entry.facts.settings if prepared.all_settings else {}
    return {f"{CONFIG}{name}": list(values) for name, values in settings.items()} | {
        each.name: list(each.values(entry, now)) for each in prepared.columns
    }


def _page_of_groups(prepared: Prepared, found: Sequence[Entry], now: float) -> Page:
    members: dict[Any, list[Entry]] = {}
    for entry in found:
        members.setdefault(tuple(each.values(entry, now) for each in prepared.group_by), []).append(entry)
    groups = []
    for values, entries in members.items():
        entries.sort(key=lambda entry: entry.run.sequence, reverse=True)
        row = _group({each.name: list(value) for each, value in zip(prepared.group_by, values, strict=True)}, entries)
        groups.append((_group_key(row, entries, prepared.sort, now), row, entries))
    groups.sort(key=lambda group: group[0])
    start = _start([key for key, *_ in groups], prepared.search.cursor)
    page = groups[start : start + prepared.search.limit]
    for _, row, entries in page:
        _add_results(row, [entry.run for entry in entries])
        row.values = {each.name: _distinct(each, entries, now) for each in prepared.columns}
    more = start + len(page) < len(groups)
    cursor = _encoded(page[-1][0]) if more else ""
    return Page(groups=[row for _, row, _ in page], total=len(found), groups_total=len(groups), cursor=cursor)


def _distinct(field: RunField, entries: Sequence[Entry], now: float) -> list[Any]:
    """Return the different values of a field over runs, at most `_GROUP_DISTINCT` of them."""
    return list(dict.fromkeys(value for entry in entries for value in field.values(entry, now)))[:_GROUP_DISTINCT]


def _add_results(row: GroupRow, runs: Sequence[RunSummary]) -> None:
    """Add the results of a group's runs, and which of them are far off."""
    returns = {run.run_id: value for run in runs if (value := return_of(run)) is not None}
    indices = set(far_values(list(returns.values())))
    far = {run_id for index, run_id in enumerate(returns) if index in indices}
    row.far_runs = [run.run_id for run in runs if run.run_id in far or run.nan_episodes or run.eval_nan_episodes]
    row.return_values = [returns.get(run.run_id, math.nan) for run in runs[:_GROUP_VALUES]]
    row.best_values = [math.nan if run.best_return is None else run.best_return for run in runs[:_GROUP_VALUES]]


def _group(key: dict[str, list[Any]], entries: Sequence[Entry]) -> GroupRow:
    runs = [entry.run for entry in entries]
    states: dict[str, int] = {}
    for run in runs:
        states[run.state.value] = states.get(run.state.value, 0) + 1
    return GroupRow(
        key=key,
        run_ids=[run.run_id for run in runs],
        states=states,
        returns=spread_of(map(return_of, runs)),
        best=spread_of(run.best_return for run in runs),
        steps=spread_of(run.steps for run in runs),
        speed=spread_of(run.steps_per_second for run in runs),
        newest=runs[0],
    )


#: By field: the spread of a group that it is sorted by.
_SPREADS = {"return": "returns", "best": "best", "steps": "steps", "speed": "speed"}
Key = tuple[tuple[Any, ...], ...]


def _sort_key(entry: Entry, sort: Sequence[tuple[RunField, bool]], now: float) -> Key:
    return (*(_part(each.values(entry, now), down) for each, down in sort), _tie(entry))


def _group_key(row: GroupRow, entries: Sequence[Entry], sort: Sequence[tuple[RunField, bool]], now: float) -> Key:
    parts = []
    for each, down in sort:
        values: tuple[Value, ...]
        if each.name in _SPREADS or each.name.startswith(METRIC):
            of_metric = each.name not in _SPREADS
            numbers = (entry.metrics.get(each.name.removeprefix(METRIC)) for entry in entries)
            spread = spread_of(numbers) if of_metric else getattr(row, _SPREADS[each.name])
            values = () if spread is None else (spread.mean,)
        else:
            values = tuple(row.key.get(each.name) or each.values(entries[0], now))
        parts.append(_part(values, down))
    return (*parts, _tie(entries[0]))


def _tie(entry: Entry) -> tuple[Any, ...]:
    return 0, -entry.run.sequence, entry.run.run_id


def _part(values: tuple[Value, ...], down: bool) -> tuple[Any, ...]:
    """Return a value's part of a sort key: comparable with those of all other runs, as JSON too.

    Missing values and NaN are last in both directions; numbers before text.
    """
    if not values or (isinstance(values[0], float) and math.isnan(values[0])):
        return 2, 0, ""
    value = values[0]
    if isinstance(value, str):
        codes = tuple(map(ord, value.casefold()))
        # Negated, text is sorted from the highest down; a text comes after all that begin with it then.
        return 1, 0, (*(-code for code in codes), 1) if down else codes
    return 0, -float(value) if down else float(value), ""


def _start(keys: Sequence[Key], cursor: str) -> int:
    """Return the index of the first key after a cursor."""
    if not cursor:
        return 0
    last = _decoded(cursor) or ()
    try:
        return next((index for index, key in enumerate(keys) if key > last), len(keys))
    except TypeError:
        problem = Problem("cursor", "is of another search", value=cursor[:80], allowed="that of a page of this search")
        raise ConfigError("the search is not valid", [problem], next_step="begin with the first page") from None


def _encoded(key: Key) -> str:
    return base64.urlsafe_b64encode(json.dumps(key, separators=(",", ":")).encode()).decode()


def _decoded(cursor: str) -> Key | None:
    try:
        key = json.loads(base64.urlsafe_b64decode(cursor.encode("ascii", "strict")))
    except (ValueError, RecursionError):
        return None
    if not isinstance(key, list) or not all(isinstance(part, list) and len(part) == _PART for part in key):
        return None
    return tuple(tuple(tuple(item) if isinstance(item, list) else item for item in part) for part in key)


def _sort_field(name: str, problems: list[Problem]) -> RunField | None:
    if name.startswith(METRIC) and name != METRIC:
        return metric_field(name)
    return _field("sort", name, problems)


def _field(path: str, name: str, problems: list[Problem]) -> RunField | None:
    found = find_field(name)
    if found is None:
        allowed = f"{', '.join(FIELDS)}, config.NAME"
        problems.append(
            Problem(path, f"has no field {name!r}", value=name, allowed=allowed, nearest=nearest_field(name))
        )
    return found
