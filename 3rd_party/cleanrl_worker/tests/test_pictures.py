"""PPO for Atari learns from pictures: a task that needs nothing else, for a game takes hours on a CPU."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch

from cleanrl_worker.algorithms import ppo_atari
from cleanrl_worker.arguments import PPOAtariArgs
from cleanrl_worker.checkpoint import CheckpointFolder
from cleanrl_worker.curriculum import Course, Stage
from cleanrl_worker.environments import VectorEnvs
from cleanrl_worker.output import Output
from cleanrl_worker.recorder import Recorder
from cleanrl_worker.scalars import Scalars
from cleanrl_worker.sdk import HeldSignals
from cleanrl_worker.training import Training, seed_everything
from gym_gui.core.worker import TelemetryEmitter

LENGTH = 16


class Quadrants(gym.Env):
    """One quarter of the picture is bright; its number is the action to take."""

    observation_space = gym.spaces.Box(0, 255, (4, 84, 84), np.uint8)
    action_space = gym.spaces.Discrete(4)

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[np.ndarray, dict[str, Any]]:
        super().reset(seed=seed)
        self.taken = 0
        return self.show(), {}

    def show(self) -> np.ndarray:
        self.bright = int(self.np_random.integers(4))
        picture = self.np_random.integers(0, 60, (4, 84, 84), dtype=np.uint8)
        row, column = divmod(self.bright, 2)
        picture[:, row * 42 : row * 42 + 42, column * 42 : column * 42 + 42] += 150
        return picture

    def step(self, action: int) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        reward = float(action == self.bright)
        self.taken += 1
        return self.show(), reward, self.taken == LENGTH, False, {}


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", [1, 2])
def test_ppo_atari_learns_what_a_picture_shows(seed: int, tmp_path: Path) -> None:
    args = PPOAtariArgs(learning_rate=5e-4, num_envs=8, num_steps=32, hidden_sizes=[64], update_epochs=2, gamma=0.5)
    with (tmp_path / "log").open("w") as log, HeldSignals() as signals:
        emitter = TelemetryEmitter("r", sink=log)
        recorder = Recorder(emitter, "none", observations=False)
        rng = seed_everything(seed, deterministic=True, threads=1)
        training = Training(
            VectorEnvs(Quadrants, args.num_envs, seed),
            rng,
            6144,
            output=Output(emitter, recorder, Scalars(None), CheckpointFolder(tmp_path, 1), 0, 0),
            course=Course([Stage("Quadrants", 1)]),
            make=lambda _stage: Quadrants,
            describe={"algo": "ppo_atari"},
            signals=signals,
        )
        agent = ppo_atari.train(training, args)
        training.close()
    env = Quadrants()
    right, obs = 0, env.reset(seed=99)[0]
    for _ in range(200):
        with torch.inference_mode():
            obs, reward, _, _, _ = env.step(int(agent.greedy(obs[None])[0]))
        right += int(reward)
    assert right >= 150  # by chance it would be 50
