"""The two things a run does with XuanCe loaded: train, or evaluate."""

from __future__ import annotations

import contextlib
import inspect
import json
import logging
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import torch

from gym_gui.core.worker import Problem

from .agents import continuous_only, make_agent
from .arguments import library_config
from .checkpoint import Checkpoint, CheckpointFolder, library_versions, save_checkpoint
from .config import XuanceWorkerConfig
from .defaults import OFF_POLICY
from .environments import make_environments
from .preflight import Facts
from .scalars import Scalars
from .sdk import ConfigError, HeldSignals, log_constants
from .seeding import EpisodeWatch, Numbers
from .spaces import network_span
from .tracking import Tracking

_LOG = logging.getLogger(__name__)
_FAULTS = (AssertionError, AttributeError, IndexError, KeyError, MemoryError, RuntimeError, TypeError, ValueError)


class _EnoughError(Exception):
    """The steps are done, in the middle of a loop of XuanCe's."""


class Job:
    """One training or evaluation.

    Args:
        config: What to do.
        facts: Of the environment.
        seed: The run's seed.
        emitter: Telemetry.
        checkpoints: Folder of checkpoints.
        tensorboard: Folder of TensorBoard files.
        tracking: Weights & Biases.
    """

    def __init__(
        self,
        config: XuanceWorkerConfig,
        facts: Facts,
        seed: int,
        emitter: Any,
        checkpoints: Path,
        tensorboard: Path,
        tracking: Tracking,
    ) -> None:
        if config.torch_threads:
            torch.set_num_threads(config.torch_threads)
        self._config, self._facts, self._emitter = config, facts, emitter
        self._folder = CheckpointFolder(checkpoints, config.keep_checkpoints)
        self._start: Checkpoint | None = None
        if config.mode != "train":
            self._start = Checkpoint(Path(str(config.checkpoint_path)))
            self._start.check(algorithm=config.algo, env_id=config.env_id, backend=config.backend)
        saved = self._start.facts if self._start and config.mode == "resume" else {}
        self.seed: int = saved.get("seed", seed)
        self._watch = EpisodeWatch(emitter)
        self._numbers = self._first_numbers = Numbers(
            self.seed,
            "eval" if config.mode == "evaluate" else "train",
            step=saved.get("step", 0),
            episode=saved.get("next_episode", 0),
        )
        self._first_step = self._saved_at = self._numbers.step
        self._last_saved: Path | None = None
        self._scalars = Scalars(
            emitter,
            tracking,
            tensorboard if config.tensorboard and config.mode != "evaluate" else None,
            config.metrics_interval,
            lambda: self._first_numbers.step,
        )
        self._signals = HeldSignals()
        self._training = False
        self._began = time.perf_counter()
        self._agent: Any = None
        self._envs: Any = None
        self._arguments: Any = None

    def __enter__(self) -> Job:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._scalars.close()
        if self._envs is not None:
            self._envs.close()

    def build(self) -> list[Problem]:
        """Make the agent, or load it, and return what XuanCe finds wrong with that."""
        config = self._config
        saved = self._start.facts.get("arguments") if self._start else None
        try:
            self._agent, self._envs, self._arguments = self._make(self._numbers, saved)
        except _FAULTS as error:
            message = f"XuanCe refuses its arguments: {type(error).__name__}: {error}"
            return [Problem("settings", message, value=config.arguments(), allowed="XuanCe's config for the algorithm")]
        if self._start is not None:
            return self._load(self._start, self._agent)
        return []

    def train(self) -> dict[str, Any]:
        """Train, and evaluate the result where the config says so."""
        config, agent = self._config, self._agent
        self._began = time.perf_counter()
        left = config.total_timesteps - self._numbers.step
        with self._signals:
            if left > 0:
                self._training = True
                _spread_rise(agent, left / config.total_timesteps)
                with contextlib.suppress(_EnoughError), contextlib.redirect_stdout(sys.stderr):
                    agent.train(-(-left // agent.n_envs))
                self._training = False
            self._save()
        speed = self.speed()
        self._scalars.add({"charts/SPS": round(speed, 1)})
        self._scalars.flush()
        recent = self._watch.recent
        result: dict[str, Any] = {
            "seed": self.seed,
            "total_steps": self._numbers.step,
            "episodes": self._watch.episodes,
            "mean_return_100": float(np.mean(recent)) if recent else None,
            "steps_per_second": round(speed, 1) if left > 0 else None,
        }
        if config.eval_at_end:
            assert self._last_saved is not None
            result["evaluation"] = self._evaluate_saved(Checkpoint(self._last_saved))
        return result

    def evaluate(self) -> dict[str, Any]:
        """Play the policy of the config's checkpoint."""
        assert self._start is not None
        evaluation = self._play(self._agent, self._envs)
        return {
            "seed": self.seed,
            "total_steps": evaluation["steps"],
            "episodes": evaluation["episodes"],
            "mean_return": evaluation["mean_return"],
            "std_return": evaluation["std_return"],
            "checkpoint_step": self._start.step,
            "evaluation": evaluation,
        }

    def vital_signs(self) -> dict[str, Any]:
        """Return what a heartbeat says."""
        if self._agent is None or self._config.mode == "evaluate":
            return {"state": "evaluating" if self._config.mode == "evaluate" else "starting"}
        step = self._first_numbers.step
        progress = min(1.0, step / self._config.total_timesteps)
        return {"step": step, "steps_per_second": round(self.speed(), 1), "progress": round(progress, 4)}

    def speed(self) -> float:
        """Return environment steps per second of this process."""
        elapsed = time.perf_counter() - self._began
        return (self._first_numbers.step - self._first_step) / elapsed if elapsed > 0 else 0.0

    def arguments(self) -> dict[str, Any]:
        """Return XuanCe's config of the agent as plain JSON."""
        plain = json.loads(json.dumps(vars(self._arguments), default=str))
        return {name: plain[name] for name in sorted(plain)}

    def tell_start(self) -> None:
        """Say what the work begins with, where it begins with a checkpoint."""
        if self._start is None:
            return
        resumed = self._config.mode == "resume"
        self._emitter.checkpoint_loaded(
            {
                "path": str(self._start.path),
                "step": self._start.step,
                "algorithm": self._config.algo,
                "libraries": self._start.facts.get("libraries", {}),
                "seed": self.seed,
                "replay_buffer": int(getattr(self._agent.memory, "size", 0)) if resumed else None,
            },
            constant=log_constants.LOG_WORKER_XUANCE_CHECKPOINT_LOADED,
        )

    def _make(self, numbers: Numbers, saved: dict[str, Any] | None) -> tuple[Any, Any, Any]:
        config, facts = self._config, self._facts
        arguments = library_config(
            config, seed=self.seed, continuous=facts.continuous, alike=facts.alike, saved=_resumable(saved)
        )
        if numbers.phase == "eval":
            arguments.parallels = 1
        envs = make_environments(
            config,
            self._watch,
            numbers,
            count=arguments.parallels,
            continuous_only=continuous_only(config.algo),
            span=network_span(getattr(arguments, "activation_action", None)),
        )
        try:
            return make_agent(arguments, envs, self._scalars, self._between_steps), envs, arguments
        except BaseException:
            envs.close()
            raise

    def _load(self, checkpoint: Checkpoint, agent: Any) -> list[Problem]:
        config = self._config
        others = checkpoint.other_versions()
        if others:
            _LOG.warning("%s was saved with other versions: %s", checkpoint.path, ", ".join(others))
        try:
            checkpoint.load(agent, memory=config.mode == "resume")
        except _FAULTS as error:
            fault = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
            if not isinstance(error, MemoryError):
                differing = checkpoint.differing(config.to_dict(), self.arguments())
                fault = "; ".join(filter(None, (fault, differing)))
            message = f"it cannot be loaded into the agent: {fault}"
            allowed = "env_kwargs, parameter_sharing and the networks' sizes as they were"
            return [Problem("checkpoint_path", message, value=str(checkpoint.path), allowed=allowed)]
        if checkpoint.has_buffer:
            agent.start_training = max(agent.start_training, checkpoint.facts.get("start_training", 0))
        elif config.algo in OFF_POLICY:  # the buffer begins empty, and is filled as at the start of a training
            agent.start_training += agent.current_step
        return []

    def _between_steps(self) -> None:
        if self._training:
            step, interval = self._numbers.step, self._config.checkpoint_interval
            if interval and step // interval > self._saved_at // interval:
                self._save()
        if self._signals.pending:
            if self._training:
                self._save()
            self._signals.deliver()
        if self._training and self._numbers.step >= self._config.total_timesteps:
            raise _EnoughError

    def _evaluate_saved(self, checkpoint: Checkpoint) -> dict[str, Any]:
        numbers = Numbers(self.seed, "eval")
        agent, envs, _ = self._make(numbers, checkpoint.facts["arguments"])
        try:
            if problems := self._load(checkpoint, agent):
                raise ConfigError("The checkpoint that was just saved cannot be evaluated.", problems)
            with self._signals_again():
                return self._play(agent, envs, numbers)
        finally:
            envs.close()

    @contextlib.contextmanager
    def _signals_again(self) -> Any:
        self._signals = HeldSignals()
        with self._signals:
            yield

    def _play(self, agent: Any, envs: Any, numbers: Numbers | None = None) -> dict[str, Any]:
        """Play whole episodes."""
        numbers = numbers or self._numbers
        episodes = self._config.eval_episodes
        before = numbers.step
        if getattr(agent, "noise_scale", None):
            agent.noise_scale = 0.0  # NoisyDQN would add noise to its weights at each step, evaluated or not
        options: dict[str, Any] = {"test_envs": envs, "close_envs": False}
        known = inspect.signature(agent.test).parameters
        if "deterministic_policy" in known:
            options["deterministic_policy"] = self._config.eval_deterministic
        with contextlib.redirect_stdout(sys.stderr), torch.no_grad():
            if self._signals.pending is None and numbers is self._numbers:
                with self._signals_again():
                    agent.test(episodes, **{name: value for name, value in options.items() if name in known})
            else:
                agent.test(episodes, **{name: value for name, value in options.items() if name in known})
        returns = self._watch.returns[:episodes]
        return {
            "episodes": episodes,
            "steps": numbers.step - before,
            "mean_return": float(np.mean(returns)),
            "std_return": float(np.std(returns)),
            "min_return": min(returns),
            "max_return": max(returns),
        }

    def _save(self) -> None:
        """Save a checkpoint, unless this step's is saved already."""
        step = self._numbers.step
        path = self._folder.path(step)
        if path == self._last_saved:
            return
        config = self._config
        facts = {
            "algorithm": config.algo,
            "env_id": config.env_id,
            "backend": config.backend,
            "step": step,
            "seed": self.seed,
            "run_id": config.run_id,
            "config": config.to_dict(),
            "arguments": self.arguments(),
            "next_episode": self._numbers.episode,
            "start_training": self._agent.start_training,
        }
        save_checkpoint(path, self._agent, facts, replay_buffer=config.save_replay_buffer and config.algo in OFF_POLICY)
        self._last_saved, self._saved_at = path, step
        self._folder.added(path)
        self._emitter.checkpoint_saved(
            {
                "path": str(path),
                "step": step,
                "algorithm": config.algo,
                "env_id": config.env_id,
                "libraries": library_versions(),
            },
            constant=log_constants.LOG_WORKER_XUANCE_CHECKPOINT_SAVED,
        )


def _spread_rise(agent: Any, share: float) -> None:
    """Let PerDQN's ``PER_beta`` rise over the whole training: XuanCe would do so within the steps that are left.

    Args:
        agent: XuanCe's agent.
        share: Of the training that is left.
    """
    if hasattr(agent, "PER_beta0"):
        agent.PER_beta0 = 1.0 - (1.0 - agent.PER_beta0) * share


def _resumable(saved: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return what of a checkpoint's arguments goes on to hold: not what XuanCe itself adds to them."""
    if saved is None:
        return None
    return {name: value for name, value in saved.items() if name not in ("episode_length", "n_agents", "device")}
