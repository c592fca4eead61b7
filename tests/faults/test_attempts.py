"""Attempts of a real training: one that is killed is followed by one that continues from its last checkpoint."""

from __future__ import annotations

import json
import shutil

import pytest

from gym_gui.cli.commands.runs_show import show
from gym_gui.rpc.client import TrainerClient
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.states import RunState
from gym_gui.supervision.identity import ProcessIdentity
from gym_gui.telemetry.reader import RunReader

STEPS = 12_000


@pytest.fixture
def training(cluster, worker_records, make_daemon_run):
    """A small PPO that saves every 1,500 steps and may be tried twice."""
    pytest.importorskip("cleanrl_worker")
    shutil.copytree(worker_records, cluster.home / "workers")
    config = {
        "algo": "ppo", "env_id": "CartPole-v1", "seed": 3, "worker_id": "a", "total_timesteps": STEPS,
        "hidden_sizes": [8], "num_envs": 2, "num_steps": 64, "checkpoint_interval": 1500,
    }  # fmt: skip
    payload = {
        "run_name": "ppo",
        "metadata": {"worker": {"worker_id": "cleanrl", "config": config}},
        "limits": {"max_attempts": 2, "shutdown_timeout_s": 5.0},
    }
    with TrainerClient.connect(cluster.home) as client:
        return make_daemon_run(RunFolder.of(cluster.home, client.submit(payload)))


def lines(run, attempt: int, event: str) -> list[dict]:
    found = [json.loads(line) for line in run.log(attempt=attempt).splitlines() if f'"{event}"'.encode() in line]
    return [line for line in found if line.get("event") == event]


@pytest.mark.fault
@pytest.mark.timeout(300)
def test_ppo_killed_after_a_checkpoint_continues_from_it(cluster, until, training, capsys):
    run = training
    until(lambda: b"checkpoint_saved" in run.log() and run.started(), 60)
    saved = lines(run, 1, "checkpoint_saved")[-1]["payload"]
    cluster.kill(run.victim("worker"))
    summary = cluster.wait(run, 120)
    assert (summary.state, summary.attempts) == (RunState.COMPLETED, 2)

    (loaded,) = lines(run, 2, "checkpoint_loaded")
    assert loaded["payload"]["path"] == lines(run, 1, "checkpoint_saved")[-1]["payload"]["path"]
    assert loaded["payload"]["step"] >= saved["step"] > 0
    first, second = summary.workers[0].attempts
    assert (first.state, second.state) == (RunState.QUEUED, RunState.COMPLETED)
    assert first.exit.signal == 9
    assert "attempt 1 of 2 ended: killed by SIGKILL" in first.cause
    assert 0 < first.steps < STEPS <= second.steps
    assert first.episodes > 0
    assert second.episodes > 0

    reader = RunReader(run.folder)
    for one in (first, second):
        episodes = reader.episodes(worker_no=1, attempt=one.attempt, limit=10_000)
        assert len([each for each in episodes if each.phase == "train"]) == one.episodes
        assert {each.attempt for each in episodes} == {one.attempt}
    assert show.main([run.run_id, "--home", str(cluster.home)], standalone_mode=False) == 0
    shown = capsys.readouterr().out
    assert "killed by SIGKILL" in shown


@pytest.mark.fault
@pytest.mark.timeout(300)
def test_ppo_stands_still_and_goes_on(cluster, until, training):
    run = training
    with TrainerClient.connect(cluster.home) as client:
        until(lambda: client.get(run.run_id).steps > 500, 60)
        client.pause(run.run_id, reason="lunch")
        until(lambda: client.get(run.run_id).state is RunState.PAUSED)
        worker = ProcessIdentity.of(run.victim("worker"))
        until(worker.stopped)
        log = run.log()
        client.unpause(run.run_id)
        until(lambda: client.get(run.run_id).state is RunState.RUNNING)
        until(lambda: len(run.log()) > len(log))
    summary = cluster.wait(run, 120)
    assert (summary.state, summary.attempts) == (RunState.COMPLETED, 1)
    assert summary.steps >= STEPS
