"""Which series of a run are charts, and what is said above them."""

from __future__ import annotations

from gym_gui.app.run_series import MOST_CHARTS, MetricSeries, UsageSeries
from gym_gui.reading import SeriesName

CPU = SeriesName(name="system/cpu", kind="system", count=2, last=80.0, low=10.0, high=150.0)
MEMORY = SeriesName(name="system/memory", kind="system", count=2, last=float(3 << 20), high=float(5 << 20))
LOSS = SeriesName(name="metric:policy_loss", kind="metric", count=9)
RETURN = SeriesName(name="return", kind="episodes", count=9)


def test_metrics_are_filtered_by_a_word_without_what_processes_use() -> None:
    series = MetricSeries()
    assert series.text(series.found("")) == "no series yet"
    series.names = [CPU, LOSS, RETURN]
    assert series.found("") == [LOSS.name, RETURN.name]
    assert series.found(" LOSS ") == [LOSS.name]
    assert series.text(series.found("loss")) == "1 series"
    assert series.text(series.found("entropy")) == "no series has this in its name"
    assert series.heading(LOSS.name) == (LOSS.name, 1.0)


def test_of_too_many_series_the_first_ones_are_shown_and_that_is_said() -> None:
    series = MetricSeries()
    series.names = [SeriesName(name=f"m{number}", kind="metric", count=1) for number in range(MOST_CHARTS + 1)]
    assert series.text(series.found("")) == f"the first {MOST_CHARTS} of {MOST_CHARTS + 1} series: filter for others"


def test_what_processes_use_has_units_and_says_its_last_and_highest_values() -> None:
    series = UsageSeries()
    assert series.text([]).startswith("nothing is measured yet")
    series.names = [LOSS, CPU, MEMORY]
    assert series.found("") == [CPU.name, MEMORY.name]
    assert series.heading(MEMORY.name) == ("Memory, MiB", float(1 << 20))
    text = series.text(series.found(""))
    assert text.startswith("CPU: 80.0 % last, 150.0 % at most; Memory: 3.0 MiB")
    assert text.endswith("over seconds since the start")
