"""Centres and ranges of runs are those of NumPy and SciPy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from gym_gui.core.worker.errors import ConfigError
from gym_gui.reading.curves import Line
from gym_gui.reading.statistics import (
    CENTRES,
    SPREADS,
    Statistic,
    _resamples,
    describe,
    far_values,
    interval_of,
    statistic_band,
)

values = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40)
NUMPY = {"mean": np.mean, "median": np.median, "iqm": lambda array, axis=-1: stats.trim_mean(array, 0.25, axis=axis)}


def near(value: float, expected: float) -> bool:
    return math.isclose(value, expected, rel_tol=1e-9, abs_tol=1e-9)


@given(values, st.sampled_from(CENTRES))
def test_centres_deviations_and_extremes_are_those_of_numpy(numbers: list[float], centre: str) -> None:
    expected = float(NUMPY[centre](np.array(numbers)))
    deviation = interval_of(numbers, Statistic(centre, "std"))
    extremes = interval_of(numbers, Statistic(centre, "range"))
    assert deviation is not None
    assert extremes is not None
    assert near(deviation.centre, expected)
    std = float(np.std(numbers))
    assert abs(deviation.high - (expected + std)) <= 1e-9 * max(1.0, *map(abs, numbers))
    assert (extremes.count, extremes.low, extremes.high) == (len(numbers), min(numbers), max(numbers))


@settings(max_examples=20)
@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=12), st.sampled_from(CENTRES))
def test_the_bootstrap_is_the_percentiles_of_its_resamples(numbers: list[float], centre: str) -> None:
    found = interval_of(numbers, Statistic(centre, "bootstrap"))
    assert found is not None
    drawn = np.array([np.repeat(numbers, counts) for counts in _resamples([""] * len(numbers), 1)])
    low, high = np.percentile(NUMPY[centre](drawn, axis=1), [2.5, 97.5])
    assert near(found.low, low)
    assert near(found.high, high)


def test_the_bootstrap_agrees_with_scipy() -> None:
    numbers = np.random.default_rng(1).normal(100, 20, 30)
    found = interval_of(list(numbers), Statistic("mean", "bootstrap"))
    expected = stats.bootstrap((numbers,), np.mean, method="percentile", n_resamples=20_000, rng=2).confidence_interval
    assert found is not None
    assert abs(found.low - expected.low) < 1.0
    assert abs(found.high - expected.high) < 1.0


def test_few_values_have_all_their_resamples() -> None:
    drawn = list(_resamples(["", ""], 1))
    assert sorted(map(tuple, drawn)) == [(0, 2), (1, 1), (1, 1), (2, 0)]
    one = interval_of([5.0], Statistic("iqm", "bootstrap"))
    assert one is not None
    assert (one.low, one.centre, one.high) == (5.0, 5.0, 5.0)


def test_each_stratum_is_resampled_by_itself() -> None:
    for counts in _resamples(["a", "b", "a", "b", "b"], 1):
        assert (counts[0] + counts[2], counts[1] + counts[3] + counts[4]) == (2, 3)


def test_a_description_has_every_centre_and_spread() -> None:
    found = describe([1.0, 2.0, 3.0, 4.0, math.nan, 10.0])
    assert found is not None
    assert (found.count, found.mean, found.median, found.iqm, found.low, found.high) == (5, 4.0, 3.0, 3.0, 1.0, 10.0)
    assert found.std == pytest.approx(np.std([1, 2, 3, 4, 10]))
    assert found.low < found.mean_low < found.mean < found.mean_high < found.high
    assert describe([math.nan]) is None


def test_what_is_not_finite_does_not_count() -> None:
    found = interval_of([math.nan, 1.0, math.inf, 3.0], Statistic())
    assert found is not None
    assert (found.count, found.centre) == (2, 2.0)
    assert interval_of([math.nan], Statistic()) is None


@pytest.mark.parametrize("spread", SPREADS)
def test_a_band_is_the_interval_at_each_place(spread: str) -> None:
    lines = [Line("", (0.0, 10.0), (float(number), number * 11.0)) for number in range(4)]
    band = statistic_band(lines, Statistic("iqm", spread), points=3)
    assert (band.steps, band.count) == ([0.0, 5.0, 10.0], 4)
    for place, share in enumerate((0.0, 0.5, 1.0)):
        at = interval_of([number + share * 10.0 * number for number in range(4)], Statistic("iqm", spread))
        assert at is not None
        assert near(band.centre[place], at.centre)
        assert near(band.low[place], at.low)
        assert near(band.high[place], at.high)


def test_curves_without_a_common_range_have_no_band() -> None:
    band = statistic_band([Line("", (0.0, 1.0), (0.0, 0.0)), Line("", (2.0, 3.0), (0.0, 0.0))], Statistic())
    assert (band.steps, band.count) == ([], 2)
    assert statistic_band([], Statistic()).count == 0


def test_an_unknown_statistic_is_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigError) as caught:
        interval_of([1.0], Statistic("median", "bootstap"))
    assert caught.value.problems[0].nearest == "bootstrap"


def test_one_run_far_from_nine_is_found() -> None:
    nine = [100.0, 105.0, 98.0, 110.0, 93.0, 101.0, 99.0, 104.0, 97.0]
    assert far_values([*nine, -5000.0]) == [9]
    assert far_values([math.nan, *nine]) == [0]
    assert far_values(nine) == []
    assert far_values([1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 50.0]) == [9]
    assert far_values([0.0, 0.0, 500.0]) == []


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=20))
def test_at_most_a_fifth_is_far(numbers: list[float]) -> None:
    finite = [index for index, number in enumerate(numbers) if math.isfinite(number)]
    assert len([index for index in far_values(numbers) if index in finite]) <= max(1, len(finite) // 5)


def test_a_second_bootstrap_of_as_many_values_draws_the_same_resamples() -> None:
    first, other = [float(value) for value in range(30)], [float(value**2) for value in range(30)]
    before = interval_of(first, Statistic("mean", "bootstrap"))
    assert interval_of(other, Statistic("mean", "bootstrap")) != before
    assert interval_of(first, Statistic("mean", "bootstrap")) == before
