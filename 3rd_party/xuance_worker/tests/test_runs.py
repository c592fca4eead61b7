"""What a run of the worker says and leaves behind."""

from __future__ import annotations

import json
import logging
import zipfile
from pathlib import Path
from typing import Any

import pytest

from gym_gui.core.worker import ConfigError, WorkerAnalyticsManifest

pytestmark = [pytest.mark.library, pytest.mark.filterwarnings("ignore")]

SPREAD = {"algo": "VDN", "env_id": "mpe2/simple_spread_v3", "start_training": 100, "batch_size": 32}


def test_what_a_training_says(worker: Any) -> None:
    ran = worker(observations=True, tensorboard=True, eval_at_end=True, eval_episodes=3)
    assert ran.lifecycle() == ["run_started", "checkpoint_saved", "run_completed"]
    train = [step for step in ran.data("step") if "phase" not in step]
    assert [step["step_index"] for step in train] == list(range(512))
    for episode in ran.data("episode"):
        phase = episode.get("phase", "train")
        number = episode["ep_index"]
        own = [s for s in ran.data("step") if (s["ep_index"], s.get("phase", "train")) == (number, phase)]
        assert sum(step["reward"] for step in own) == episode["total_reward"]
        assert own[-1]["terminated"] or own[-1]["truncated"]
        assert "reset_observation" in own[0]
    assert len({episode["seed"] for episode in ran.data("episode")}) == len(ran.data("episode"))
    assert ran.metric("actor_loss") or ran.metric("actor-loss")
    assert [episode.get("phase") for episode in ran.data("episode")].count("eval") == 3
    assert ran.summary["evaluation"]["episodes"] == 3
    manifest = WorkerAnalyticsManifest.load(ran.summary["analytics_manifest"])
    assert manifest.artifacts.checkpoints.files == ["step_0000000512.zip"]
    assert list(Path(manifest.artifacts.tensorboard).glob("events.out.tfevents.*"))


def test_several_agents_have_steps_of_their_own(worker: Any) -> None:
    ran = worker(**SPREAD)
    assert {step["agent_id"] for step in ran.data("step")} == {"agent_0", "agent_1", "agent_2"}
    assert {step["step_index"] for step in ran.data("step")} == set(range(512))
    for episode in ran.data("episode"):
        assert sum(episode["agent_rewards"].values()) == pytest.approx(episode["total_reward"])
        assert episode["truncated"]


@pytest.mark.parametrize("more", [{}, {"algo": "DQN", "start_training": 50}, SPREAD], ids=["PPO", "DQN", "VDN"])
def test_the_same_seed_plays_the_same_episodes(worker: Any, more: dict[str, Any]) -> None:
    first, again, other = worker(**more), worker(**more), worker(**more, seed=2)
    assert first.episode_hashes() == again.episode_hashes()
    assert not set(first.episode_hashes().values()) & set(other.episode_hashes().values())


@pytest.mark.parametrize("rule", ["none", "episodes:3"])
def test_steps_that_are_left_out_are_counted(worker: Any, rule: str) -> None:
    ran = worker(steps=rule)
    assert ran.steps_told() == 512
    assert {step["ep_index"] % 3 for step in ran.data("step")} == ({0} if rule == "episodes:3" else set())


def test_a_resumed_training_goes_on_where_the_checkpoint_was(worker: Any) -> None:
    import torch

    first = worker(algo="DQN", start_training=50, save_replay_buffer=True)
    path = first.named("checkpoint_saved")[0]["path"]
    with zipfile.ZipFile(path) as archive, archive.open("model.pth") as part:
        assert {"policy", "optimizer"} <= set(torch.load(part, weights_only=True))  # plain XuanCe reads it
        facts = json.loads(archive.read("mosaic.json"))
    assert facts["step"] == 512
    assert facts["arguments"]["policy"] == "Basic_Q_network"
    again = worker(algo="DQN", mode="resume", checkpoint_path=path, total_timesteps=600, learning_rate=1e-5, seed=9)
    loaded = again.named("checkpoint_loaded")[0]
    assert loaded["replay_buffer"] == 256  # of each of two environments
    assert loaded["seed"] == 1
    assert again.metric("learning_rate")[-1] == pytest.approx(1e-5)
    assert again.data("step")[0]["step_index"] == 512
    assert again.metric("epsilon-greedy")[0] < first.metric("epsilon-greedy")[0]
    done = worker(algo="DQN", mode="resume", checkpoint_path=path, total_timesteps=512)
    assert done.summary["total_steps"] == 512


def test_only_the_newest_checkpoints_are_kept(worker: Any) -> None:
    ran = worker(checkpoint_interval=128, keep_checkpoints=2)
    paths = [Path(saved["path"]) for saved in ran.named("checkpoint_saved")]
    assert [path.exists() for path in paths] == [False, False, True, True]


@pytest.mark.parametrize(("fault", "told"), [("cut", "cannot be read"), ("foreign", "holds no agent")])
def test_a_damaged_checkpoint_is_said(worker: Any, tmp_path: Path, fault: str, told: str) -> None:
    path = tmp_path / "c.zip"
    if fault == "cut":
        whole = Path(worker(total_timesteps=128).named("checkpoint_saved")[0]["path"]).read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("weights", b"")
    for dry_run in (True, False):
        with pytest.raises(ConfigError, match=told):
            worker(mode="evaluate", checkpoint_path=str(path), dry_run=dry_run)


def test_a_checkpoint_of_another_training_is_refused(worker: Any) -> None:
    path = worker(total_timesteps=128).named("checkpoint_saved")[0]["path"]
    with pytest.raises(ConfigError, match="algorithm is PPO there and A2C here"):
        worker(algo="A2C", mode="resume", checkpoint_path=path)
    with pytest.raises(ConfigError, match="env_id is CartPole-v1 there"):
        worker(env_id="Acrobot-v1", mode="evaluate", checkpoint_path=path)
    with pytest.raises(
        ConfigError, match=r"size mismatch.*; settings\.actor_hidden_size is \[128\] there and \[7\] here"
    ):
        worker(mode="resume", checkpoint_path=path, settings={"actor_hidden_size": [7]})


@pytest.mark.parametrize(
    ("error", "settings", "also"),
    [
        (RuntimeError("full"), {}, ""),  # goes on with the sizes of the checkpoint
        (RuntimeError("full"), {"actor_hidden_size": [7]}, "; settings.actor_hidden_size is [16] there and [7] here"),
        (MemoryError("full"), {"actor_hidden_size": [7]}, ""),
    ],
)
def test_why_a_checkpoint_cannot_be_loaded_is_said(
    worker: Any, monkeypatch: pytest.MonkeyPatch, error: Exception, settings: dict[str, Any], also: str
) -> None:
    from xuance_worker.checkpoint import Checkpoint

    def load(*_: Any, **__: Any) -> None:
        raise error

    path = worker(total_timesteps=128, settings={"actor_hidden_size": [16]}).named("checkpoint_saved")[0]["path"]
    monkeypatch.setattr(Checkpoint, "load", load)
    with pytest.raises(ConfigError) as caught:
        worker(mode="resume", checkpoint_path=path, settings=settings)
    (problem,) = caught.value.problems
    assert problem.message == f"it cannot be loaded into the agent: {type(error).__name__}: full{also}"


def test_other_versions_are_said_before_loading(worker: Any, tmp_path: Path, caplog: Any) -> None:
    path = Path(worker(total_timesteps=128).named("checkpoint_saved")[0]["path"])
    other = tmp_path / "other.zip"
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(other, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            if name == "mosaic.json":
                facts = json.loads(data)
                facts["libraries"]["xuance"] = "1.3.0"
                data = json.dumps(facts).encode()
            target.writestr(name, data)
    with caplog.at_level(logging.WARNING):
        worker(mode="evaluate", checkpoint_path=str(other), eval_episodes=1)
    assert "xuance 1.3.0 (now 1.4.4)" in caplog.text


def test_weights_and_biases_offline(worker: Any, tmp_path: Path) -> None:
    ran = worker(wandb="offline", total_timesteps=128)
    manifest = WorkerAnalyticsManifest.load(ran.summary["analytics_manifest"])
    folder = Path(manifest.artifacts.wandb.offline_dir)
    assert folder.parent == tmp_path / "wandb"
    assert list(folder.glob("*.wandb"))


def test_dry_runs(worker: Any) -> None:
    tried = worker(algo="MADDPG", env_id="mpe2/simple_spread_v3", dry_run=True)
    assert tried.lifecycle() == ["run_started", "run_completed"]
    assert tried.summary["status"] == "dry-run"
    assert tried.summary["arguments"]["policy"] == "MADDPG_Policy"
    assert tried.summary["arguments"]["tau"] == 0.001


def test_agents_of_other_spaces_have_networks_of_their_own(worker: Any) -> None:
    ran = worker(algo="IPPO", env_id="mpe2/simple_adversary_v3", total_timesteps=128)
    assert ran.summary["arguments"]["use_parameter_sharing"] is False


FAULTS: list[tuple[dict[str, Any], str, str, str | None]] = [
    ({"env_id": "CartPol-v1"}, "env_id", "does not know it", "CartPole-v1"),
    ({"algo": "VDN", "env_id": "mpe2/simple_spred_v3"}, "env_id", "knows it", "mpe2/simple_spread-v3"),
    ({"env_kwargs": {"no_such": 1}}, "env_kwargs", "cannot be made", None),
    ({"algo": "DQN", "env_id": "Pendulum-v1"}, "algo", "missing capability: DQN takes discrete actions", None),
    ({"algo": "TD3"}, "algo", "missing capability: TD3 takes continuous actions", None),
    ({"algo": "QMIX"}, "algo", "missing capability: QMIX is an algorithm for several agents", None),
    ({"env_id": "mpe2/simple_spread_v3"}, "algo", "missing capability: PPO is an algorithm for one agent", None),
    ({"algo": "IPPO", "env_id": "classic/tictactoe_v3"}, "env_id", "missing capability", None),
    ({"batch_size": 5}, "batch_size", "is not an argument of PPO", None),
    ({"settings": {"actor_hidden_sizes": [5]}}, "settings.actor_hidden_sizes", "PPO", "actor_hidden_size"),
    ({"settings": {"seed": 5}}, "settings.seed", "is decided by seed", None),
    ({"gamma": 0.9, "settings": {"gamma": 1}}, "settings.gamma", "is given twice", None),
    ({"settings": {"activation": "rellu"}}, "settings", "XuanCe refuses its arguments", None),
    ({"mode": "evaluate", "checkpoint_path": "none.zip"}, "checkpoint_path", "no such file", None),
]


@pytest.mark.parametrize(
    ("settings", "path", "told", "near"), FAULTS, ids=[fault[1] + fault[2][:12] for fault in FAULTS]
)
def test_what_cannot_start_is_said(
    worker: Any, settings: dict[str, Any], path: str, told: str, near: str | None
) -> None:
    with pytest.raises(ConfigError) as caught:
        worker(dry_run=True, **settings)
    (problem,) = caught.value.problems
    assert problem.path == path
    assert told in str(problem)
    assert near is None or problem.nearest == near
