"""The two things a run does with torch loaded: train, or evaluate."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

from .algorithms import load_algorithm
from .checkpoint import CheckpointFolder, load_checkpoint, restore_part
from .config import CleanRLWorkerConfig
from .environments import VectorEnvs
from .evaluation import evaluate
from .make_env import make_env
from .needs import NEEDS
from .output import Output
from .recorder import Recorder
from .scalars import Scalars
from .sdk import log_constant
from .signals import DeferredSignals
from .spaces import Spaces
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
    """

    def __init__(
        self,
        config: CleanRLWorkerConfig,
        seed: int,
        emitter: Any,
        signals: DeferredSignals,
        checkpoints: Path,
        tensorboard: Path,
    ) -> None:
        self._config, self._seed, self._emitter, self._signals = config, seed, emitter, signals
        self._folder = CheckpointFolder(checkpoints, config.keep_checkpoints)
        self._scalars = Scalars(tensorboard if config.tensorboard else None)
        self._device = choose_device(cuda=config.cuda)
        self._algorithm = load_algorithm(config.algo)
        self._make = partial(make_env, config.env_id, config.env_kwargs, NEEDS[config.algo].observations)
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
        """Train anew or from the config's checkpoint, and evaluate the result where the config says so."""
        config = self._config
        checkpoint = self._checkpoint() if config.mode == "resume" else None
        seed = checkpoint["seed"] if checkpoint else self._seed
        args = config.arguments(checkpoint["args"] if checkpoint else None)
        rng = seed_everything(seed, deterministic=config.torch_deterministic, threads=config.torch_threads)
        origin = {"algo": config.algo, "env_id": config.env_id, "run_id": config.run_id, "seed": seed}
        self.training = Training(
            VectorEnvs(self._make, args.num_envs, seed),
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
            describe={**origin, "env_kwargs": config.env_kwargs, "args": asdict(args)},
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
        env = self._make()
        agent = self._algorithm.Agent(Spaces.of(env), args).to(self._device)
        env.close()
        restore_part(agent, checkpoint, "agent")
        self._emitter.checkpoint_loaded(
            {"path": checkpoint["path"], "step": checkpoint["step"]}, constant=log_constant("CHECKPOINT_LOADED")
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
        recorder = self._recorder("eval")
        episodes = self._config.eval_episodes
        return evaluate(agent, self._make, seed=seed, episodes=episodes, recorder=recorder, signals=self._signals)

    def _recorder(self, phase: str) -> Recorder:
        config = self._config
        return Recorder(
            self._emitter, config.steps, observations=config.observations, phase=phase, scalars=self._scalars
        )

    def _checkpoint(self) -> dict[str, Any]:
        config = self._config
        path = str(config.checkpoint_path)
        content = load_checkpoint(path, algo=config.algo, env_id=config.env_id, device=self._device)
        return {**content, "path": path}
