"""The two things a run does with torch loaded: train, or evaluate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

import gymnasium as gym

from .algorithms import load_algorithm
from .checkpoint import CheckpointFolder, load_checkpoint, restore_part
from .config import CleanRLWorkerConfig
from .curriculum import Course, Stage
from .environments import VectorEnvs
from .evaluation import evaluate
from .make_env import make_env
from .needs import NEEDS
from .output import Output
from .recorder import Recorder
from .scalars import Scalars
from .sdk import HeldSignals, log_constants
from .spaces import Spaces
from .tracking import Tracking
from .training import Training, choose_device, seed_everything


class Job:
    """One training or evaluation.

    Args:
        config: What to do.
        seed: The run's seed.
        emitter: Telemetry.
        signals: Requests to stop.
        checkpoints: Folder of checkpoints.
        tensorboard: Folder of TensorBoard files.
        tracking: Weights & Biases.
    """

    def __init__(
        self,
        config: CleanRLWorkerConfig,
        seed: int,
        emitter: Any,
        signals: HeldSignals,
        checkpoints: Path,
        tensorboard: Path,
        tracking: Tracking,
    ) -> None:
        self._config, self._seed, self._emitter, self._signals = config, seed, emitter, signals
        self._folder = CheckpointFolder(checkpoints, config.keep_checkpoints)
        self._scalars = Scalars(tensorboard if config.tensorboard else None, tracking)
        self._device = choose_device(cuda=config.cuda)
        self._algorithm = load_algorithm(config.algo)
        self._stages = config.stages()
        self.training: Training | None = None

    def __enter__(self) -> Job:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.training is not None:
            self.training.close()
        self._scalars.close()

    def train(self) -> dict[str, Any]:
        """Train from the start or from the config's checkpoint, and evaluate the result where the config says so."""
        config = self._config
        checkpoint = self._checkpoint() if config.mode == "resume" else None
        seed = checkpoint["seed"] if checkpoint else self._seed
        args = config.arguments(checkpoint["args"] if checkpoint else None)
        rng = seed_everything(seed, deterministic=config.torch_deterministic, threads=config.torch_threads)
        course = Course(self._stages, checkpoint["step"] if checkpoint else 0)
        self._emitter.phase("building the environment")
        origin = {"algo": config.algo, "env_ids": self._env_ids(), "run_id": config.run_id, "seed": seed}
        envs = VectorEnvs(self._maker(course.stage), args.num_envs, seed)
        if config.render == "on":
            envs.show(self._emitter)
        self.training = Training(
            envs,
            rng,
            config.total_timesteps,
            output=Output(
                emitter=self._emitter,
                recorder=self._recorder("train"),
                scalars=self._scalars,
                checkpoints=self._folder,
                checkpoint_interval=config.checkpoint_interval,
                metrics_interval=config.metrics_interval,
            ),
            course=course,
            make=self._maker,
            describe={**origin, "stages": [asdict(stage) for stage in self._stages], "args": asdict(args)},
            signals=self._signals,
            checkpoint=checkpoint,
            device=self._device,
        )
        agent = self._algorithm.train(self.training, args)
        result = {"seed": seed, **self.training.finish(), "arguments": asdict(args)}
        if config.eval_at_end:
            result["evaluation"] = self._play(agent, seed)
        return result

    def evaluate(self) -> dict[str, Any]:
        """Play the greedy policy of the config's checkpoint."""
        config = self._config
        checkpoint = self._checkpoint()
        args = config.arguments(checkpoint["args"])
        seed_everything(self._seed, deterministic=config.torch_deterministic, threads=config.torch_threads)
        self._emitter.phase("building the environment")
        env = self._maker(self._stages[-1])()
        agent = self._algorithm.Agent(Spaces.of(env), args).to(self._device)
        env.close()
        restore_part(agent, checkpoint, "agent")
        self._emitter.checkpoint_loaded(
            {"path": checkpoint["path"], "step": checkpoint["step"]},
            constant=log_constants.LOG_WORKER_CLEANRL_CHECKPOINT_LOADED,
        )
        evaluation = self._play(agent, self._seed)
        return {
            "seed": self._seed,
            "total_steps": evaluation["steps"],
            "episodes": evaluation["episodes"],
            "mean_return": evaluation["mean_return"],
            "std_return": evaluation["std_return"],
            "checkpoint_step": checkpoint["step"],
            "arguments": asdict(args),
            "evaluation": evaluation,
        }

    def _play(self, agent: Any, seed: int) -> dict[str, Any]:
        self._emitter.phase("")
        recorder = self._recorder("eval")
        episodes = self._config.eval_episodes
        make = self._maker(self._stages[-1])
        show = self._emitter if self._config.render == "on" else None
        return evaluate(agent, make, seed=seed, episodes=episodes, recorder=recorder, signals=self._signals, show=show)

    def _maker(self, stage: Stage) -> Callable[[], gym.Env]:
        """Return what makes an environment of a stage, as the algorithm wants it."""
        return partial(
            make_env, stage.env_id, stage.env_kwargs, NEEDS[self._config.algo].observations, self._config.render
        )

    def _env_ids(self) -> list[str]:
        return [stage.env_id for stage in self._stages]

    def _recorder(self, phase: str) -> Recorder:
        config = self._config
        return Recorder(
            self._emitter, config.steps, observations=config.observations, phase=phase, scalars=self._scalars
        )

    def _checkpoint(self) -> dict[str, Any]:
        config = self._config
        path = str(config.checkpoint_path)
        content = load_checkpoint(
            path, algo=config.algo, env_ids=self._env_ids(), mode=config.mode, device=self._device
        )
        return {**content, "path": path}
