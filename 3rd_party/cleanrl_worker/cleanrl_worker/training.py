"""What an algorithm needs of the world around it: environments, telemetry, checkpoints, an end."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from typing import Any

import gymnasium as gym
import numpy as np
import torch

from .checkpoint import library_versions, restore_part, restore_rng, rng_state
from .curriculum import Course, Stage
from .environments import VectorEnvs, VectorStep
from .output import Output
from .sdk import HeldSignals, log_constants
from .spaces import Spaces


def choose_device(*, cuda: bool) -> str:
    """Return ``cuda`` where it is wanted and there is a GPU, else ``cpu``."""
    return "cuda" if cuda and torch.cuda.is_available() else "cpu"


def seed_everything(seed: int, *, deterministic: bool, threads: int) -> np.random.Generator:
    """Seed Python, numpy and torch.

    Args:
        seed: The run's seed.
        deterministic: Whether torch may only use deterministic algorithms.
        threads: Threads of torch within one operation; 0 leaves torch's own choice.

    Returns:
        The generator that algorithms draw from.
    """
    if threads:
        torch.set_num_threads(threads)
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)
    torch.backends.cudnn.deterministic = deterministic
    torch.use_deterministic_algorithms(deterministic, warn_only=True)
    return np.random.default_rng(seed)


class Training:
    """One training, from its first step or from a checkpoint.

    Args:
        envs: The environments.
        rng: Generator for the algorithm's draws.
        total_timesteps: Environment steps at which the training ends.
        output: Where what happens goes.
        course: The stages of the training.
        make: Returns what makes the environments of a stage.
        describe: What a checkpoint says besides: algorithm, environment, arguments, seed.
        signals: Requests to stop.
        checkpoint: What to resume from.
        device: ``cpu`` or ``cuda``.
    """

    def __init__(
        self,
        envs: VectorEnvs,
        rng: np.random.Generator,
        total_timesteps: int,
        *,
        output: Output,
        course: Course,
        make: Callable[[Stage], Callable[[], gym.Env]],
        describe: Mapping[str, Any],
        signals: HeldSignals,
        checkpoint: dict[str, Any] | None = None,
        device: str = "cpu",
    ) -> None:
        self.envs, self.rng, self.total_timesteps = envs, rng, total_timesteps
        self.device = torch.device(device)
        self.global_step = 0
        self.resumed = checkpoint is not None
        self._course, self._make = course, make
        self._output, self._describe, self._signals, self._checkpoint = output, describe, signals, checkpoint
        self._parts: dict[str, Any] = {}
        self._saved_at = self._logged_at = 0
        self._started, self._first_step = time.perf_counter(), 0
        self._num_envs = len(envs.episodes)

    @property
    def spaces(self) -> Spaces:
        """The spaces of the environments."""
        return self.envs.spaces

    def track(self, **parts: Any) -> None:
        """Name what a checkpoint holds (objects with ``state_dict`` and ``load_state_dict``); restore it on resume."""
        self._parts = parts
        if self._checkpoint is not None:
            for name, part in parts.items():
                restore_part(part, self._checkpoint, name)

    def begin(self) -> np.ndarray:
        """Start the environments, or bring them back to where the checkpoint was saved; return their observations."""
        if self._signals.pending:  # there is nothing to save yet
            self._signals.deliver()
        saved = self._checkpoint
        if saved is None:
            obs = self.envs.reset()
        else:
            exact = self.envs.load_state_dict(saved["envs"])
            obs = self.envs.obs
            restore_rng(saved["rng"], self.rng)
            self.global_step = self._first_step = self._saved_at = self._logged_at = saved["step"]
            self._output.emitter.checkpoint_loaded(
                {
                    "path": saved["path"],
                    "step": saved["step"],
                    "seed": saved["seed"],
                    "arguments": saved["args"],
                    "environments_restored": exact,
                },
                constant=log_constants.LOG_WORKER_CLEANRL_CHECKPOINT_LOADED,
            )
            self._checkpoint = None
        self._tell_stage()
        self._output.emitter.phase("")
        self._started = time.perf_counter()
        return obs

    def tensor(self, values: np.ndarray) -> torch.Tensor:
        """Return an array as a float tensor of the training's device."""
        return torch.as_tensor(values, dtype=torch.float32, device=self.device)

    def step(self, actions: np.ndarray) -> VectorStep:
        """Take one step in every environment and record it.

        Args:
            actions: The agent's actions, one row an environment.
        """
        obs, episodes = self.envs.obs, self.envs.episodes
        actions = self.spaces.to_env(actions)
        step = self.envs.step(actions)
        next_step = self.global_step + len(episodes)
        entered = self._course.advance(next_step)
        if entered:
            # What the old environments would have brought is unknown, as behind a time limit.
            first = self.envs.switch(self._make(self._course.stage))
            step = step._replace(obs=first, truncations=step.truncations | ~step.terminations)
        self._output.recorder.steps(self.global_step, episodes, obs, actions, step)
        self.global_step = next_step
        if entered:
            self._tell_stage()
        self._signals.deliver_if_late()
        return step

    def _tell_stage(self) -> None:
        """Say which stage of a curriculum the training is in."""
        labels = self._output.recorder.labels = self._course.labels()
        if labels:
            values = {"curriculum/stage": float(labels["stage"])}
            self._output.emitter.metrics(self.global_step, values, env_id=labels["env_id"])
            self._output.scalars.add(self.global_step, values)

    def steps_left(self) -> int:
        """Environment steps until the training ends."""
        return self.total_timesteps - self.global_step

    def every(self, steps: int) -> bool:
        """Whether the last step reached or passed a multiple of a number of steps."""
        # With several environments side by side the step count leaps over multiples.
        return self.global_step // steps > (self.global_step - self._num_envs) // steps

    def progress(self) -> float:
        """Share of the training that is done, 0 to 1."""
        return min(1.0, self.global_step / self.total_timesteps)

    def speed(self) -> float:
        """Environment steps per second of this process."""
        elapsed = time.perf_counter() - self._started
        return (self.global_step - self._first_step) / elapsed if elapsed > 0 else 0.0

    def log_due(self) -> bool:
        """Whether metrics should be worked out now."""
        return self.global_step - self._logged_at >= self._output.metrics_interval

    def log(self, values: Mapping[str, torch.Tensor | float]) -> None:
        """Emit metrics of the current step, and the training's speed with them."""
        self._logged_at = self.global_step
        numbers = {name: float(v.detach() if isinstance(v, torch.Tensor) else v) for name, v in values.items()}
        numbers["charts/SPS"] = round(self.speed(), 1)
        recorder = self._output.recorder
        if recorder.recent:
            numbers["charts/mean_return_100"] = float(np.mean(recorder.recent))
        self._output.emitter.metrics(self.global_step, numbers)
        self._output.scalars.add(self.global_step, numbers)

    def safe_point(self) -> None:
        """Say that nothing is half done: a checkpoint is saved where one is due, and a request to stop is granted."""
        interval = self._output.checkpoint_interval
        if interval and self.global_step // interval > self._saved_at // interval:
            self.save()
        if self._signals.pending:
            self.save()
            self._signals.deliver()

    def save(self) -> None:
        """Save a checkpoint, unless this step's is saved already."""
        if self._saved_at == self.global_step:
            return
        envs = self.envs.state_dict()
        content = {
            **self._describe,
            "step": self.global_step,
            "parts": {name: part.state_dict() for name, part in self._parts.items()},
            "rng": rng_state(self.rng),
            "envs": {**envs, "obs": torch.from_numpy(envs["obs"])},
        }
        path = self._output.checkpoints.save(self.global_step, content)
        self._saved_at = self.global_step
        self._output.emitter.checkpoint_saved(
            {
                "path": str(path),
                "step": self.global_step,
                "algorithm": self._describe["algo"],
                "env_id": self._course.stages[-1].env_id,
                "libraries": library_versions(),
            },
            constant=log_constants.LOG_WORKER_CLEANRL_CHECKPOINT_SAVED,
        )

    def finish(self) -> dict[str, Any]:
        """Save the last checkpoint and sum the training up."""
        self.save()
        recorder = self._output.recorder
        return {
            "total_steps": self.global_step,
            "episodes": recorder.episodes,
            "mean_return_100": float(np.mean(recorder.recent)) if recorder.recent else None,
            "steps_per_second": round(self.speed(), 1),
        }

    def close(self) -> None:
        """Close the environments and account for what was not put out of their unfinished episodes."""
        self._output.recorder.close(self.envs.episodes)
        self.envs.close()
