"""What a run of the worker emits and leaves behind."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from gym_gui.core.worker import ConfigError, WorkerAnalyticsManifest

pytestmark = [pytest.mark.library, pytest.mark.filterwarnings("ignore")]

AGENTS = {"agent_0", "agent_1", "agent_2"}


def children() -> set[str]:
    """Return the processes that this one has started."""
    return set(Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split())


@pytest.mark.parametrize(("algo", "paradigm"), [("ippo", "independent"), ("mappo", "centralized")])
def test_what_a_training_emits(worker: Any, algo: str, paradigm: str) -> None:
    before = children()
    ran = worker(algo=algo, paradigm=paradigm, tensorboard=True, observations=True, eval_at_end=True, eval_episodes=2)
    assert children() == before  # no process of Ray
    assert ran.lifecycle() == ["run_started", "checkpoint_saved", "run_completed"]
    train = [step for step in ran.data("step") if "phase" not in step]
    assert {step["agent_id"] for step in train} == AGENTS
    assert sorted({step["step_index"] for step in train}) == list(range(200))
    for episode in ran.data("episode"):
        own = [
            step
            for step in ran.data("step")
            if (step["ep_index"], step.get("phase")) == (episode["ep_index"], episode.get("phase"))
        ]
        assert set(episode["agent_rewards"]) == AGENTS
        assert sum(step["reward"] for step in own) == pytest.approx(episode["total_reward"])
        assert episode["steps"] == 25
        assert episode["truncated"]
        assert sum("reset_observation" in step for step in own) == 3
    assert len({episode["seed"] for episode in ran.data("episode")}) == 10
    assert ran.summary["total_steps"] == 200
    assert ran.summary["paradigm"] == paradigm
    assert ran.summary["evaluation"]["episodes"] == 2
    assert ran.metric("learner/shared_policy/policy_loss")
    assert ran.metric("policy/shared_policy/reward_mean")
    manifest = WorkerAnalyticsManifest.load(ran.summary["analytics_manifest"])
    assert manifest.artifacts.checkpoints.files == ["step_0000000200.zip"]
    assert list(Path(manifest.artifacts.tensorboard).glob("events.out.tfevents.*"))


@pytest.mark.parametrize("algo", ["vdn", "qmix"])
def test_value_decomposition_shares_rewards(worker: Any, algo: str) -> None:
    ran = worker(algo=algo, batch_episode=8, total_timesteps=500)
    assert {step["agent_id"] for step in ran.data("step")} == AGENTS
    for episode in ran.data("episode"):
        assert len(set(episode["agent_rewards"].values())) == 1
    assert ran.metric("learner/default_policy/loss")


def test_the_same_seed_plays_the_same_episodes(worker: Any) -> None:
    first, again, other = worker(), worker(), worker(seed=2)
    assert first.episode_hashes() == again.episode_hashes()
    assert not set(first.episode_hashes().values()) & set(other.episode_hashes().values())


@pytest.mark.parametrize("rule", ["none", "episodes:3"])
def test_steps_that_are_left_out_are_counted(worker: Any, rule: str) -> None:
    ran = worker(steps=rule)
    assert ran.steps_told() == 600  # of each of three agents
    assert {step["ep_index"] % 3 for step in ran.data("step")} == ({0} if rule == "episodes:3" else set())


def test_a_resumed_training_continues_at_the_checkpoint(worker: Any) -> None:
    first = worker(algo="vdn", batch_episode=8, total_timesteps=500)
    path = first.named("checkpoint_saved")[0]["path"]
    with zipfile.ZipFile(path) as archive:
        facts = json.loads(archive.read("mosaic.json"))
    step = facts["step"]
    assert facts["libraries"]["marllib"] == "1.0.3"
    assert {"ray", "torch", "python"} <= set(facts["libraries"])
    again = worker(algo="vdn", batch_episode=8, total_timesteps=step + 200, mode="resume", checkpoint_path=path, seed=9)
    assert again.named("checkpoint_loaded")[0]["seed"] == 1
    assert again.data("step")[0]["step_index"] == step
    assert min(episode["ep_index"] for episode in again.data("episode")) >= step // 25
    done = worker(algo="vdn", mode="resume", checkpoint_path=path, total_timesteps=step)
    assert done.summary["total_steps"] == step


def test_an_evaluation_plays_the_same_episodes_each_time(worker: Any) -> None:
    path = worker().named("checkpoint_saved")[0]["path"]
    first, again = (worker(mode="evaluate", checkpoint_path=path, eval_episodes=3) for _ in range(2))
    assert first.summary["total_steps"] == 75
    assert first.summary["mean_return"] == again.summary["mean_return"]
    assert [episode["phase"] for episode in first.data("episode")] == ["eval"] * 3


def test_only_the_newest_checkpoints_are_kept(worker: Any) -> None:
    ran = worker(checkpoint_interval=100, keep_checkpoints=2, total_timesteps=400, steps="none")
    paths = [Path(saved["path"]) for saved in ran.named("checkpoint_saved")]
    assert [path.exists() for path in paths] == [False, False, True, True]


@pytest.mark.parametrize(("fault", "message"), [("cut", "cannot be read"), ("foreign", "holds no trainer")])
def test_a_damaged_checkpoint_is_refused(worker: Any, tmp_path: Path, fault: str, message: str) -> None:
    path = tmp_path / "c.zip"
    if fault == "cut":
        whole = Path(worker(total_timesteps=100).named("checkpoint_saved")[0]["path"]).read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("weights", b"")
    for dry_run in (True, False):
        with pytest.raises(ConfigError, match=message):
            worker(mode="evaluate", checkpoint_path=str(path), dry_run=dry_run)


def test_a_checkpoint_of_another_training_is_refused(worker: Any) -> None:
    path = worker(total_timesteps=100).named("checkpoint_saved")[0]["path"]
    with pytest.raises(ConfigError, match="algorithm is mappo there and ippo here"):
        worker(algo="ippo", mode="resume", checkpoint_path=path)
    with pytest.raises(ConfigError, match="encode_layer is 128-128 there"):
        worker(encode_layer="64", mode="evaluate", checkpoint_path=path)
    with pytest.raises(ConfigError, match=r"into the trainer: .+: .+; env_kwargs\.continuous_actions is not set there"):
        worker(mode="resume", checkpoint_path=path, env_kwargs={"continuous_actions": True})


def test_other_versions_are_reported_before_loading(worker: Any, tmp_path: Path, caplog: Any) -> None:
    path = Path(worker(total_timesteps=100).named("checkpoint_saved")[0]["path"])
    other = tmp_path / "other.zip"
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(other, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            if name == "mosaic.json":
                facts = json.loads(data)
                facts["libraries"]["ray"] = "1.7.0"
                data = json.dumps(facts).encode()
            target.writestr(name, data)
    with caplog.at_level(logging.WARNING):
        worker(mode="evaluate", checkpoint_path=str(other), eval_episodes=1)
    assert "ray 1.7.0 (now 1.8.0)" in caplog.text


def test_dry_runs(worker: Any) -> None:
    tried = worker(algo="qmix", dry_run=True)
    assert tried.lifecycle() == ["run_started", "run_completed"]
    assert tried.summary["status"] == "dry-run"
    assert tried.summary["arguments"]["algo_args"]["batch_episode"] == 4


FAULTS: Any = [
    ({"env_id": "lbf/default_map"}, "env_id", "missing capability: lbf cannot be used here", None),
    ({"env_kwargs": {"no_such": 1}}, "env_kwargs", "cannot be made", None),
    ({"algo": "maddpg"}, "algo", "missing capability: maddpg takes continuous actions", None),
    ({"algo": "qmix", "env_kwargs": {"continuous_actions": True}}, "algo", "qmix takes discrete actions", None),
    ({"env_id": "mpe/simple_tag", "share_policy": "all"}, "share_policy", "one policy for all agents", None),
    ({"algo": "vdn", "env_id": "mpe/simple_tag"}, "env_id", "cannot be made", None),
    ({"algo_args": {"clip_parm": 0.1}}, "algo_args.clip_parm", "is not an argument of mappo", "clip_param"),
    (
        {"algo": "iddpg", "hyperparams": "smac", "env_kwargs": {"continuous_actions": True}},
        "hyperparams",
        "no hyperparameters",
        None,
    ),
    ({"mode": "evaluate", "checkpoint_path": "none.zip"}, "checkpoint_path", "no such file", None),
]


@pytest.mark.parametrize(
    ("settings", "path", "message", "near"), FAULTS, ids=[fault[1] + fault[2][:12] for fault in FAULTS]
)
def test_what_cannot_start_is_refused(
    worker: Any, settings: dict[str, Any], path: str, message: str, near: str | None
) -> None:
    with pytest.raises(ConfigError) as caught:
        worker(dry_run=True, **settings)
    (problem,) = caught.value.problems
    assert problem.path == path
    assert message in str(problem)
    assert near is None or problem.nearest == near


@pytest.mark.process
def test_a_cancelled_training_saves_a_checkpoint(tmp_path: Path) -> None:
    config = {"run_id": "r", "seed": 1, "batch_episode": 4, "heartbeat_interval_s": 0, "steps": "none"}
    path = tmp_path / "config.json"
    path.write_text(json.dumps(config))
    environment = {**os.environ, "MOSAIC_HOME": str(tmp_path / "home")}
    for name in ("MOSAIC_LOG", "WORKER_ID", "MOSAIC_RUN_ID", "MOSAIC_RUN_DIR"):
        environment.pop(name, None)
    command = [sys.executable, "-m", "marllib_worker.cli", "--config", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=tmp_path, env=environment, text=True) as process:
        assert process.stdout is not None
        events = []
        for line in process.stdout:
            events.append(json.loads(line))
            if events[-1].get("event_type") == "metric":
                process.send_signal(signal.SIGTERM)
                break
        events += [json.loads(line) for line in process.stdout]
    assert process.returncode == 143
    names = [event["event"] for event in events if event.get("event", "heartbeat") != "heartbeat"]
    assert names == ["run_started", "checkpoint_saved", "run_cancelled"]
