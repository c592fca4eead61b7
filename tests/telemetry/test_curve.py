"""A curve stays small, whatever it is given, and depends on nothing but its episodes."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gym_gui.runs.summary import CurvePoint
from gym_gui.telemetry.curve import MAX_BUCKETS, Curve, best_mean, mean


def curve_of(values: list[float]) -> Curve:
    curve = Curve()
    for number, value in enumerate(values):
        curve.add(10 * number, value)
    return curve


@given(st.integers(0, 3000))
def test_every_episode_is_in_one_bucket(count: int) -> None:
    points = curve_of([float(i) for i in range(count)]).points()
    assert len(points) <= MAX_BUCKETS
    assert sum(point.episodes for point in points) == count
    assert [point.step for point in points] == sorted(point.step for point in points)
    if count:
        assert points[-1].step == 10 * (count - 1)
        assert (points[0].min_return, points[-1].max_return) == (0.0, count - 1.0)


@given(st.lists(st.floats(), max_size=60), st.integers(0, 60))
def test_a_copy_goes_its_own_way(values: list[float], cut: int) -> None:
    first = curve_of(values[:cut])
    before = repr(first)
    copy = first.copy()
    for number, value in enumerate(values[cut:], len(values[:cut])):
        copy.add(10 * number, value)
    assert repr(first) == before
    assert repr(copy) == repr(curve_of(values))


def test_what_is_not_finite_shows_in_the_mean_and_not_in_the_curve() -> None:
    curve = curve_of([1.0, math.nan, 3.0])
    assert sum(point.episodes for point in curve.points()) == 2
    assert math.isnan(mean(curve.recent) or 0.0)


def test_only_recent_returns_make_the_mean() -> None:
    assert mean(curve_of([0.0] * 500 + [2.0] * 100).recent) == 2.0
    assert mean([]) is None


def _points(*parts: tuple[int, float]) -> list[CurvePoint]:
    return [
        CurvePoint(step=number, episodes=episodes, mean_return=value, min_return=value, max_return=value)
        for number, (episodes, value) in enumerate(parts)
    ]


@pytest.mark.parametrize(
    ("points", "wanted"),
    [
        (_points(), None),
        (_points((1, 500.0), (1, 10.0)), 255.0),  # fewer than 20: all of them
        (_points((1, 500.0), *[(1, 10.0)] * 19, *[(1, 40.0)] * 20, *[(1, 20.0)] * 30), 40.0),
        (_points((32, 1.0), (32, 7.0), (32, 3.0)), 7.0),
        (_points((32, -9.0), (3, -7.0)), -9.0 * 32 / 35 - 7.0 * 3 / 35),
    ],
)
def test_the_best_mean_is_of_several_episodes(points: list[CurvePoint], wanted: float | None) -> None:
    assert best_mean(points) == (None if wanted is None else pytest.approx(wanted))


@given(st.lists(st.tuples(st.integers(1, 30), st.floats(-1e6, 1e6)), min_size=1, max_size=40))
def test_the_best_mean_is_never_beyond_the_points(parts: list[tuple[int, float]]) -> None:
    best = best_mean(_points(*parts))
    values = [value for _, value in parts]
    assert best is not None
    assert min(values) - 1e-3 <= best <= max(values) + 1e-3
