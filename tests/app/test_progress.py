"""Speed, time left and the words for returns: what a viewer works out of the summaries that it sees."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from gym_gui.app.json_output import jsonable
from gym_gui.app.progress import RunProgress, average_rate, nan_text, return_label, spread_text
from gym_gui.runs.states import RunState
from gym_gui.runs.summary import ReturnSpread, RunSummary, WorkerSummary


def run_of(steps: int, state: RunState = RunState.RUNNING, **more: Any) -> RunSummary:
    return RunSummary(run_id="r", state=state, steps=steps, target_steps=10_000, **more)


def seen(*summaries: tuple[float, RunSummary]) -> RunProgress:
    progress = RunProgress("r")
    for now, summary in summaries:
        progress.update(summary, now)
    return progress


def test_queue_and_imports_are_no_training_time() -> None:
    waiting = [(0.0, run_of(0, RunState.QUEUED)), (300.0, run_of(0, RunState.STARTING)), (360.0, run_of(0))]
    progress = seen(*waiting, (370.0, run_of(100)), (371.0, run_of(200)))
    assert progress.rate(371.0) == 100.0
    assert progress.eta_s(371.0) == 98.0


def test_who_joins_a_running_run_knows_no_speed_yet() -> None:
    progress = seen((0.0, run_of(0)), (0.001, run_of(43_000)))
    assert progress.rate(0.001) is None
    progress.update(run_of(43_001), 0.002)  # two counts at once are none either
    assert progress.rate(0.002) is None
    progress.update(run_of(43_500), 5.001)
    assert progress.rate(5.001) == pytest.approx(100.0)


def test_a_summary_from_long_ago_is_measured_then() -> None:
    progress = seen((0.0, run_of(1000, measured_at=100.0)), (0.1, run_of(3000, measured_at=120.0)))
    assert progress.rate(0.1) == 100.0


def test_a_pause_is_no_training_time() -> None:
    before = [(0.0, run_of(100)), (10.0, run_of(1100)), (11.0, run_of(1100, RunState.PAUSED))]
    progress = seen(*before, (500.0, run_of(1100)), (501.0, run_of(1200)))
    assert progress.rate(501.0) == 100.0


def test_steps_that_come_in_bursts() -> None:
    progress = seen((0.0, run_of(2000)), (20.0, run_of(4000)))
    assert progress.rate(39.0) == 100.0  # as long as they usually take
    assert progress.rate(120.0) == pytest.approx(2000 / 120)  # then it has become slower


def test_a_new_attempt_is_measured_anew() -> None:
    progress = seen((0.0, run_of(100)), (10.0, run_of(1100)), (20.0, run_of(50)), (21.0, run_of(60)))
    assert progress.rate(21.0) == 10.0


def test_the_average_of_an_ended_run_begins_with_its_steps() -> None:
    run = run_of(1000, RunState.COMPLETED, started_at=0.0, ended_at=1000.0, steps_per_second=50.0)
    assert average_rate(run) == 50.0


def test_a_mean_says_of_how_many_episodes_it_is() -> None:
    one = WorkerSummary(worker_id="a", worker_type="x", mean_return_100=1.0, recent_episodes=7)
    run = run_of(1, mean_return_100=1.0, episodes=7, recent_episodes=7, workers=[one])
    assert return_label(run) == "mean of the 7 training episodes"
    run.episodes, run.recent_episodes = 900, 100
    assert return_label(run) == "mean of the last 100 training episodes"
    run.workers = [one, one]
    run.recent_episodes = 14
    assert return_label(run) == "mean of 2 workers' means, over their last 14 training episodes"
    evaluated = run_of(1, eval_episodes=1)
    assert return_label(evaluated) == "mean of 1 evaluation episode"


def test_spread_and_odd_returns_in_words() -> None:
    spread = ReturnSpread(episodes=3, mean=1.0, std=0.5, min=-1.0, max=2.0)
    assert spread_text(spread) == "1.0 ± 0.5 (-1.0 to 2.0) over 3 episodes"
    assert nan_text(run_of(1)) == ""
    told = nan_text(run_of(1, nan_episodes=2, eval_nan_episodes=1))
    assert told.startswith("2 training episodes and 1 evaluation episode with a return that is not a finite number")


def test_json_is_standard_and_says_what_was_no_number() -> None:
    nan, inf = float("nan"), float("inf")
    value = {"a": nan, "b": [1.0, [inf]], "c": {"d": -inf, "e": 1.0}, "f": [{"g": nan}]}
    assert jsonable(value) == {
        "a": None,
        "b": [1.0, [None]],
        "c": {"d": None, "e": 1.0, "non_finite": {"d": "-Infinity"}},
        "f": [{"g": None, "non_finite": {"g": "NaN"}}],
        "non_finite": {"a": "NaN", "b[1][0]": "Infinity"},
    }
    json.dumps(jsonable(value), allow_nan=False)


def test_no_time_of_a_last_step_is_told_where_there_was_none() -> None:
    from gym_gui.cli.commands.runs_show import _last_step

    worker = WorkerSummary(worker_id="000001", worker_type="w", state=RunState.RUNNING, last_step_at=time.time() - 42)
    run = RunSummary(run_id="R", state=RunState.RUNNING, workers=[worker])
    assert str(_last_step(run)).startswith("none yet (began 4")
    begun: list[dict[str, Any]] = [{"steps": 3}, {"episodes": 1}, {"eval_episodes": 1}]
    for some in begun:
        going = RunSummary(run_id="R", state=RunState.RUNNING, workers=[worker], **some)
        assert str(_last_step(going)).startswith("4")
    assert _last_step(RunSummary(run_id="R", state=RunState.COMPLETED, steps=3, workers=[worker])) is None
