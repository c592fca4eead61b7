"""How many steps were taken is known from whatever the worker says, live as after the end, and never counted twice."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest

from gym_gui.telemetry.curve import pooled_spread, spread
from gym_gui.telemetry.rollup import WorkerRollup

Line = Callable[..., bytes]


def event(name: str, at: float = 1000.0, **payload: Any) -> bytes:
    return json.dumps({"event": name, "timestamp": at, "payload": payload}).encode() + b"\n"


def metric(step: int, at: float = 1000.0) -> bytes:
    return json.dumps({"event_type": "metric", "step": step, "values": {"loss": 1.0}, "timestamp": at}).encode() + b"\n"


def rollup_of(logged_run: Any, lines: list[bytes], batch: int = 4 << 20) -> WorkerRollup:
    for line in lines:
        logged_run.append(line)
    logged_run.ingest(batch)
    (rollup,) = logged_run.ingestor().worker_rollups()
    assert isinstance(rollup, WorkerRollup)
    return rollup


@pytest.mark.parametrize(
    "last",
    [
        metric(700),
        event("heartbeat", step=700),
        event("heartbeat", global_step=700),
        event("checkpoint_saved", step=700, path="c"),
        event("run_completed", total_steps=700),
        event("run_cancelled", steps=700),
        event("run_failed", num_timesteps=700.0),
    ],
)
def test_without_steps_and_episodes(logged_run: Any, last: bytes) -> None:
    rollup = rollup_of(logged_run, [event("run_started", total_steps=9999), last])
    assert (rollup.steps, rollup.eval_steps) == (700, 0)


def test_the_target_is_not_taken_for_steps(logged_run: Any) -> None:
    assert rollup_of(logged_run, [event("run_started", steps=50), event("heartbeat", total_steps=9999)]).steps == 0


def test_left_out_steps_count_once(logged_run: Any, sdk_line: Line) -> None:
    lines = [sdk_line("episode", ep_index=0, total_reward=1.0, steps=10, sampled=10)]
    lines += [sdk_line(step_index=10 + n, ep_index=1, reward=1.0) for n in range(5)]
    lines += [sdk_line("episode", ep_index=1, total_reward=1.0, steps=5)]
    lines += [json.dumps({"event": "run_completed", "payload": {}, "sampled": 3}).encode() + b"\n"]
    assert rollup_of(logged_run, lines).steps == 18


def test_left_out_steps_of_episodes_without_length(logged_run: Any, sdk_line: Line) -> None:
    lines = [sdk_line("episode", ep_index=number, total_reward=1.0, sampled=10) for number in range(3)]
    assert rollup_of(logged_run, lines).steps == 30


def test_left_out_steps_of_several_agents_are_not_the_environments(logged_run: Any, sdk_line: Line) -> None:
    rewards = {"red": 1.0, "blue": 1.0}
    lines = [
        sdk_line("episode", ep_index=n, total_reward=2.0, steps=10, agent_rewards=rewards, sampled=20) for n in range(2)
    ]
    assert rollup_of(logged_run, lines).steps == 20


@pytest.mark.parametrize("sampled", [True, False])
def test_an_evaluation(logged_run: Any, sdk_line: Line, sampled: bool) -> None:
    lines = [event("run_started", mode="evaluate"), event("checkpoint_loaded", step=100_000)]
    for number in range(3):
        if not sampled:
            steps = [{"step_index": number * 10 + n, "ep_index": number, "phase": "eval"} for n in range(10)]
            lines += [json.dumps({"event_type": "step", **step}).encode() + b"\n" for step in steps]
        more = {"sampled": 10} if sampled else {}
        lines.append(sdk_line("episode", ep_index=number, phase="eval", total_reward=number, steps=10, **more))
    rollup = rollup_of(logged_run, [*lines, event("run_completed", total_steps=30)])
    assert (rollup.steps, rollup.eval_steps) == (30, 30)
    assert (rollup.episodes, rollup.eval_episodes) == (0, 3)
    assert rollup.evaluation is not None
    values = (rollup.evaluation.episodes, rollup.evaluation.mean, rollup.evaluation.min, rollup.evaluation.max)
    assert values == (3, 1.0, 0.0, 2.0)
    assert rollup.evaluation.std == pytest.approx(math.sqrt(2 / 3))


def test_an_evaluation_at_the_end_is_no_training(logged_run: Any, sdk_line: Line) -> None:
    lines = [sdk_line(step_index=n, ep_index=0, reward=1.0) for n in range(20)]
    lines += [sdk_line("episode", ep_index=0, total_reward=20.0, steps=20)]
    for n in range(500):
        lines.append(json.dumps({"event_type": "step", "step_index": n, "phase": "eval"}).encode() + b"\n")
    lines += [sdk_line("episode", ep_index=0, phase="eval", total_reward=1.0, steps=500)]
    rollup = rollup_of(logged_run, [*lines, event("run_completed", total_steps=20)])
    assert (rollup.steps, rollup.eval_steps) == (20, 500)


@pytest.mark.parametrize(("more", "steps"), [([], 1030), ([metric(1040)], 1040)])
def test_a_resumed_training_counts_on_from_its_checkpoint(
    logged_run: Any, sdk_line: Line, more: list[bytes], steps: int
) -> None:
    lines = [event("run_started", mode="resume"), event("checkpoint_loaded", step=1000)]
    lines += [sdk_line("episode", ep_index=n, total_reward=1.0, steps=10, sampled=10) for n in range(3)]
    assert rollup_of(logged_run, lines + more).steps == steps


@pytest.mark.parametrize("batch", [100, 4 << 20])
def test_the_same_however_it_came_in(logged_run: Any, sdk_line: Line, batch: int) -> None:
    lines = [event("run_started", at=10.0, mode="train")]
    for n in range(40):
        lines.append(sdk_line("episode", ep_index=n, total_reward=float(n), steps=5, sampled=5, timestamp=100.0 + n))
        lines.append(metric(n * 5 + 8, at=100.5 + n))
    rollup = rollup_of(logged_run, lines, batch)
    assert rollup.steps == 203
    assert (rollup.first_mark, rollup.last_mark) == ((100.0, 5), (139.5, 203))
    assert [point.step for point in rollup.curve][:4] == [5, 10, 15, 20]


def test_returns_that_are_no_numbers_stay_remarked(logged_run: Any, sdk_line: Line) -> None:
    odd = [float("nan"), float("inf"), -float("inf")]
    lines = [json.dumps({"event_type": "episode", "ep_index": n, "total_reward": value, "steps": 1}).encode() + b"\n"
             for n, value in enumerate([*odd, *[1.0] * 150])]  # fmt: skip
    rollup = rollup_of(logged_run, lines)
    assert (rollup.nan_episodes, rollup.mean_return_100, rollup.recent_episodes) == (3, 1.0, 100)


def test_spreads_of_several_workers_are_that_of_all_episodes() -> None:
    parts = [[1.0, 2.0, 3.0], [10.0], [4.0, 4.0]]
    together = pooled_spread([one for one in map(spread, parts) if one is not None])
    whole = spread([value for part in parts for value in part])
    assert together is not None
    assert whole is not None
    for name in ("episodes", "mean", "std", "min", "max"):
        assert getattr(together, name) == pytest.approx(getattr(whole, name))
    assert pooled_spread([]) is None


def test_a_first_burst_of_steps_tells_no_speed(logged_run: Any, sdk_line: Line) -> None:
    def burst(first: int, at: float) -> list[bytes]:
        return [
            sdk_line("episode", ep_index=n, total_reward=1.0, steps=10, timestamp=at + 0.001 * (n - first))
            for n in range(first, first + 100)
        ]

    one = rollup_of(logged_run, [event("run_started", at=10.0, mode="train"), *burst(0, 20.0)])
    assert one.first_mark == one.last_mark == (20.0 + 0.099, 1000)


def test_short_trainings_and_clocks_set_back_keep_their_first_steps(logged_run: Any, sdk_line: Line) -> None:
    lines = [event("run_started", at=10.0, mode="train")]
    times = (20.0, 20.3, 20.6, 15.0, 20.8)
    lines += [sdk_line("episode", ep_index=n, total_reward=1.0, steps=10, timestamp=at) for n, at in enumerate(times)]
    rollup = rollup_of(logged_run, lines)
    assert (rollup.first_mark, rollup.last_mark) == ((20.0, 10), (20.8, 50))
