"""The two things a run does with the library loaded: train, or evaluate."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import torch
from stable_baselines3.common.vec_env import unwrap_vec_normalize

from gym_gui.core.worker import Problem

from .arguments import algorithm_arguments, described
from .callback import RunCallback
from .checkpoint import Checkpoint, CheckpointFolder, library_versions, random_state, save_checkpoint
from .config import Sb3WorkerConfig
from .environments import make_vec_env
from .evaluation import evaluate
from .logger import make_logger
from .masking import needs_masks
from .models import load_model, new_model, normalised
from .recorder import RecordedVecEnv
from .registry import algorithm_class
from .sdk import HeldSignals, log_constants
from .tracking import Tracking


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
        self, config: Sb3WorkerConfig, seed: int, emitter: Any, checkpoints: Path, tensorboard: Path, tracking: Tracking
    ) -> None:
        if config.torch_threads:
            torch.set_num_threads(config.torch_threads)
        self._config, self._emitter = config, emitter
        self._algorithm = algorithm_class(config.algo)
        self._masks = needs_masks(self._algorithm)
        self._folder = CheckpointFolder(checkpoints, config.keep_checkpoints)
        self._tensorboard, self._tracking = tensorboard, tracking
        self._start: Checkpoint | None = None
        if config.mode != "train":
            self._start = Checkpoint(Path(str(config.checkpoint_path)))
            self._start.check(config.algo, config.env_id)
        facts = self._start.facts if self._start and config.mode == "resume" else {}
        self.seed: int = facts.get("seed", seed)
        self._model: Any = None
        self._recorder: RecordedVecEnv | None = None
        self._callback: RunCallback | None = None
        self._last_saved: Path | None = None

    def __enter__(self) -> Job:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        env = self._model.get_env() if self._model is not None else self._recorder
        if env is not None:
            env.close()

    def build(self) -> list[Problem]:
        """Make the model, or load it, and return what the library finds wrong with that."""
        try:
            self._build()
        except (AssertionError, TypeError, ValueError, KeyError, RuntimeError, AttributeError, MemoryError) as error:
            if self._start is not None:
                allowed = "env_kwargs, wrappers, frame_stack and policy_kwargs as they were"
                message = f"the library cannot load it: {type(error).__name__}: {error}"
                return [Problem("checkpoint_path", message, value=str(self._start.path), allowed=allowed)]
            return [Problem("algorithm_kwargs", f"{self._config.algo} refuses its arguments: {error}")]
        return []

    def train(self) -> dict[str, Any]:
        """Train, and evaluate the result where the config says so."""
        config, model = self._config, self._model
        model.set_logger(make_logger(self._emitter, self._tracking, self._tensorboard if config.tensorboard else None))
        left = config.total_timesteps - model.num_timesteps
        with HeldSignals() as signals:
            callback = RunCallback(signals, self._save, config.checkpoint_interval, config.metrics_interval)
            self._callback = callback
            if left > 0:
                callback.init_callback(model)
                model.learn(left, callback=callback, log_interval=None, reset_num_timesteps=self._start is None)
                callback.write_metrics()
            self._save()
        assert self._recorder is not None
        recent = self._recorder.recent
        result: dict[str, Any] = {
            "seed": self.seed,
            "total_steps": model.num_timesteps,
            "episodes": self._recorder.episodes,
            "mean_return_100": float(np.mean(recent)) if recent else None,
            "steps_per_second": round(callback.speed(), 1) if left > 0 else None,
        }
        if config.eval_at_end:
            assert self._last_saved is not None
            result["evaluation"] = self._play(Checkpoint(self._last_saved))
        return result

    def evaluate(self) -> dict[str, Any]:
        """Play the policy of the config's checkpoint."""
        assert self._start is not None
        evaluation = self._play(self._start, self._model)
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
        if self._model is None or self._callback is None:
            return {"state": "evaluating" if self._config.mode == "evaluate" else "starting"}
        step = self._model.num_timesteps
        progress = min(1.0, step / self._config.total_timesteps)
        return {"step": step, "steps_per_second": round(self._callback.speed(), 1), "progress": round(progress, 4)}

    def arguments(self) -> dict[str, Any]:
        """Return what the algorithm and its policy are made with, as plain JSON."""
        values = algorithm_arguments(self._config, self._algorithm)
        return described({**values, "policy_kwargs": self._config.policy_kwargs})

    def _build(self) -> None:
        config, start = self._config, self._start
        if config.mode == "evaluate":
            assert start is not None
            self._model = self._load_for_evaluation(start)
        else:
            facts = start.facts if start else {}
            env, self._recorder = make_vec_env(
                config,
                self._emitter,
                seed=self.seed,
                phase="train",
                masks=self._masks,
                n_envs=config.n_envs,
                first_episodes=facts.get("started"),
                first_step=facts.get("next_step", 0),
                first_episode=facts.get("next_episode", 0),
            )
            env = normalised(config, env, start, training=True)
            if start is None:
                self._model = new_model(config, self._algorithm, env, self.seed)
            else:
                self._model = load_model(config, self._algorithm, env, start, training=True)

    def tell_start(self) -> None:
        """Say what the work begins with, where it begins with a checkpoint."""
        if self._start is None:
            return
        buffer = getattr(self._model, "replay_buffer", None)
        self._emitter.checkpoint_loaded(
            {
                "path": str(self._start.path),
                "step": self._model.num_timesteps,
                "algorithm": self._config.algo,
                "libraries": self._start.facts.get("libraries", {}),
                "seed": self.seed,
                "replay_buffer": buffer.size() if buffer is not None and self._config.mode == "resume" else None,
            },
            constant=log_constants.LOG_WORKER_SB3_CHECKPOINT_LOADED,
        )

    def _load_for_evaluation(self, checkpoint: Checkpoint) -> Any:
        env, self._recorder = make_vec_env(
            self._config, self._emitter, seed=self.seed, phase="eval", masks=self._masks, n_envs=1
        )
        env = normalised(self._config, env, checkpoint, training=False)
        return load_model(self._config, self._algorithm, env, checkpoint, training=False)

    def _play(self, checkpoint: Checkpoint, model: Any = None) -> dict[str, Any]:
        trained, recorder = self._model, self._recorder
        loaded = model if model is not None else self._load_for_evaluation(checkpoint)
        assert self._recorder is not None
        try:
            with HeldSignals() as signals:
                return evaluate(
                    loaded,
                    self._recorder,
                    episodes=self._config.eval_episodes,
                    deterministic=self._config.eval_deterministic,
                    masks=self._masks,
                    signals=signals,
                )
        finally:
            if loaded is not trained:
                loaded.get_env().close()
            self._recorder = recorder

    def _save(self) -> None:
        """Save a checkpoint, unless this step's is saved already."""
        model, recorder = self._model, self._recorder
        assert recorder is not None
        path = self._folder.path(model.num_timesteps)
        if path == self._last_saved:
            return
        config = self._config
        facts = {
            "algorithm": config.algo,
            "env_id": config.env_id,
            "step": model.num_timesteps,
            "seed": self.seed,
            "run_id": config.run_id,
            "config": config.to_dict(),
            "next_step": recorder.next_step,
            "next_episode": recorder.next_episode,
            "started": list(recorder.started),
            "random": random_state(model),
        }
        normalisation = unwrap_vec_normalize(model.get_env())
        save_checkpoint(path, model, facts, replay_buffer=config.save_replay_buffer, normalisation=normalisation)
        self._last_saved = path
        self._folder.added(path)
        self._emitter.checkpoint_saved(
            {
                "path": str(path),
                "step": model.num_timesteps,
                "algorithm": config.algo,
                "env_id": config.env_id,
                "libraries": library_versions(),
            },
            constant=log_constants.LOG_WORKER_SB3_CHECKPOINT_SAVED,
        )
