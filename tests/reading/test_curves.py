"""Curves on a common grid."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from gym_gui.reading.curves import Line, band_of, curve_of, line_of, line_of_series, smoothed, thinned, value_at
from gym_gui.reading.thinning import SeriesLine
from gym_gui.runs.summary import CurvePoint, RunSummary, WorkerSummary

lines = st.builds(
    lambda points: Line(
        "a", tuple(float(step) for step in sorted(points)), tuple(points[step] for step in sorted(points))
    ),
    st.dictionaries(st.integers(0, 10**6), st.floats(-1e6, 1e6), min_size=1, max_size=30),
)


def point(step: int, mean: float, episodes: int = 1) -> CurvePoint:
    return CurvePoint(step=step, episodes=episodes, mean_return=mean, min_return=mean, max_return=mean)


def test_mean_and_band_where_all_curves_are() -> None:
    band = band_of([Line("a", (0.0, 10.0), (0.0, 10.0)), Line("b", (5.0, 20.0), (20.0, 20.0))], points=3)
    assert band.steps == [5.0, 7.5, 10.0]
    assert band.mean == [12.5, 13.75, 15.0]
    assert band.low == [5.0, 7.5, 10.0]
    assert band.high == [20.0, 20.0, 20.0]
    assert band.count == 2


def test_curves_without_points_and_curves_apart() -> None:
    empty = Line("e", (), ())
    assert band_of([]).steps == []
    assert band_of([empty]).count == 0
    assert band_of([empty, Line("a", (3.0,), (4.0,))]).mean == [4.0]
    assert band_of([Line("a", (0.0, 1.0), (0.0, 1.0)), Line("b", (5.0, 6.0), (0.0, 1.0))]).steps == []


@given(st.lists(lines, min_size=1, max_size=4))
def test_the_mean_lies_in_the_band_and_the_band_in_the_curves(found: list[Line]) -> None:
    band = band_of(found, points=7)
    lowest, highest = min(min(line.returns) for line in found), max(max(line.returns) for line in found)
    for low, mean, high in zip(band.low, band.mean, band.high, strict=True):
        slack = 1e-6 * max(abs(lowest), abs(highest), 1.0)
        assert lowest - slack <= low <= high <= highest + slack
        assert low - slack <= mean <= high + slack


@given(lines)
def test_a_curve_goes_through_its_points(line: Line) -> None:
    for step, value in zip(line.steps, line.returns, strict=True):
        assert value_at(line, step) == value
    assert value_at(line, -1.0) == line.returns[0]
    assert value_at(line, 1e9) == line.returns[-1]


def test_the_curve_of_a_run_with_two_workers() -> None:
    workers = [
        WorkerSummary(worker_id="000001", worker_type="w", curve=[point(10, 1.0), point(30, math.nan)]),
        WorkerSummary(worker_id="000002", worker_type="w", curve=[point(10, 4.0, episodes=2), point(20, 5.0)]),
    ]
    line = line_of(RunSummary(run_id="r", run_name="n", workers=workers))
    assert line == Line("n", (10.0, 20.0), (3.0, 5.0))


def test_the_curves_of_a_series_become_one() -> None:
    lines = [
        SeriesLine(worker_id="a", last_x=[1.0, 2.0], count=[1, 3], mean=[5.0, 10.0]),
        SeriesLine(worker_id="b", last_x=[2.0, 0.0], count=[1, 1], mean=[2.0, 7.0]),
    ]
    assert line_of_series(lines, "both") == Line("both", (0.0, 1.0, 2.0), (7.0, 5.0, 8.0))


def test_smoothing_looks_back_only() -> None:
    assert smoothed(Line("a", (1.0, 2.0, 3.0), (0.0, 2.0, 6.0)), 2).returns == (0.0, 1.0, 4.0)


curves = st.lists(
    st.builds(
        lambda step, episodes, low, above, share: CurvePoint(
            step=step,
            episodes=episodes,
            mean_return=low + share * above,
            min_return=low,
            max_return=low + above,
        ),
        st.integers(0, 1000),
        st.integers(1, 50),
        st.floats(-1e6, 1e6),
        st.floats(0, 1e6),
        st.floats(0, 1),
    ),
    max_size=40,
)


@given(curves, curves, st.integers(1, 20))
def test_a_thinned_curve_has_all_episodes_and_both_extremes(
    one: list[CurvePoint], other: list[CurvePoint], points: int
) -> None:
    whole = curve_of([one, other])
    found = thinned(whole, points)
    assert len(found) == min(points, len(whole))
    assert [point.step for point in found] == sorted({point.step for point in found})
    assert sum(point.episodes for point in found) == sum(point.episodes for point in [*one, *other])
    if found:
        assert found[-1].step == whole[-1].step
        assert min(point.min_return for point in found) == min(point.min_return for point in [*one, *other])
        assert max(point.max_return for point in found) == max(point.max_return for point in [*one, *other])
        for point in found:
            slack = 1e-6 * max(abs(point.min_return), abs(point.max_return), 1.0)
            assert point.min_return - slack <= point.mean_return <= point.max_return + slack


def test_a_mean_is_weighted_by_episodes() -> None:
    (merged,) = thinned([point(1, 0.0, episodes=3), point(2, 4.0)], 1)
    assert (merged.step, merged.episodes, merged.mean_return) == (2, 4, 1.0)
