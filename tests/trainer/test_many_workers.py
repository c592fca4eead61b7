"""Runs of several workers of which one is killed: each worker's story is told rightly."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gym_gui.analysis.queries import get_run_summary
from gym_gui.rpc.client import TrainerClient
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.seeds import derive_seed
from gym_gui.runs.states import RunState
from gym_gui.runs.summary import RunSummary, WorkerSummary
from gym_gui.telemetry.verify import verify_run

Config = Callable[..., dict[str, Any]]


def until(client: TrainerClient, run_id: str, condition: Callable[[RunSummary], bool]) -> RunSummary:
    for run in client.watch([run_id]):
        if condition(run):
            return run
    raise AssertionError("the run ended before")


def with_replicas(config: dict[str, Any], replicas: int, policy: str, **limits: Any) -> dict[str, Any]:
    config["metadata"]["worker"]["replicas"] = replicas
    return {**config, "on_worker_failure": policy, "limits": {"shutdown_timeout_s": 5.0, **limits}}


def kill(worker: WorkerSummary) -> None:
    assert worker.pid is not None
    os.kill(worker.pid, signal.SIGKILL)


def printed(folder: RunFolder, worker_id: str, attempt: int, kind: str) -> int:
    lines = folder.stdout_log(worker_id, attempt).read_bytes().split(b"\n")
    return sum(b'"event_type":"%b"' % kind.encode() in line for line in lines)


def test_the_others_go_on_where_one_of_eight_is_killed(
    client: TrainerClient, daemon_home: Path, random_config: Config
) -> None:
    config = with_replicas(random_config(total_steps=400, step_rate=100.0, seed=3), 8, "continue")
    run_id = client.submit(config)
    run = until(client, run_id, lambda run: all(worker.steps > 30 for worker in run.workers))
    assert [worker.worker_id for worker in run.workers] == [f"{number:06d}" for number in range(1, 9)]
    victim = run.workers[4]
    kill(victim)
    ended = list(client.watch([run_id]))[-1]
    folder = RunFolder.of(daemon_home, run_id)
    assert ended.state is RunState.FAILED
    assert "1 of 8 workers failed" in ended.cause
    assert victim.worker_id in ended.cause
    assert ended.exit is not None
    assert ended.exit.signal == 9
    for worker in ended.workers:
        assert worker.attempt == 1
        assert worker.exit is not None
        assert worker.episodes == printed(folder, worker.worker_id, 1, "episode")
        if worker.worker_id == victim.worker_id:
            assert (worker.state, worker.exit.code, worker.exit.signal) == (RunState.FAILED, None, 9)
            assert victim.steps <= worker.steps < 400
        else:
            assert (worker.state, worker.exit.code, worker.exit.signal) == (RunState.COMPLETED, 0, None)
            assert worker.steps == 400
            assert worker.curve
    assert verify_run(folder).ok
    seeds = [worker["seed"] for worker in json.loads(folder.run_json.read_text())["workers"]]
    assert seeds == [3] + [derive_seed(3, f"{number:06d}") for number in range(2, 9)]
    assert len({folder.stdout_log(worker.worker_id, 1).read_bytes() for worker in ended.workers}) == 8
    told = get_run_summary(daemon_home, run_id)["workers"]
    assert {worker_id: entry["state"] for worker_id, entry in told.items()} == {
        worker.worker_id: worker.state.value for worker in ended.workers
    }


def test_one_that_is_killed_ends_the_others(client: TrainerClient, daemon_home: Path, random_config: Config) -> None:
    config = with_replicas(random_config(total_steps=10**9, step_rate=100.0), 3, "fail_fast")
    run_id = client.submit(config)
    run = until(client, run_id, lambda run: all(worker.steps > 20 for worker in run.workers))
    kill(run.workers[1])
    ended = list(client.watch([run_id]))[-1]
    assert ended.state is RunState.FAILED
    assert [worker.state for worker in ended.workers] == [RunState.CANCELLED, RunState.FAILED, RunState.CANCELLED]
    assert ended.workers[1].exit is not None
    assert ended.workers[1].exit.signal == 9
    for worker in (ended.workers[0], ended.workers[2]):
        assert worker.cause.startswith("stopped because worker 000002 failed")
        assert worker.exit is not None
        assert worker.exit.code == 143
        assert worker.last_event == "run_cancelled"
    assert verify_run(RunFolder.of(daemon_home, run_id)).ok


def test_one_that_is_killed_is_tried_again(client: TrainerClient, daemon_home: Path, random_config: Config) -> None:
    config = with_replicas(random_config(total_steps=300, step_rate=100.0), 2, "fail_fast", max_attempts=2)
    run_id = client.submit(config)
    run = until(client, run_id, lambda run: all(worker.steps > 20 for worker in run.workers))
    kill(run.workers[1])
    ended = list(client.watch([run_id]))[-1]
    folder = RunFolder.of(daemon_home, run_id)
    assert ended.state is RunState.COMPLETED
    assert [(worker.state, worker.attempt, worker.steps) for worker in ended.workers] == [
        (RunState.COMPLETED, 1, 300),
        (RunState.COMPLETED, 2, 300),
    ]
    first, second = (printed(folder, "000002", attempt, "step") for attempt in (1, 2))
    assert 20 < first < 300
    assert second == 300
    assert verify_run(folder).ok
