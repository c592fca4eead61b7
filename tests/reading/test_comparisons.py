"""Groups of runs: the curves of any series as one, and what the runs came to."""

from __future__ import annotations

from gym_gui.reading.comparisons import compare_series
from gym_gui.reading.curves import Line
from gym_gui.reading.differences import settings_of
from gym_gui.reading.pages import RunRow
from gym_gui.reading.statistics import Statistic
from gym_gui.runs.summary import RunSummary, WorkerSummary

RANGE = Statistic("mean", "range")


def row(number: int, value: float | None, env: str = "a") -> RunRow:
    worker = WorkerSummary(worker_id="1", worker_type="random", env_id=env)
    run = RunSummary(
        run_id=str(number), run_name=f"run {number}", sequence=number, mean_return_100=value, workers=[worker]
    )
    return RunRow(
        run=run, values={"id": [str(number)], "env": [env], "algo": [], "config.lr": [1], "config.run_id": [2]}
    )


ROWS = [row(3, 10.0), row(1, 20.0), row(2, None, "b")]
LINES = {"1": Line("", (0.0, 10.0), (0.0, 10.0)), "3": Line("", (0.0, 10.0), (2.0, 30.0))}


def test_runs_of_a_group_are_one_curve_with_its_range_and_their_results() -> None:
    first, second = compare_series(ROWS, "env", RANGE, LINES, of_runs=True)
    assert (first.name, first.sequence) == ("a (2 runs)", 1)
    assert (first.centre[0], first.low[-1], first.high[-1]) == (1.0, 10.0, 30.0)
    assert first.result is not None
    assert (first.result.count, first.result.mean, first.result.std) == (2, 15.0, 5.0)
    assert (second.name, list(second.steps), second.result) == ("b", [], None)
    (whole,) = compare_series(ROWS, "algo", RANGE, LINES, of_runs=False)
    assert whole.name == "no algo (3 runs)"
    assert whole.result is not None
    assert (whole.result.low, whole.result.high) == (10.0, 30.0)  # the last values of the curves


def test_a_single_run_keeps_its_points_and_has_no_range() -> None:
    found = {each.name: each for each in compare_series(ROWS, "id", RANGE, LINES, of_runs=True)}
    assert set(found) == {"run 1", "run 2", "run 3"}
    assert (found["run 3"].centre, found["run 3"].low) == ((2.0, 30.0), ())


def test_settings_are_without_what_is_set_by_itself() -> None:
    assert settings_of(ROWS[0]) == {"lr": [1]}
