"""Two thousand steps of each algorithm, and everything that must be right about them."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from gym_gui.core.worker import ConfigError, UsageError, WorkerAnalyticsManifest

ALGORITHMS = ["ppo", "ppo_continuous_action", "dqn", "c51", "ddpg", "td3", "sac"]
#: Those that may stop at any step; the others stop between two updates, each of which takes a batch of steps.
STEPWISE = ["dqn", "c51", "ddpg", "td3", "sac"]


@pytest.mark.parametrize("algo", ALGORITHMS)
def test_a_training_says_all_that_happened(worker: Any, algo: str) -> None:
    ran = worker(algo, checkpoint_interval=1000, eval_at_end=True, eval_episodes=2)
    assert ran.lifecycle() == [
        "run_started",
        "checkpoint_saved",
        "checkpoint_saved",
        *(["checkpoint_saved"] if algo in STEPWISE else []),
        "run_completed",
    ]
    assert ran.events[0]["event"] == "run_started"
    steps = [step for step in ran.data("step") if "phase" not in step]
    assert [step["step_index"] for step in steps] == list(range(2048))
    assert ran.summary["total_steps"] == 2048
    episodes = [e for e in ran.data("episode") if e["phase"] == "train"]
    assert ran.summary["episodes"] == len(episodes) > 0
    for episode in episodes:
        own = [step for step in steps if step["ep_index"] == episode["ep_index"]]
        assert len(own) == episode["steps"]
        assert sum(step["reward"] for step in own) == pytest.approx(episode["total_reward"])
        assert (own[-1]["terminated"], own[-1]["truncated"]) == (episode["terminated"], episode["truncated"])
        assert not any(step["terminated"] or step["truncated"] for step in own[:-1])
    assert len({e["seed"] for e in episodes}) == len(episodes)
    evaluated = [e for e in ran.data("episode") if e["phase"] == "eval"]
    assert [e["ep_index"] for e in evaluated] == [0, 1]
    assert ran.summary["evaluation"]["mean_return"] == pytest.approx(sum(e["total_reward"] for e in evaluated) / 2)
    metrics = ran.data("metric")
    assert metrics
    assert {"charts/SPS", "charts/learning_rate"} <= set(metrics[-1]["values"])
    assert any(name.startswith("losses/") for name in metrics[-1]["values"])
    assert all(math.isfinite(v) for m in metrics for n, v in m["values"].items() if n != "losses/explained_variance")


@pytest.mark.parametrize("algo", ALGORITHMS)
def test_same_seed_same_episodes(worker: Any, algo: str) -> None:
    first, second, other = worker(algo), worker(algo), worker(algo, seed=2)
    assert first.episode_hashes() == second.episode_hashes()
    assert first.episode_hashes() != other.episode_hashes()
    assert len(first.episode_hashes()) >= 3


@pytest.mark.parametrize("algo", ALGORITHMS)
def test_a_resumed_training_is_the_one_that_was_never_stopped(worker: Any, algo: str) -> None:
    whole = worker(algo, checkpoint_interval=1000)
    saved = whole.named("checkpoint_saved")[0]
    resumed = worker(algo, mode="resume", checkpoint_path=saved["path"], seed=None)
    loaded = resumed.named("checkpoint_loaded")[0]
    assert (loaded["path"], loaded["step"], loaded["seed"]) == (saved["path"], saved["step"], 1)
    assert loaded["environments_restored"] is True
    assert saved["algorithm"] == algo
    assert set(saved["libraries"]) == {"python", "torch", "gymnasium", "numpy"}
    assert resumed.lifecycle()[:2] == ["run_started", "checkpoint_loaded"]

    def told(ran: Any, since: int) -> list[list[Any]]:
        names = ("step_index", "ep_index", "reward", "action", "terminated", "truncated")
        return [[step[name] for name in names] for step in ran.data("step") if step["step_index"] >= since]

    assert told(resumed, 0) == told(whole, saved["step"])
    ends = [(e["ep_index"], e["total_reward"], e["steps"], e["seed"]) for e in whole.data("episode")]
    resumed_ends = [(e["ep_index"], e["total_reward"], e["steps"], e["seed"]) for e in resumed.data("episode")]
    assert resumed_ends == ends[-len(resumed_ends) :]
    replayed = [e for e in resumed.data("episode") if e.get("replayed_steps")]
    assert all(e["replayed_steps"] < e["steps"] for e in replayed)
    assert resumed.summary["total_steps"] == 2048
    assert resumed.summary["seed"] == 1


@pytest.mark.parametrize("algo", ALGORITHMS)
def test_evaluation_of_a_checkpoint(worker: Any, algo: str) -> None:
    path = worker(algo).named("checkpoint_saved")[-1]["path"]
    ran = worker(algo, mode="evaluate", checkpoint_path=path, eval_episodes=3, seed=7)
    assert {e["phase"] for e in ran.data("episode")} == {"eval"}
    returns = [e["total_reward"] for e in ran.data("episode")]
    assert ran.summary["mean_return"] == pytest.approx(sum(returns) / 3)
    assert ran.summary["episodes"] == 3
    assert ran.summary["total_steps"] == len(ran.data("step")) == sum(e["steps"] for e in ran.data("episode"))
    again = worker(algo, mode="evaluate", checkpoint_path=path, eval_episodes=3, seed=7)
    assert again.episode_hashes("eval") == ran.episode_hashes("eval")
    assert not again.named("checkpoint_saved")


@pytest.mark.parametrize("rule", ["none", "episodes:3", "all"])
def test_sampled_and_stored_steps_add_up(worker: Any, rule: str) -> None:
    ran = worker("ppo", steps=rule, total_timesteps=1024)
    sampled = sum(event.get("sampled", 0) for event in ran.events)
    assert len(ran.data("step")) + sampled == 1024
    kept = {step["ep_index"] for step in ran.data("step")}
    expected = {"none": set(), "all": {e["ep_index"] for e in ran.data("episode")}}
    if rule == "episodes:3":
        assert all(number % 3 == 0 for number in kept)
    else:
        assert expected[rule] <= kept
    for episode in ran.data("episode"):
        assert episode.get("sampled", 0) == (0 if episode["ep_index"] in kept else episode["steps"])


def test_observations_are_put_out_where_wanted(worker: Any) -> None:
    steps = worker("ppo", observations=True, total_timesteps=256).data("step")
    assert all(len(step["observation"]) == 4 for step in steps)
    firsts = [step for step in steps if "reset_observation" in step]
    assert {step["ep_index"] for step in firsts} == {step["ep_index"] for step in steps}
    assert "observation" not in worker("ppo", total_timesteps=256).data("step")[0]


def test_total_steps_are_never_exceeded(worker: Any) -> None:
    assert worker("ppo", total_timesteps=1000, num_envs=8).summary["total_steps"] == 1000
    assert worker("ppo", total_timesteps=1003, num_envs=8).summary["total_steps"] == 1000


def test_a_training_that_was_done_ends_at_once(worker: Any) -> None:
    path = worker("ppo", total_timesteps=512).named("checkpoint_saved")[-1]["path"]
    ran = worker("ppo", total_timesteps=512, mode="resume", checkpoint_path=path)
    assert ran.lifecycle() == ["run_started", "checkpoint_loaded", "run_completed"]
    assert ran.summary["total_steps"] == 512


def test_old_checkpoints_are_deleted_and_the_manifest_lists_the_rest(worker: Any, tmp_path: Path) -> None:
    ran = worker("ppo", checkpoint_interval=256, keep_checkpoints=2, tensorboard=True)
    saved = [Path(event["path"]) for event in ran.named("checkpoint_saved")]
    assert len(saved) == 8
    assert [path for path in saved if path.is_file()] == saved[-2:]
    manifest = WorkerAnalyticsManifest.load(ran.summary["analytics_manifest"])
    assert manifest.worker_type == "cleanrl"
    assert manifest.artifacts.checkpoints is not None
    assert manifest.artifacts.checkpoints.files == [path.name for path in saved[-2:]]
    assert list(Path(str(manifest.artifacts.tensorboard)).glob("events.out.tfevents.*"))
    assert manifest.artifacts.videos_dir is None
    bare = worker("ppo", total_timesteps=256)
    assert WorkerAnalyticsManifest.load(bare.summary["analytics_manifest"]).artifacts.tensorboard is None


def test_tensorboard_files_hold_the_scalars(worker: Any, tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
    from tensorboard.compat.proto.event_pb2 import Event

    ran = worker("ppo", tensorboard=True, worker_id="w1", total_timesteps=1024)
    (file,) = (tmp_path / "home/runs" / ran.config["run_id"] / "tensorboard/w1").iterdir()
    events = [Event.FromString(record) for record in RawEventFileLoader(str(file)).Load()]
    returns = [v.simple_value for e in events for v in e.summary.value if v.tag == "charts/episodic_return"]
    assert returns == [pytest.approx(e["total_reward"]) for e in ran.data("episode")]
    assert {"losses/value_loss", "charts/SPS"} <= {v.tag for e in events for v in e.summary.value}


def test_continuous_ppo_keeps_its_statistics(worker: Any) -> None:
    import torch

    path = worker("ppo_continuous_action").named("checkpoint_saved")[-1]["path"]
    content = torch.load(path, weights_only=True)
    assert content["parts"]["agent"]["obs_rms.count"] == pytest.approx(2050, abs=1)
    assert content["parts"]["reward_scaler"]["rms.count"] == pytest.approx(2048, abs=1)
    assert {"python", "torch", "gymnasium", "numpy"} <= set(content["libraries"])


@pytest.mark.parametrize(
    ("settings", "path"),
    [
        ({"env_id": "CartPoll-v1"}, "env_id"),
        ({"env_id": "CartPole-v99"}, "env_id"),
        ({"env_id": "no_such_package:CartPole-v1"}, "env_id"),
        ({"env_id": "Pendulum-v1"}, "algo"),
        ({"env_kwargs": {"bogus": 1}}, "env_kwargs"),
        ({"total_timesteps": 3, "num_envs": 8}, "total_timesteps"),
        ({"mode": "resume", "checkpoint_path": "no/such/file.pt"}, "checkpoint_path"),
    ],
)
@pytest.mark.parametrize("dry_run", [True, False])
def test_a_run_that_cannot_start_says_why(
    worker: Any, settings: dict[str, Any], path: str, dry_run: bool, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError) as caught:
        worker("ppo", dry_run=dry_run, **settings)
    assert [problem.path for problem in caught.value.problems] == [path]
    events = [json.loads(line) for line in (tmp_path / "run1.jsonl").read_text().splitlines()]
    assert [event["event"] for event in events if event["event"] != "heartbeat"] == ["run_started", "run_failed"]
    assert events[-1]["payload"]["problems"][0]["path"] == path
    if settings.get("env_id") == "CartPoll-v1":
        assert caught.value.problems[0].nearest == "CartPole-v1"


def test_a_dry_run_trains_nothing(worker: Any, tmp_path: Path) -> None:
    ran = worker("ppo", dry_run=True)
    assert ran.lifecycle() == ["run_started", "run_completed"]
    assert ran.summary["status"] == "dry-run"
    assert not (tmp_path / "home").exists()


def test_a_checkpoint_of_another_training_is_refused(worker: Any) -> None:
    path = worker("ppo", total_timesteps=256).named("checkpoint_saved")[-1]["path"]
    with pytest.raises(UsageError, match=r"another training(.|\n)*algo is 'ppo' there and 'dqn' here"):
        worker("dqn", mode="resume", checkpoint_path=path)
    with pytest.raises(UsageError, match=r"env_id is 'CartPole-v1' there and 'Acrobot-v1' here"):
        worker("ppo", env_id="Acrobot-v1", mode="evaluate", checkpoint_path=path, dry_run=True)
    with pytest.raises(UsageError, match="does not fit"):
        worker("ppo", mode="resume", checkpoint_path=path, hidden_sizes=[32])


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04rubbish"])
def test_a_damaged_checkpoint_is_refused(worker: Any, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.pt"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="cannot be read"):
        worker("ppo", mode="evaluate", checkpoint_path=str(path))


def test_an_environment_of_a_package_named_in_its_id(
    worker: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry_point = "gymnasium.envs.classic_control:CartPoleEnv"
    code = f"import gymnasium\ngymnasium.register('cleanrl_test_envs-v0', entry_point={entry_point!r})\n"
    (tmp_path / "cleanrl_test_envs.py").write_text(code)
    monkeypatch.syspath_prepend(str(tmp_path))
    ran = worker("ppo", total_timesteps=256, env_id="cleanrl_test_envs:cleanrl_test_envs-v0")
    assert ran.lifecycle()[-1] == "run_completed"
    with pytest.raises(ConfigError) as caught:
        worker("ppo", total_timesteps=256, env_id="cleanrl_test_envs:cleanrl_test_envs-v1")
    assert caught.value.problems[0].nearest == "cleanrl_test_envs:cleanrl_test_envs-v0"
    with pytest.raises(ConfigError, match="no_such_cleanrl_test_envs' cannot be imported"):
        worker("ppo", total_timesteps=256, env_id="no_such_cleanrl_test_envs:cleanrl_test_envs-v0")


def test_a_training_goes_on_with_fewer_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    import numpy as np
    import torch

    from cleanrl_worker.checkpoint import restore_rng, rng_state

    rng, set_on = np.random.default_rng(1), []
    state = {**rng_state(rng), "cuda": [torch.zeros(16, dtype=torch.uint8)] * 2}
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "set_rng_state", lambda _state, device: set_on.append(device))
    restore_rng(state, rng)
    assert set_on == [0]
