"""Whole runs with the library: what happens in any process arrives, and nothing is left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("ray", reason="needs the worker's own environment")

from ray_worker.processes import MARK, marked_processes

pytestmark = pytest.mark.library

CARTPOLE = {"env_id": "CartPole-v1", "total_timesteps": 2000}
SMALL: dict[str, dict[str, Any]] = {
    "PPO": {**CARTPOLE, "algo": "PPO", "num_epochs": 2},
    "DQN": {**CARTPOLE, "algo": "DQN", "training": {"num_steps_sampled_before_learning_starts": 1500}},
    "SAC": {
        "env_id": "Pendulum-v1",
        "total_timesteps": 2000,
        "algo": "SAC",
        "hidden_sizes": [32, 32],
        "train_batch_size": 64,
        "training": {"num_steps_sampled_before_learning_starts": 1700},
    },
    "IMPALA": {**CARTPOLE, "algo": "IMPALA"},
    "APPO": {**CARTPOLE, "algo": "APPO"},
}
SPREAD = {"env_id": "mpe2/simple_spread_v3", "total_timesteps": 400, "train_batch_size": 200, "num_epochs": 1}
LATE = {"total_timesteps": 150, "training": {"num_steps_sampled_before_learning_starts": 100}, "hidden_sizes": [16]}
SEVERAL: dict[str, dict[str, Any]] = {
    "DQN, one policy": {**LATE, "algo": "DQN", "env_id": "mpe2/simple_spread_v3"},
    "SAC, a policy each": {
        **LATE,
        "algo": "SAC",
        "env_id": "mpe2/simple_spread_v3",
        "env_kwargs": {"continuous_actions": True},
        "paradigm": "independent",
    },
    "DQN, self-play": {**LATE, "algo": "DQN", "env_id": "classic/tictactoe_v3", "paradigm": "self_play"},
}
#: Who learns in each.
LEARNING = {
    "DQN, one policy": {"shared"},
    "SAC, a policy each": {"agent_0", "agent_1", "agent_2"},
    "DQN, self-play": {"main"},
}


@pytest.mark.parametrize("algo", list(SMALL))
def test_each_algorithm_completes_with_finite_metrics(runs: Any, algo: str) -> None:
    ran = runs(**SMALL[algo])
    assert ran.summary["total_steps"] >= 2000
    assert ran.lifecycle() == ["run_started", "checkpoint_saved", "run_completed"]
    ran.check_data()
    assert any(name.startswith("learners/default_policy/") for m in ran.data("metric") for name in m["values"])


def test_nothing_of_remote_runners_is_lost(runs: Any) -> None:
    ran = runs(**SMALL["PPO"], num_env_runners=2, num_envs_per_env_runner=2, train_batch_size=1000)
    ran.check_data()
    steps = {step["step_index"] for step in ran.data("step")}
    assert steps == set(range(len(steps)))
    assert len(steps) == ran.summary["total_steps"] == ran.summary["env_steps"]


def test_left_out_steps_are_counted(runs: Any) -> None:
    ran = runs(**SMALL["PPO"], num_env_runners=1, steps="episodes:3")
    sampled = sum(event.get("sampled", 0) for event in ran.events)
    assert sampled + len(ran.data("step")) == ran.summary["env_steps"]


@pytest.mark.parametrize("paradigm", ["parameter_sharing", "independent"])
def test_agents_share_a_policy_or_have_their_own(runs: Any, paradigm: str) -> None:
    ran = runs(**SPREAD, paradigm=paradigm, num_env_runners=1, eval_at_end=True, eval_episodes=2)
    ran.check_data()
    ran.check_data("eval")
    assert {step["agent_id"] for step in ran.data("step")} == {"agent_0", "agent_1", "agent_2"}
    modules = {name.split("/")[1] for m in ran.data("metric") for name in m["values"] if name.startswith("learners/")}
    assert modules >= ({"shared"} if paradigm == "parameter_sharing" else {"agent_0", "agent_1", "agent_2"})


@pytest.mark.parametrize("which", list(SEVERAL))
def test_several_agents_share_a_replay_buffer(runs: Any, which: str) -> None:
    ran = runs(**SEVERAL[which])
    assert ran.summary["total_steps"] >= 150
    ran.check_data()
    lost = {name for metric in ran.data("metric") for name in metric["values"] if name.endswith("/total_loss")}
    assert {name.split("/")[1] for name in lost} == LEARNING[which]


def test_self_play_against_a_league_of_snapshots(runs: Any) -> None:
    settings = {"env_id": "classic/tictactoe_v3", "paradigm": "self_play", "league_interval": 300, "league_size": 2}
    ran = runs(**settings, total_timesteps=900, train_batch_size=300, num_epochs=1)
    ran.check_data()
    assert ran.summary["snapshots"] == 4
    assert ran.data("metric")[-1]["values"]["league/members"] == 2
    assert {step["agent_id"] for step in ran.data("step")} == {"player_1", "player_2"}
    path = ran.named("checkpoint_saved")[-1]["path"]
    evaluated = runs(**settings, mode="evaluate", checkpoint_path=path, eval_episodes=3)
    assert evaluated.summary["episodes"] == 3


def test_resume_goes_on_and_evaluate_measures(runs: Any) -> None:
    ran = runs(**SMALL["PPO"], train_batch_size=1000)
    saved = ran.named("checkpoint_saved")[-1]
    assert saved["algorithm"] == "PPO"
    assert {"ray", "torch"} <= set(saved["libraries"])
    more = {**SMALL["PPO"], "total_timesteps": 4000}
    resumed = runs(**more, train_batch_size=1000, mode="resume", checkpoint_path=saved["path"], seed=None)
    loaded = resumed.named("checkpoint_loaded")[0]
    assert (loaded["step"], loaded["seed"], loaded["iteration"]) == (2000, 1, 2)
    assert resumed.summary["iterations"] == 4
    assert [metric["step"] for metric in resumed.data("metric")] == [3000, 4000]
    assert min(step["step_index"] for step in resumed.data("step")) == 2000
    assert min(e["ep_index"] for e in resumed.data("episode")) > max(e["ep_index"] for e in ran.data("episode"))
    first = runs(mode="evaluate", env_id="CartPole-v1", checkpoint_path=saved["path"], eval_episodes=3, seed=5)
    again = runs(mode="evaluate", env_id="CartPole-v1", checkpoint_path=saved["path"], eval_episodes=3, seed=5)
    first.check_data("eval")
    assert first.summary["episodes"] == 3
    told = [[(e["seed"], e["total_reward"]) for e in run.data("episode", "eval")] for run in (first, again)]
    assert told[0] == told[1]


def test_checkpoints_of_another_training_are_refused(runs: Any) -> None:
    path = runs(**SMALL["PPO"]).named("checkpoint_saved")[-1]["path"]
    other = runs(**SMALL["DQN"], mode="resume", checkpoint_path=path)
    assert other.code == 2
    assert "'PPO' there and 'DQN' here" in other.named("run_failed")[0]["error"]
    layers = runs(**{**SMALL["PPO"], "total_timesteps": 4000}, hidden_sizes=[8], mode="resume", checkpoint_path=path)
    assert layers.code != 0
    assert "does not fit" in layers.named("run_failed")[0]["error"]


def test_a_search_tells_each_trial(runs: Any) -> None:
    ran = runs(**SMALL["PPO"], mode="tune", train_batch_size=1000, tune_space={"learning_rate": [1e-3, 1e-4]})
    trials = ran.summary["trials"]
    assert {trial["settings"]["learning_rate"] for trial in trials.values()} == {1e-3, 1e-4}
    assert {metric["trial"] for metric in ran.data("metric")} == set(trials) == {"t000", "t001"}
    assert {episode["trial"] for episode in ran.data("episode")} == set(trials)
    ran.check_data()
    saved = ran.named("checkpoint_saved")[0]
    assert saved["trial"] == ran.summary["best_trial"]
    evaluated = runs(mode="evaluate", env_id="CartPole-v1", checkpoint_path=saved["path"], eval_episodes=2)
    assert evaluated.summary["episodes"] == 2


def test_sigterm_saves_and_says_cancelled(runs: Any) -> None:
    process, log, stderr = runs.start(
        **{**SMALL["PPO"], "total_timesteps": 10**8}, train_batch_size=200, num_env_runners=1
    )
    runs.wait_until(lambda: log.exists() and '"metric"' in log.read_text())
    # As the supervisor does: the whole group is told, Ray's processes have one of their own.
    os.killpg(process.pid, signal.SIGTERM)
    assert process.wait(60) == 143
    ran = runs.read(143, log, stderr)
    assert ran.lifecycle()[-2:] == ["checkpoint_saved", "run_cancelled"]
    assert ran.named("run_cancelled")[0]["step"] == ran.named("checkpoint_saved")[-1]["step"] > 0


@pytest.mark.fault
def test_nothing_outlives_a_killed_worker(runs: Any) -> None:
    endless = {**SMALL["PPO"], "total_timesteps": 10**8, "train_batch_size": 200}
    process, log, _ = runs.start(**endless, num_env_runners=1)
    runs.wait_until(lambda: log.exists() and '"metric"' in log.read_text())
    mark = next(
        entry.partition(b"=")[2].decode()
        for child in _children(process.pid)
        for entry in Path(f"/proc/{child}/environ").read_bytes().split(b"\0")
        if entry.startswith(MARK.encode())
    )
    assert len(marked_processes(mark)) > 3
    process.kill()
    process.wait(30)
    runs.wait_until(lambda: not marked_processes(mark), 60)


def test_stdout_carries_all_where_there_is_no_log(tmp_path: Path) -> None:
    config = {"run_id": "plain", "seed": 1, "tensorboard": False, **SMALL["PPO"], "num_env_runners": 1}
    (tmp_path / "config.json").write_text(json.dumps(config))
    hidden = ("MOSAIC_LOG", "MOSAIC_RUN_ID", "PYTHONUNBUFFERED")
    environment = {key: value for key, value in os.environ.items() if key not in hidden}
    done = subprocess.run(
        [sys.executable, "-m", "ray_worker.cli", "--config", "config.json"],
        cwd=tmp_path,
        env={**environment, "MOSAIC_HOME": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[1])},
        capture_output=True,
        text=True,
        timeout=600,
        check=True,
    )
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert events[-1]["event"] == "run_completed"
    assert sum(event.get("event_type") == "step" for event in events) == events[-1]["payload"]["env_steps"]


def _children(pid: int) -> list[int]:
    found = []
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                fields = (Path(entry.path) / "stat").read_bytes().rpartition(b")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == pid:
                found.append(int(entry.name))
    return found
