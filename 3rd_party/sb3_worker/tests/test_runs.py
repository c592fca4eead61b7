"""What a run of the worker says and leaves behind."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from gym_gui.core.worker import ConfigError, WorkerAnalyticsManifest

pytestmark = pytest.mark.library


class Pictures(gym.Env[Any, Any]):
    """Small pictures; the brighter half says which action pays. For policies with convolutions."""

    observation_space = gym.spaces.Box(0, 255, (36, 36, 1), np.uint8)
    action_space = gym.spaces.Discrete(2)
    _bright = _taken = 0

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        self._taken = 0
        return self._picture(), {}

    def step(self, action: Any) -> Any:
        reward = float(action == self._bright)
        self._taken += 1
        return self._picture(), reward, self._taken == 20, False, {}

    def _picture(self) -> Any:
        self._bright = int(self.np_random.integers(2))
        picture = np.zeros((36, 36, 1), np.uint8)
        picture[18 * self._bright : 18 * self._bright + 18] = 255
        return picture


class Parts(Pictures):
    """The same with a vector beside the picture."""

    observation_space = gym.spaces.Dict(
        picture=Pictures.observation_space, taken=gym.spaces.Box(0, 20, (1,), np.float32)
    )

    def _picture(self) -> Any:
        return {"picture": super()._picture(), "taken": np.array([self._taken], np.float32)}


class Nested(Pictures):
    """Observations that no policy takes."""

    observation_space = gym.spaces.Dict(inner=gym.spaces.Dict(picture=Pictures.observation_space))


for _class in (Pictures, Parts, Nested):
    gym.register(f"{_class.__name__}-v0", entry_point=_class, disable_env_checker=True)


def test_what_a_training_says(worker: Any) -> None:
    ran = worker(observations=True, tensorboard=True, eval_at_end=True, eval_episodes=3)
    assert ran.lifecycle() == ["run_started", "checkpoint_saved", "run_completed"]
    train = [step for step in ran.data("step") if "phase" not in step]
    assert [step["step_index"] for step in train] == list(range(512))
    for episode in ran.data("episode"):
        own = [
            s
            for s in ran.data("step")
            if (s["ep_index"], s.get("phase", "train")) == (episode["ep_index"], episode["phase"])
        ]
        assert sum(step["reward"] for step in own) == episode["total_reward"]
        assert own[-1]["terminated"] or own[-1]["truncated"]
        assert "reset_observation" in own[0]
    assert len({episode["seed"] for episode in ran.data("episode")}) == len(ran.data("episode"))
    assert ran.metric("time/total_timesteps") == [128, 256, 384, 512]
    assert ran.metric("train/loss")
    assert [episode["phase"] for episode in ran.data("episode")].count("eval") == 3
    assert ran.summary["evaluation"]["episodes"] == 3
    manifest = WorkerAnalyticsManifest.load(ran.summary["analytics_manifest"])
    assert manifest.artifacts.checkpoints.files == ["step_0000000512.zip"]
    assert list(Path(manifest.artifacts.tensorboard).glob("events.out.tfevents.*"))


@pytest.mark.parametrize("more", [{}, {"n_envs": 2}, {"algo": "DQN", "learning_starts": 50}])
def test_the_same_seed_plays_the_same_episodes(worker: Any, more: dict[str, Any]) -> None:
    first, again, other = worker(**more), worker(**more), worker(**more, seed=2)
    assert first.episode_hashes() == again.episode_hashes()
    assert not set(first.episode_hashes().values()) & set(other.episode_hashes().values())


@pytest.mark.parametrize("rule", ["none", "episodes:3"])
def test_steps_that_are_left_out_are_counted(worker: Any, rule: str) -> None:
    ran = worker(steps=rule, n_envs=2)
    assert ran.steps_told() == 512
    assert {step["ep_index"] % 3 for step in ran.data("step")} == ({0} if rule == "episodes:3" else set())


def test_environments_in_processes_of_their_own(worker: Any) -> None:
    apart, together = worker(n_envs=2, vec_env="subproc"), worker(n_envs=2)
    assert apart.episode_hashes() == together.episode_hashes()


def test_normalisation_is_part_of_a_checkpoint(worker: Any) -> None:
    settings = {"env_id": "Pendulum-v1", "normalize_obs": True, "normalize_reward": True}
    first = worker(**settings)
    assert all(-17 < step["reward"] <= 0 for step in first.data("step"))  # the environment's own
    path = first.named("checkpoint_saved")[0]["path"]
    again = worker(**settings, mode="resume", checkpoint_path=path, total_timesteps=640)
    assert again.summary["total_steps"] == 640
    evaluated = worker(**settings, mode="evaluate", checkpoint_path=path, eval_episodes=1)
    assert evaluated.data("episode")[0]["total_reward"] < -100


def test_a_resumed_training_goes_on_where_the_checkpoint_was(worker: Any) -> None:
    from stable_baselines3 import DQN

    first = worker(algo="DQN", learning_starts=50, save_replay_buffer=True)
    path = first.named("checkpoint_saved")[0]["path"]
    assert DQN.load(path).num_timesteps == 512  # plain Stable-Baselines3 reads it
    again = worker(algo="DQN", mode="resume", checkpoint_path=path, total_timesteps=600, learning_rate=1e-5, seed=9)
    assert again.named("checkpoint_loaded")[0]["replay_buffer"] == 512
    assert again.named("checkpoint_loaded")[0]["seed"] == 1
    assert again.metric("train/learning_rate")[-1] == pytest.approx(1e-5)
    assert again.data("step")[0]["step_index"] == 512
    done = worker(algo="DQN", mode="resume", checkpoint_path=path, total_timesteps=512)
    assert done.summary["total_steps"] == 512


def test_a_plain_model_of_the_library_is_taken(worker: Any, tmp_path: Path) -> None:
    from stable_baselines3 import PPO

    PPO("MlpPolicy", "CartPole-v1", n_steps=64, device="cpu").learn(64).save(tmp_path / "plain.zip")
    evaluated = worker(mode="evaluate", checkpoint_path=str(tmp_path / "plain.zip"), eval_episodes=1)
    assert evaluated.summary["episodes"] == 1
    resumed = worker(mode="resume", checkpoint_path=str(tmp_path / "plain.zip"), total_timesteps=128)
    assert resumed.summary["total_steps"] == 128


def test_only_the_newest_checkpoints_are_kept(worker: Any) -> None:
    ran = worker(checkpoint_interval=128, keep_checkpoints=2)
    paths = [Path(saved["path"]) for saved in ran.named("checkpoint_saved")]
    assert [path.exists() for path in paths] == [False, False, True, True]


@pytest.mark.parametrize(
    ("fault", "told"), [("cut", "cannot be read|holds no model"), ("flipped", "damaged"), ("foreign", "holds no model")]
)
def test_a_damaged_checkpoint_is_said(worker: Any, tmp_path: Path, fault: str, told: str) -> None:
    whole = Path(worker(total_timesteps=128).named("checkpoint_saved")[0]["path"]).read_bytes()
    path = tmp_path / "c.zip"
    if fault == "cut":
        path.write_bytes(whole[: len(whole) // 2])
    elif fault == "flipped":
        middle = len(whole) // 2
        path.write_bytes(whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :])
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


@pytest.mark.parametrize("algo", ["PPO", "DQN"])
@pytest.mark.parametrize("env_id", ["Pictures-v0", "Parts-v0"])
def test_policies_fit_pictures_and_dictionaries(worker: Any, algo: str, env_id: str) -> None:
    more = {"learning_starts": 20, "buffer_size": 200} if algo == "DQN" else {}
    ran = worker(algo=algo, env_id=env_id, total_timesteps=128, frame_stack=2, observations=True, **more)
    path = ran.named("checkpoint_saved")[0]["path"]
    evaluated = worker(
        algo=algo, env_id=env_id, frame_stack=2, mode="evaluate", checkpoint_path=path, eval_episodes=1, **more
    )
    assert evaluated.summary["episodes"] == 1


def test_masked_actions_are_never_taken(worker: Any) -> None:
    ran = worker(algo="MaskablePPO", env_id="Taxi-v4", n_steps=128, total_timesteps=256, observations=True)
    env = gym.make("Taxi-v4").unwrapped
    before = None
    for step in ran.data("step"):
        before = step.get("reset_observation", before)
        assert env.action_mask(before)[step["action"]]
        before = step["observation"]


def test_weights_and_biases_offline(worker: Any, tmp_path: Path) -> None:
    ran = worker(wandb="offline", total_timesteps=128)
    manifest = WorkerAnalyticsManifest.load(ran.summary["analytics_manifest"])
    folder = Path(manifest.artifacts.wandb.offline_dir)
    assert folder.parent == tmp_path / "wandb"
    assert list(folder.glob("*.wandb"))


def test_classes_and_schedules_are_given_by_name(worker: Any) -> None:
    ran = worker(
        policy="mlp",
        policy_kwargs={"activation_fn": "relu", "net_arch": [8], "optimizer_class": "RMSprop", "ortho_init": False},
        algorithm_kwargs={"stats_window_size": 7},
        learning_rate=1e-3,
        learning_rate_schedule="linear",
    )
    rates = ran.metric("train/learning_rate")
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < 1e-3
    assert ran.summary["arguments"]["policy_kwargs"]["net_arch"] == [8]
    with zipfile.ZipFile(ran.named("checkpoint_saved")[0]["path"]) as archive:
        saved = json.loads(archive.read("data"))
    assert "ReLU" in str(saved["policy_kwargs"])
    assert saved["_stats_window_size"] == 7


def test_goals_are_replayed_in_hindsight(worker: Any) -> None:
    path = "stable_baselines3.common.envs:BitFlippingEnv"
    gym.register("Bits-v0", entry_point=path, kwargs={"n_bits": 4, "continuous": False}, disable_env_checker=True)
    settings = {
        "algo": "DQN",
        "env_id": "Bits-v0",
        "learning_starts": 50,
        "buffer_size": 1000,
        "algorithm_kwargs": {"replay_buffer_class": "HerReplayBuffer", "replay_buffer_kwargs": {"n_sampled_goal": 2}},
    }
    saved = worker(**settings, save_replay_buffer=True).named("checkpoint_saved")[0]["path"]
    again = worker(**settings, mode="resume", checkpoint_path=saved, total_timesteps=600)
    assert again.named("checkpoint_loaded")[0]["replay_buffer"] == 512
    assert worker(**settings, mode="evaluate", checkpoint_path=saved, eval_episodes=2).summary["episodes"] == 2


def test_noise_and_dry_runs(worker: Any) -> None:
    settings = {"algo": "TD3", "env_id": "Pendulum-v1", "learning_starts": 100, "total_timesteps": 150}
    for noise in ("normal", "ornstein_uhlenbeck"):
        assert worker(**settings, action_noise=noise).summary["total_steps"] == 150
    tried = worker(**settings, dry_run=True, heartbeat_interval_s=0.001)
    assert tried.lifecycle() == ["run_started", "run_completed"]
    assert tried.summary["status"] == "dry-run"
    assert tried.summary["arguments"]["learning_starts"] == 100


FAULTS: list[tuple[dict[str, Any], str, str, str | None]] = [
    ({"env_id": "CartPol-v1"}, "env_id", "does not know it", "CartPole-v1"),
    ({"env_id": "no_such_package:Env-v0"}, "env_id", "cannot be imported", None),
    ({"env_kwargs": {"no_such": 1}}, "env_kwargs", "cannot be made", None),
    ({"algo": "DQN", "env_id": "Pendulum-v1"}, "algo", "missing capability: DQN takes Discrete actions", None),
    ({"algo": "SAC"}, "algo", "missing capability: SAC takes Box actions", None),
    ({"algo": "MaskablePPO"}, "env_id", "missing capability: MaskablePPO needs to be told", None),
    ({"env_id": "Nested-v0"}, "env_id", "missing capability: no policy takes a dictionary within", None),
    ({"algo": "ARS", "env_id": "Pictures-v0"}, "policy", "missing capability: ARS takes no image observations", None),
    ({"env_id": "Parts-v0", "policy": "Mlp"}, "policy", "does not take observations", None),
    ({"policy": "MlpLstmPolicy"}, "policy", "PPO has no policy MlpLstmPolicy", "MlpPolicy"),
    ({"buffer_size": 5}, "buffer_size", "is not an argument of PPO", None),
    ({"action_noise": "normal"}, "action_noise", "is not an argument of PPO", None),
    ({"algorithm_kwargs": {"stats_windowsize": 5}}, "algorithm_kwargs.stats_windowsize", "PPO", "stats_window_size"),
    ({"algorithm_kwargs": {"seed": 5}}, "algorithm_kwargs.seed", "is decided by", None),
    ({"gamma": 0.9, "algorithm_kwargs": {"gamma": 1}}, "algorithm_kwargs.gamma", "is given twice", None),
    ({"policy_kwargs": {"net_arc": []}}, "policy_kwargs.net_arc", "is not an argument of MlpPolicy", "net_arch"),
    ({"policy_kwargs": {"activation_fn": "Than"}}, "policy_kwargs.activation_fn", "there is no class", None),
    ({"wrappers": ["gymnasium.wrappers:Nothing"]}, "wrappers[0]", "Nothing", None),
    ({"n_steps": 1, "batch_size": 1}, "algorithm_kwargs", "refuses its arguments", None),
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
