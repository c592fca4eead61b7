"""Searches sort, page and group runs without leaving out or repeating any."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from statistics import fmean, pstdev
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from run_entries import NOW, entry

from gym_gui.core.worker.errors import ConfigError
from gym_gui.reading.curves import thinned
from gym_gui.reading.fields import FIELDS, Entry
from gym_gui.reading.pages import Page, spread_of, update_between
from gym_gui.reading.search import Search, prepare, search_runs
from gym_gui.runs.summary import CurvePoint


def search(entries: list[Entry], **asked: object) -> Page:
    return search_runs(prepare(Search(**asked), NOW), entries, NOW)  # type: ignore[arg-type]


def names(page: Page) -> list[str]:
    return [row.run.run_name for row in page.runs]


def test_the_newest_runs_are_first() -> None:
    page = search([entry(2, created_at=1.0), entry(1, created_at=2.0)])
    assert names(page) == ["run 1", "run 2"]
    assert (page.total, page.cursor) == (2, "")


def test_missing_values_and_nan_are_last_in_both_directions() -> None:
    entries = [
        entry(1, mean_return_100=5.0), entry(2), entry(3, mean_return_100=float("nan")),
        entry(4, mean_return_100=float("inf")), entry(5, mean_return_100=-1.0),
    ]  # fmt: skip
    assert names(search(entries, sort=("-return",)))[:3] == ["run 4", "run 1", "run 5"]
    assert names(search(entries, sort=("return",)))[:3] == ["run 5", "run 1", "run 4"]


def test_text_is_sorted_without_regard_to_case_in_both_directions() -> None:
    entries = [entry(number, run_name=name) for number, name in enumerate(["b", "Ba", "a", "C"])]
    assert names(search(entries, sort=("name",))) == ["a", "b", "Ba", "C"]
    assert names(search(entries, sort=("-name",))) == ["C", "Ba", "b", "a"]


def test_columns_give_values_of_all_workers() -> None:
    page = search([entry(settings={"lr": [1e-3, 1e-4]})], columns=("config.lr", "config.other", "algo"))
    assert page.runs[0].values == {"config.lr": [1e-3, 1e-4], "config.other": [], "algo": ["ppo"]}


def _curve(*means: float) -> list[CurvePoint]:
    return [
        CurvePoint(step=step, episodes=1, mean_return=mean, min_return=mean, max_return=mean)
        for step, mean in enumerate(means)
    ]


def test_curves_of_the_page_alone_are_read() -> None:
    asked: list[str] = []
    entries = [entry(number, algo="ab"[number % 2]) for number in range(5)]
    curves = {each.run.run_id: _curve(1.0, 2.0, 3.0, float(number)) for number, each in enumerate(entries)}

    def curves_of(run_ids: Sequence[str], points: int) -> dict[str, list[CurvePoint]]:
        asked[:] = run_ids
        return {run_id: thinned(curves[run_id], points) for run_id in run_ids if run_id != entries[0].run.run_id}

    def found(**wanted: Any) -> Page:
        return search_runs(prepare(Search(**wanted), NOW), entries, NOW, curves_of=curves_of)

    page = found(limit=2, sort=("created",), curve_points=2)
    assert [row.run.run_id for row in page.runs] == asked == [entries[4].run.run_id, entries[3].run.run_id]
    assert [point.mean_return for point in page.runs[0].curve] == [1.5, 3.5]
    assert not found(limit=5, curve_points=2).runs[0].curve  # there is none of this run
    asked.clear()
    assert not found().runs[0].curve
    assert not asked
    group = found(group_by=("algo",), sort=("algo",), curve_points=4).groups[1]
    assert group.band is not None
    assert (group.band.count, group.band.mean[-1], group.band.low[-1], group.band.high[-1]) == (2, 2.0, 1.0, 3.0)
    with pytest.raises(ConfigError, match="curve_points"):
        found(curve_points=257)


def test_the_band_of_many_runs_is_of_the_newest() -> None:
    entries = [entry(number) for number in range(300)]
    page = search_runs(
        prepare(Search(group_by=("algo",), curve_points=3), NOW),
        entries,
        NOW,
        curves_of=lambda run_ids, _: {run_id: _curve(float(run_id[-4:])) for run_id in run_ids},
    )
    band = page.groups[0].band
    assert band is not None
    assert (band.count, band.low, band.high) == (200, [100.0], [299.0])


_VALUES = st.one_of(st.none(), st.floats(), st.integers(0, 5).map(float))
_ENTRIES = st.lists(
    st.builds(
        lambda number, value, name, algo, state: entry(
            number, mean_return_100=value, run_name=name, algo=algo, state=state
        ),
        st.integers(1, 9999),
        _VALUES,
        st.sampled_from(["", "a", "B", "ab", "ä", "a" * 30]),
        st.sampled_from(["ppo", "dqn", ""]),
        st.sampled_from(["running", "failed", "completed"]),
    ),
    max_size=25,
    unique_by=lambda each: each.run.run_id,
)
_SORTS = st.lists(st.tuples(st.sampled_from(["", "-"]), st.sampled_from(sorted(FIELDS))).map("".join), max_size=3).map(
    tuple
)


@given(_ENTRIES, _SORTS, st.integers(1, 7), st.sampled_from([(), ("algo",), ("state", "algo")]))
@settings(max_examples=150)
def test_pages_show_every_run_once_in_order(
    entries: list[Entry], sort: tuple[str, ...], limit: int, group_by: tuple[str, ...]
) -> None:
    whole = search(entries, sort=sort, limit=1000, group_by=group_by)
    paged, cursor = [], ""
    while True:
        page = search(entries, sort=sort, limit=limit, cursor=cursor, group_by=group_by)
        assert (page.total, page.groups_total) == (len(entries), whole.groups_total)
        paged += [row.run_ids for row in page.groups] if group_by else [(row.run.run_id,) for row in page.runs]
        cursor = page.cursor
        if not cursor:
            break
    expected = [row.run_ids for row in whole.groups] if group_by else [(row.run.run_id,) for row in whole.runs]
    assert paged == expected
    assert sorted(run_id for ids in paged for run_id in ids) == sorted(each.run.run_id for each in entries)


def test_a_page_goes_on_where_its_last_run_was_though_runs_came_and_went() -> None:
    entries = [entry(number) for number in range(1, 7)]
    first = search(entries, sort=("created",), limit=3)
    later = [each for each in entries if each.run.run_name not in ("run 4", "run 6")] + [entry(9), entry(0)]
    assert names(first) == ["run 6", "run 5", "run 4"]
    assert names(search(later, sort=("created",), cursor=first.cursor)) == ["run 3", "run 2", "run 1", "run 0"]


def test_groups_have_spreads_of_their_finite_values() -> None:
    entries = [
        entry(1, variant="a", seed=1, mean_return_100=10.0), entry(2, variant="a", seed=2, mean_return_100=20.0),
        entry(3, variant="a", seed=3, mean_return_100=float("nan"), state="failed"), entry(4, variant="b"), entry(5),
        entry(6),
    ]  # fmt: skip
    page = search(entries, group_by=("variant",), sort=("-return",))
    assert (page.total, page.groups_total) == (6, 4)  # runs of an unknown variant stand alone
    group = page.groups[0]
    assert [run_id[-1] for run_id in group.run_ids] == ["3", "2", "1"]
    assert group.states == {"failed": 1, "completed": 2}
    assert group.returns is not None
    assert (group.returns.count, group.returns.mean, group.returns.std) == (2, 15.0, 5.0)
    assert (group.returns.low, group.returns.high) == (10.0, 20.0)
    assert page.groups[1].returns is None
    assert group.newest.run_name == "run 3"


@given(st.lists(st.one_of(st.none(), st.floats(-1e9, 1e9), st.just(float("inf"))), max_size=10))
def test_spread(values: list[float | None]) -> None:
    finite = [value for value in values if value is not None and value != float("inf")]
    spread = spread_of(values)
    if not finite:
        assert spread is None
        return
    assert spread is not None
    assert spread.count == len(finite)
    assert spread.mean == pytest.approx(fmean(finite))
    assert spread.std == pytest.approx(pstdev(finite))


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ({"sort": ("-retrun",)}, "sort"), ({"group_by": ("algoo",)}, "group_by"), ({"columns": ("x",)}, "columns"),
        ({"limit": 0}, "limit"), ({"limit": 1001}, "limit"), ({"cursor": "x"}, "cursor"), ({"cursor": "é"}, "cursor"),
    ],
)  # fmt: skip
def test_an_impossible_search_names_the_field(asked: dict[str, object], path: str) -> None:
    with pytest.raises(ConfigError) as caught:
        search([], **asked)
    (problem,) = caught.value.problems
    assert problem.path == path
    assert problem.allowed


@given(st.recursive(st.none() | st.integers() | st.text() | st.floats(), st.lists, max_leaves=12))
def test_a_foreign_cursor_is_refused_or_used(key: object) -> None:
    cursor = urlsafe_b64encode(json.dumps(key).encode()).decode()
    try:
        total = search([entry(1), entry(2)], cursor=cursor).total
    except ConfigError as error:
        total = 2 if error.problems[0].path == "cursor" else 0
    assert total == 2


@given(_ENTRIES, _ENTRIES, _SORTS, st.sampled_from([(), ("algo",), ("state", "algo")]))
@settings(max_examples=150)
def test_updates_lead_from_page_to_page(
    before: list[Entry], after: list[Entry], sort: tuple[str, ...], group_by: tuple[str, ...]
) -> None:
    old, new = (search(entries, sort=sort, limit=7, group_by=group_by) for entries in (before, after))
    expected = search(after, sort=sort, limit=7, group_by=group_by)
    update = update_between(old, new)
    if update is None:
        assert msgspec.msgpack.encode(old) == msgspec.msgpack.encode(expected)
        return
    rows = {row.run.run_id: row for row in [*old.runs, *update.runs]}
    page = Page(
        runs=[rows[run_id] for run_id in update.run_ids],
        groups=update.groups if update.groups_changed else old.groups,
        total=update.total,
        groups_total=update.groups_total,
        cursor=update.cursor,
    )
    assert msgspec.msgpack.encode(page) == msgspec.msgpack.encode(expected)
    assert update_between(expected, new) is None


def test_columns_that_change_with_time_alone_change_no_row() -> None:
    prepared = prepare(Search(columns=("age", "name")), NOW)
    one, other = (search_runs(prepared, [entry(1)], NOW + after) for after in (0, 5))
    assert one.runs[0].values != other.runs[0].values
    assert update_between(one, other, ignored=prepared.changing_columns) is None


def _by_metric(sort: str, values: list[float | None], **asked: Any) -> Page:
    entries = [entry(number, variant=f"v{number // 3}") for number in range(len(values))]

    def metrics_of(runs: Sequence[Any], wanted: Sequence[str]) -> dict[str, dict[str, float]]:
        assert list(wanted) == ["loss"]
        by_id = {each.run.run_id: value for each, value in zip(entries, values, strict=True)}
        return {run.run_id: {"loss": value} for run in runs if (value := by_id[run.run_id]) is not None}

    return search_runs(prepare(Search(sort=(sort,), **asked), NOW), entries, NOW, metrics_of=metrics_of)


def test_runs_are_sorted_by_a_metric_and_those_without_it_are_last() -> None:
    values = [2.0, None, -1.0, float("nan"), float("inf")]
    assert names(_by_metric("metric.loss", values))[:3] == ["run 2", "run 0", "run 4"]
    assert names(_by_metric("-metric.loss", values))[:3] == ["run 4", "run 0", "run 2"]


def test_groups_are_sorted_by_the_mean_of_a_metric() -> None:
    page = _by_metric("-metric.loss", [1.0, 1.0, 1.0, 0.0, float("nan"), 9.0, None, None, None], group_by=("variant",))
    assert [group.key["variant"] for group in page.groups] == [["v1"], ["v0"], ["v2"]]


@settings(max_examples=50)
@given(st.lists(st.none() | st.floats(), max_size=12), st.integers(1, 4), st.booleans())
def test_pages_sorted_by_a_metric_have_each_run_once(values: list[float | None], limit: int, down: bool) -> None:
    sort, cursor = "-metric.loss" if down else "metric.loss", ""
    found: list[str] = []
    while True:
        page = _by_metric(sort, values, limit=limit, cursor=cursor)
        found += names(page)
        cursor = page.cursor
        if not cursor:
            break
    assert sorted(found) == sorted(f"run {number}" for number in range(len(values)))
