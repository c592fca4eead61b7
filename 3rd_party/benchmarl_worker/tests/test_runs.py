"""What a run of the worker says and leaves behind."""

from __future__ import annotations

import importlib.util
import json
import logging
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from benchmarl_worker import preflight
from benchmarl_worker.registry import task_names
from gym_gui.core.worker import ConfigError, WorkerAnalyticsManifest

pytestmark = [pytest.mark.library, pytest.mark.filterwarnings("ignore")]


def test_what_a_training_says(worker: Any) -> None:
    ran = worker(observations=True, tensorboard=True, eval_at_end=True, eval_episodes=3)
    assert ran.lifecycle() == ["run_started", "checkpoint_saved", "run_completed"]
    train = [step for step in ran.data("step") if "phase" not in step]
    assert {step["step_index"] for step in train} == set(range(512))
    assert len({step["agent_id"] for step in train}) == 4
    for episode in ran.data("episode"):
        phase, number = episode.get("phase", "train"), episode["ep_index"]
        own = [s for s in ran.data("step") if (s["ep_index"], s.get("phase", "train")) == (number, phase)]
        assert sum(step["reward"] for step in own) == pytest.approx(episode["total_reward"])
        assert sum(episode["agent_rewards"].values()) == pytest.approx(episode["total_reward"])
        assert len(own) == 4 * episode["steps"]
        assert "reset_observation" in own[0]
        if not episode["terminated"]:
            assert (episode["steps"], episode["truncated"]) == (20, True)
    assert [episode.get("phase") for episode in ran.data("episode")].count("eval") == 3
    assert ran.summary["evaluation"]["episodes"] == 3
    assert [event["step"] for event in ran.data("metric")] == [128, 256, 384, 512]
    manifest = WorkerAnalyticsManifest.load(ran.summary["analytics_manifest"])
    assert manifest.artifacts.checkpoints.files == ["step_0000000512.zip"]
    assert list(Path(manifest.artifacts.tensorboard).glob("events.out.tfevents.*"))


@pytest.mark.parametrize("more", [{}, {"algo": "qmix", "env_id": "pettingzoo/simple_spread"}], ids=["mappo", "qmix"])
def test_the_same_seed_plays_the_same_episodes(worker: Any, more: dict[str, Any]) -> None:
    def played(ran: Any) -> list[Any]:
        return [[step["action"], step["reward"]] for step in ran.data("step")]

    first, again, other = worker(**more), worker(**more), worker(**more, seed=2)
    assert played(first) == played(again)
    assert played(first) != played(other)


@pytest.mark.parametrize("env_id", ["vmas/balance", "pettingzoo/simple_spread"])
def test_environments_side_by_side_play_different_episodes(worker: Any, env_id: str) -> None:
    ran = worker(env_id=env_id, observations=True)
    starts = [step["reset_observation"] for step in ran.data("step") if "reset_observation" in step]
    by_agent = [start for start, step in zip(starts, ran.data("step"), strict=False) if step["agent_id"].endswith("_0")]
    assert len({tuple(start) for start in by_agent}) == len(by_agent) > 4


@pytest.mark.parametrize("rule", ["none", "episodes:3"])
def test_steps_that_are_left_out_are_counted(worker: Any, rule: str) -> None:
    ran = worker(steps=rule)
    assert ran.steps_told() == 512 * 4
    assert {step["ep_index"] % 3 for step in ran.data("step")} == ({0} if rule == "episodes:3" else set())


def test_a_resumed_training_goes_on_where_the_checkpoint_was(worker: Any) -> None:
    import torch

    first = worker(algo="iql", save_replay_buffer=True)
    path = first.named("checkpoint_saved")[0]["path"]
    with zipfile.ZipFile(path) as archive:
        facts = json.loads(archive.read("mosaic.json"))
        with archive.open("rest.pt") as part:
            assert torch.load(part, weights_only=False)["optimizers"]["agents"]["loss"]["state"]
    assert facts["step"] == 512
    again = worker(algo="iql", mode="resume", checkpoint_path=path, total_timesteps=640, seed=9)
    loaded = again.named("checkpoint_loaded")[0]
    assert (loaded["replay_buffer"], loaded["seed"]) == (512, 1)
    assert again.data("step")[0]["step_index"] == 512
    done = worker(algo="iql", mode="resume", checkpoint_path=path, total_timesteps=512)
    assert done.summary["total_steps"] == 512


def test_a_resumed_training_explores_as_much_as_before(worker: Any) -> None:
    import torch

    def epsilon(path: str) -> float:
        with zipfile.ZipFile(path) as archive, archive.open("rest.pt") as part:
            policy = torch.load(part, weights_only=False)["policy"]
        (value,) = [float(tensor) for name, tensor in policy.items() if name.endswith(".eps")]
        return value

    first = worker(algo="iql").named("checkpoint_saved")[0]["path"]
    again = worker(algo="iql", mode="resume", checkpoint_path=first, total_timesteps=640)
    assert epsilon(again.named("checkpoint_saved")[0]["path"]) <= epsilon(first) < 0.02


def test_a_resumed_training_may_have_other_iterations(worker: Any) -> None:
    path = worker().named("checkpoint_saved")[0]["path"]
    again = worker(
        mode="resume", checkpoint_path=path, total_timesteps=800, frames_per_batch=96, checkpoint_interval=96
    )
    assert [saved["step"] for saved in again.named("checkpoint_saved")] == [608, 704, 800]
    assert [event["step"] for event in again.data("metric")] == [608, 704, 800]


def test_only_the_newest_checkpoints_are_kept(worker: Any) -> None:
    ran = worker(checkpoint_interval=128, keep_checkpoints=2)
    paths = [Path(saved["path"]) for saved in ran.named("checkpoint_saved")]
    assert [path.exists() for path in paths] == [False, False, True, True]


@pytest.mark.parametrize(("fault", "told"), [("cut", "not the whole of it"), ("foreign", "holds no experiment")])
def test_a_damaged_checkpoint_is_said(worker: Any, tmp_path: Path, fault: str, told: str) -> None:
    path = tmp_path / "c.zip"
    if fault == "cut":
        whole = Path(worker(total_timesteps=128).named("checkpoint_saved")[0]["path"]).read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("weights", b"")
    with pytest.raises(ConfigError, match=told):
        worker(mode="evaluate", checkpoint_path=str(path), dry_run=True)


def test_a_checkpoint_of_another_training_is_refused(worker: Any) -> None:
    path = worker(total_timesteps=128).named("checkpoint_saved")[0]["path"]
    with pytest.raises(ConfigError, match="algorithm is mappo there and ippo here"):
        worker(algo="ippo", mode="resume", checkpoint_path=path)
    with pytest.raises(ConfigError, match="env_id is vmas/balance there"):
        worker(env_id="vmas/wheel", mode="evaluate", checkpoint_path=path)
    with pytest.raises(
        ConfigError, match=r"into the experiment: \w+Error: \w.*; hidden_sizes is \[16\] there and \[7\] here"
    ):
        worker(mode="resume", checkpoint_path=path, hidden_sizes=[7])
    with pytest.raises(ConfigError, match=r"; env_kwargs\.n_agents is (not set|\d) there and 2 here"):
        worker(mode="resume", checkpoint_path=path, env_kwargs={"max_steps": 20, "n_agents": 2})


@pytest.mark.parametrize(("error", "also"), [(MemoryError("full"), ""), (RuntimeError("full"), "; hidden_sizes is")])
def test_why_a_checkpoint_cannot_be_loaded_is_said(
    worker: Any, monkeypatch: pytest.MonkeyPatch, error: Exception, also: str
) -> None:
    from benchmarl_worker.checkpoint import Checkpoint

    def load(*_: Any, **__: Any) -> None:
        raise error

    path = worker(total_timesteps=128).named("checkpoint_saved")[0]["path"]
    monkeypatch.setattr(Checkpoint, "load", load)
    with pytest.raises(ConfigError) as caught:
        worker(mode="resume", checkpoint_path=path, hidden_sizes=[7])
    (problem,) = caught.value.problems
    assert problem.message.startswith(f"it cannot be loaded into the experiment: {type(error).__name__}: full{also}")
    assert ("there and" in problem.message) == bool(also)


def test_other_versions_are_said_before_loading(worker: Any, tmp_path: Path, caplog: Any) -> None:
    path = Path(worker(total_timesteps=128).named("checkpoint_saved")[0]["path"])
    other = tmp_path / "other.zip"
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(other, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            if name == "mosaic.json":
                facts = json.loads(data)
                facts["libraries"]["benchmarl"] = "1.3.0"
                data = json.dumps(facts).encode()
            target.writestr(name, data)
    with caplog.at_level(logging.WARNING):
        worker(mode="evaluate", checkpoint_path=str(other), eval_episodes=1)
    assert "benchmarl 1.3.0 (now 1.5.2)" in caplog.text


def test_weights_and_biases_offline(worker: Any, tmp_path: Path) -> None:
    ran = worker(wandb="offline", total_timesteps=128)
    manifest = WorkerAnalyticsManifest.load(ran.summary["analytics_manifest"])
    folder = Path(manifest.artifacts.wandb.offline_dir)
    assert folder.parent == tmp_path / "wandb"
    assert list(folder.glob("*.wandb"))


def test_dry_runs(worker: Any) -> None:
    tried = worker(dry_run=True, algorithm={"clip_epsilon": 0.1})
    assert tried.lifecycle() == ["run_started", "run_completed"]
    assert tried.summary["status"] == "dry-run"
    assert tried.summary["arguments"]["algorithm"]["clip_epsilon"] == 0.1
    assert "save_folder" not in tried.summary["arguments"]["experiment"]
    assert tried.summary["arguments"]["model"]["num_cells"] == [16]


@pytest.mark.parametrize("env_id", [name for name in task_names() if name.startswith(("vmas/", "pettingzoo/simple_"))])
def test_every_task_of_both_families_is_made(worker: Any, env_id: str) -> None:
    for algo in ("mappo", "qmix"):
        assert worker(dry_run=True, algo=algo, env_id=env_id, env_kwargs={}).summary["arguments"]["task"]


def test_the_task_of_the_extra_sisl_trains(worker: Any, monkeypatch: Any) -> None:
    monkeypatch.delitem(sys.modules, "pettingzoo.mpe", raising=False)
    ran = worker(env_id="pettingzoo/multiwalker", total_timesteps=128, eval_at_end=True, eval_episodes=1)
    assert ran.summary["total_steps"] == 128
    assert ran.summary["evaluation"]["episodes"] == 1


def test_a_task_that_needs_an_extra_says_so(worker: Any, monkeypatch: Any) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "Box2D" else find(name))
    with pytest.raises(ConfigError, match=r"needs the module Box2D.*mosaic workers install 'benchmarl\[sisl\]'"):
        worker(dry_run=True, env_id="pettingzoo/multiwalker")


def test_a_task_that_pettingzoo_no_longer_has_is_refused(worker: Any) -> None:
    with pytest.raises(ConfigError, match=r"PettingZoo 1\.27 no longer has it"):
        worker(dry_run=True, env_id="pettingzoo/waterworld")


def test_actions_that_an_algorithm_does_not_take_are_said(worker: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(preflight, "NEEDS", {})
    with pytest.raises(ConfigError, match="missing capability: vdn takes discrete actions") as caught:
        worker(dry_run=True, algo="vdn", env_id="pettingzoo/multiwalker", env_kwargs={})
    assert [problem.allowed for problem in caught.value.problems] == ["iddpg, ippo, isac, maddpg, mappo, masac"]


FAULTS: list[tuple[dict[str, Any], str, str, str | None]] = [
    ({"env_id": "vmas/balanse"}, "env_id", "is not a task", "vmas/balance"),
    ({"env_id": "balanse"}, "env_id", "is not a task", "vmas/balance"),
    ({"env_id": "mpe2/simple_spred_v3"}, "env_id", "is not a task", "pettingzoo/simple_spread"),
    ({"env_id": "commons_harvest"}, "env_id", "is not a task", "meltingpot/commons_harvest__open"),
    ({"env_id": "ALE/Pong-v5"}, "env_id", "missing capability: environments of other libraries", None),
    ({"env_id": "Ant-v5"}, "env_id", "missing capability: environments of other libraries", None),
    ({"env_id": "my_package:Own-v0"}, "env_id", "missing capability: environments of other libraries", None),
    ({"env_id": "meltingpot/clean_up"}, "env_id", "needs the module meltingpot", None),
    ({"env_kwargs": {"n_agent": 1}}, "env_kwargs.n_agent", "is not a setting of vmas/balance", "n_agents"),
    ({"algo": "qmix", "env_id": "vmas/transport", "experiment": {"bufer": 1}}, "experiment.bufer", "is not a", None),
    ({"n_optimizer_steps": 5}, "n_optimizer_steps", "is not an argument of mappo", None),
    ({"experiment": {"adam_epsilon": 5}}, "experiment.adam_epsilon", "ExperimentConfig", "adam_eps"),
    ({"experiment": {"lr": 5}}, "experiment.lr", "is decided by lr", None),
    ({"algorithm": {"clip_epsilonn": 1}}, "algorithm.clip_epsilonn", "MappoConfig", "clip_epsilon"),
    ({"model": {"num_cell": [1]}}, "model.num_cell", "MlpConfig", "num_cells"),
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
    assert near is None or "missing capability" not in problem.message
