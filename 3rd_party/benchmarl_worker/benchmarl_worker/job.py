"""The two things a run does with BenchMARL loaded: train, or evaluate."""

from __future__ import annotations

import contextlib
import dataclasses
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

from .checkpoint import Checkpoint, CheckpointFolder, library_versions, save_checkpoint
from .config import BenchmarlWorkerConfig
from .experiment import RunExperiment, make_experiment
from .recorder import Recorder
from .scalars import Scalars
from .sdk import Cancelled, ConfigError, HeldSignals, log_constants
from .seeding import part_seed
from .tracking import Tracking

_LOG = logging.getLogger(__name__)
_FAULTS = (AssertionError, AttributeError, IndexError, KeyError, MemoryError, RuntimeError, TypeError, ValueError)
#: Settings that a resumed training takes from its checkpoint where its own config leaves them null or empty.
_RESUMABLE = (
    "n_envs", "frames_per_batch", "lr", "gamma", "n_minibatch_iters", "minibatch_size", "n_optimizer_steps",
    "train_batch_size", "memory_size", "init_random_frames", "hidden_sizes", "experiment", "algorithm", "model",
    "env_kwargs",
)  # fmt: skip

#: How the names of BenchMARL's settings begin whose work this worker does itself.
_FOR_FILES = (
    "checkpoint_", "create_json", "evaluation", "exclude_", "keep_", "loggers", "project_", "render", "restore_",
    "save_folder", "wandb_",
)  # fmt: skip
#: Settings that decide what a checkpoint fits.
_SAME = ("hidden_sizes", "model", "share_policy_params", "env_kwargs", "prefer_continuous_actions")


class Job:
    """One training or evaluation.

    Args:
        config: What to do.
        seed: The run's seed.
        emitter: Telemetry.
        checkpoints: Folder of checkpoints.
        tensorboard: Folder of TensorBoard files.
        tracking: Weights & Biases.
    """

    def __init__(
        self,
        config: BenchmarlWorkerConfig,
        seed: int,
        emitter: Any,
        checkpoints: Path,
        tensorboard: Path,
        tracking: Tracking,
    ) -> None:
        if config.torch_threads:
            torch.set_num_threads(config.torch_threads)
        self._emitter = emitter
        self._folder = CheckpointFolder(checkpoints, config.keep_checkpoints)
        self._start: Checkpoint | None = None
        if config.mode != "train":
            self._start = Checkpoint(Path(str(config.checkpoint_path)))
            self._start.check(algorithm=config.algo, env_id=config.env_id)
        self._config = _continued(config, self._start)
        saved = self._start.facts if self._start and config.mode == "resume" else {}
        self.seed: int = saved.get("seed", seed)
        self._first_step: int = saved.get("step", 0)
        self._first_episode: int = saved.get("next_episode", 0)
        self._scalars = Scalars(
            emitter,
            tracking,
            tensorboard if config.tensorboard and config.mode != "evaluate" else None,
            lambda: self._step,
        )
        self._signals = HeldSignals()
        self._began = time.perf_counter()
        self._saved_at = self._first_step
        self._last_saved: Path | None = None
        self._experiment: RunExperiment | None = None
        self._recorder: Recorder | None = None

    def __enter__(self) -> Job:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._recorder is not None:
            self._recorder.abandon()
        self._scalars.close()
        self._close(self._experiment)

    @property
    def _step(self) -> int:
        return self._recorder.next_step if self._recorder is not None else self._first_step

    def build(self) -> list[Problem]:
        """Make the experiment, or load it, and return what BenchMARL finds wrong with that."""
        try:
            phase = "eval" if self._config.mode == "evaluate" else "train"
            self._experiment, self._recorder = self._make(phase, self._first_step, self._first_episode)
        except _FAULTS as error:
            message = f"BenchMARL refuses its settings: {type(error).__name__}: {error}"
            return [Problem("experiment", message, allowed="settings that fit each other")]
        if self._start is not None:
            return self._load(self._start, self._experiment)
        return []

    def train(self) -> dict[str, Any]:
        """Train, and evaluate the result where the config says so."""
        experiment, recorder = self._experiment, self._recorder
        assert experiment is not None
        assert recorder is not None
        self._began = time.perf_counter()
        left = self._config.total_timesteps - self._step
        if left > 0:
            try:
                with contextlib.redirect_stdout(sys.stderr):
                    self._collect(experiment)
            except (Cancelled, KeyboardInterrupt):
                self._save()
                raise
            finally:
                self._signals.restore()
        self._signals.hold()
        self._save()
        self._signals.deliver()
        self._signals.restore()
        result: dict[str, Any] = {
            "seed": self.seed,
            "total_steps": self._step,
            "episodes": recorder.episodes,
            "mean_return_100": float(np.mean(recorder.recent)) if recorder.recent else None,
            "steps_per_second": round(self.speed(), 1) if left > 0 else None,
        }
        if self._config.eval_at_end:
            assert self._last_saved is not None
            result["evaluation"] = self._evaluate_saved(Checkpoint(self._last_saved))
        return result

    def evaluate(self) -> dict[str, Any]:
        """Play the policy of the config's checkpoint."""
        assert self._start is not None
        assert self._experiment is not None
        assert self._recorder is not None
        evaluation = self._play(self._experiment, self._recorder)
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
        if self._experiment is None or self._config.mode == "evaluate":
            return {"state": "evaluating" if self._config.mode == "evaluate" else "starting"}
        progress = min(1.0, self._step / self._config.total_timesteps)
        return {"step": self._step, "steps_per_second": round(self.speed(), 1), "progress": round(progress, 4)}

    def speed(self) -> float:
        """Return environment steps per second of this process."""
        elapsed = time.perf_counter() - self._began
        return (self._step - self._first_step) / elapsed if elapsed > 0 else 0.0

    def arguments(self) -> dict[str, Any]:
        """Return BenchMARL's settings as plain JSON."""
        experiment = self._experiment
        assert experiment is not None
        parts = {
            "experiment": experiment.config,
            "algorithm": experiment.algorithm_config,
            "model": experiment.model_config,
        }
        made = {name: dataclasses.asdict(part) for name, part in parts.items()}
        made["experiment"] = {
            name: value for name, value in made["experiment"].items() if not name.startswith(_FOR_FILES)
        }
        made["task"] = dict(experiment.task.config)
        plain: dict[str, Any] = json.loads(json.dumps(made, default=str))
        return plain

    def tell_start(self) -> None:
        """Say what the work begins with, where it begins with a checkpoint."""
        if self._start is None:
            return
        experiment = self._experiment
        assert experiment is not None
        resumed = self._config.mode == "resume" and not self._config.on_policy
        self._emitter.checkpoint_loaded(
            {
                "path": str(self._start.path),
                "step": self._start.step,
                "algorithm": self._config.algo,
                "libraries": self._start.facts.get("libraries", {}),
                "seed": self.seed,
                "replay_buffer": sum(map(len, experiment.replay_buffers.values())) if resumed else None,
            },
            constant=log_constants.LOG_WORKER_BENCHMARL_CHECKPOINT_LOADED,
        )

    def _make(self, phase: str, step: int = 0, episode: int = 0) -> tuple[RunExperiment, Recorder]:
        config = self._config
        if config.init_random_frames:  # the collector of a resumed training counts from 0
            config = dataclasses.replace(config, init_random_frames=max(0, config.init_random_frames - step))
        box: list[Recorder] = []

        def on_batch(batch: Any) -> None:
            self._signals.hold()
            box[0].take(batch)

        def on_update() -> None:
            if self._signals.pending:
                self._signals.deliver()

        def on_rollouts(rollouts: list[Any]) -> None:
            for rollout in rollouts:
                box[0].take(rollout, rollout=True)

        with contextlib.redirect_stdout(sys.stderr):
            experiment = make_experiment(
                config,
                seed=part_seed(self.seed, "eval" if phase == "eval" else f"train:{step}"),
                at_iteration_end=self._after_iteration,
                on_batch=on_batch,
                on_update=on_update,
                on_rollouts=on_rollouts,
            )
        recorder = Recorder(
            self._emitter,
            experiment.group_map,
            steps=config.steps,
            observations=config.observations,
            max_steps=int(experiment.max_steps),
            phase=phase,
            first_step=step,
            first_episode=episode,
        )
        box.append(recorder)
        if phase == "train":
            experiment.logger.loggers.append(self._scalars)
        return experiment, recorder

    def _collect(self, experiment: RunExperiment) -> None:
        # As Experiment.run, which seeds everything again and closes what a checkpoint is still saved from.
        experiment.close, close = lambda: None, experiment.close
        try:
            experiment._collection_loop()
        finally:
            experiment.close = close

    def _load(self, checkpoint: Checkpoint, experiment: RunExperiment) -> list[Problem]:
        others = checkpoint.other_versions()
        if others:
            _LOG.warning("%s was saved with other versions: %s", checkpoint.path, ", ".join(others))
        resumed = self._config.mode == "resume" and checkpoint is self._start
        try:
            checkpoint.load(experiment, learn=resumed)
        except _FAULTS as error:
            fault = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
            if not isinstance(error, MemoryError):
                fault = "; ".join(filter(None, (fault, checkpoint.differing(self._config.to_dict(), _SAME))))
            message = f"it cannot be loaded into the experiment: {fault}"
            allowed = "env_kwargs, share_policy_params and hidden_sizes as they were"
            return [Problem("checkpoint_path", message, value=str(checkpoint.path), allowed=allowed)]
        if resumed and self._config.lr is not None:
            for optimizers in experiment.optimizers.values():
                for optimizer in optimizers.values():
                    for group in optimizer.param_groups:
                        group["lr"] = self._config.lr
        return []

    def _after_iteration(self) -> None:
        self._scalars.log_scalar("charts/SPS", round(self.speed(), 1))
        self._scalars.flush()
        interval = self._config.checkpoint_interval
        if interval and self._step // interval > self._saved_at // interval:
            self._save()
        self._signals.deliver()

    def _evaluate_saved(self, checkpoint: Checkpoint) -> dict[str, Any]:
        experiment, recorder = self._make("eval")
        try:
            if problems := self._load(checkpoint, experiment):
                raise ConfigError("The checkpoint that was just saved cannot be evaluated.", problems)
            return self._play(experiment, recorder)
        finally:
            self._close(experiment)

    def _play(self, experiment: RunExperiment, recorder: Recorder) -> dict[str, Any]:
        """Play whole episodes."""
        with contextlib.redirect_stdout(sys.stderr):
            experiment._evaluation_loop()
        returns = recorder.returns
        return {
            "episodes": len(returns),
            "steps": recorder.next_step,
            "mean_return": float(np.mean(returns)),
            "std_return": float(np.std(returns)),
            "min_return": min(returns),
            "max_return": max(returns),
        }

    def _close(self, experiment: RunExperiment | None) -> None:
        if experiment is not None:
            experiment.logger.loggers.clear()
            with contextlib.redirect_stdout(sys.stderr):
                experiment.close()

    def _save(self) -> None:
        """Save a checkpoint, unless this step's is saved already."""
        step, config, recorder = self._step, self._config, self._recorder
        assert recorder is not None
        path = self._folder.path(step)
        if path == self._last_saved:
            return
        facts = {
            "algorithm": config.algo,
            "env_id": config.env_id,
            "step": step,
            "seed": self.seed,
            "run_id": config.run_id,
            "config": config.to_dict(),
            "arguments": self.arguments(),
            "next_episode": recorder.next_episode,
        }
        save_checkpoint(path, self._experiment, facts)
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
            constant=log_constants.LOG_WORKER_BENCHMARL_CHECKPOINT_SAVED,
        )


def _continued(config: BenchmarlWorkerConfig, start: Checkpoint | None) -> BenchmarlWorkerConfig:
    """Return a config with what it leaves open as it was in a checkpoint's training."""
    before = dict(start.facts.get("config") or {}) if start else {}
    kept = {
        name: before[name]
        for name in _RESUMABLE
        if getattr(config, name) in (None, {}) and before.get(name) is not None
    }
    return dataclasses.replace(config, **kept)
