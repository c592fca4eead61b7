"""The two things a run does with MARLlib loaded: train, or evaluate."""

from __future__ import annotations

import contextlib
import logging
import random
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import torch

from gym_gui.core.worker import ConfigError, Problem

from .checkpoint import Checkpoint, CheckpointFolder, library_versions, save_checkpoint
from .config import MarllibWorkerConfig
from .library import arguments_of, make_trainer, restore, set_learning_rate, state_of, steps_trained_on
from .recording import EnoughError, Recorder
from .registry import paradigm_of
from .scalars import Scalars, flat_metrics
from .sdk import HeldSignals

_LOG = logging.getLogger(__name__)
#: Seconds that a signal waits for the end of an iteration: a supervisor kills 30 s after its SIGTERM.
_PATIENCE_S = 15.0
#: Settings that decide what a checkpoint fits.
_SAME = ("env_kwargs", "force_coop", "algo_args")


class Job:
    """One training or evaluation.

    Args:
        config: What to do.
        seed: The run's seed.
        emitter: Telemetry.
        checkpoints: Folder of checkpoints.
        tensorboard: Folder of TensorBoard files.
    """

    def __init__(
        self, config: MarllibWorkerConfig, seed: int, emitter: Any, checkpoints: Path, tensorboard: Path
    ) -> None:
        if config.torch_threads:
            torch.set_num_threads(config.torch_threads)
        self._config, self._emitter = config, emitter
        self._folder = CheckpointFolder(checkpoints, config.keep_checkpoints)
        self._start: Checkpoint | None = None
        if config.mode != "train":
            self._start = Checkpoint(Path(str(config.checkpoint_path)))
            self._start.check(self._identity())
        saved = self._start.facts if self._start and config.mode == "resume" else {}
        self.seed: int = saved.get("seed", seed)
        self._first_step = self._saved_at = int(saved.get("step", 0))
        #: Steps and episodes of what was learned by the last iteration's end.
        self._learned = (self._first_step, int(saved.get("next_episode", 0)))
        self._signals = HeldSignals(_PATIENCE_S)
        self._scratch = tempfile.TemporaryDirectory(prefix="mosaic-marllib-")
        self._recorder = self._make_recorder(
            "eval" if config.mode == "evaluate" else "train",
            step=self._first_step,
            episode=saved.get("next_episode", 0),
        )
        self._tensorboard = tensorboard if config.tensorboard and config.mode != "evaluate" else None
        self._last_saved: Path | None = None
        self._trainer: Any = None
        self._trained_on = 0
        self._began = time.perf_counter()

    def __enter__(self) -> Job:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._recorder.close()
        if self._trainer is not None:
            with contextlib.suppress(Exception):
                self._trainer.stop()
        self._scratch.cleanup()

    def build(self) -> list[Problem]:
        """Make the trainer, or load it, and return what MARLlib finds wrong with that."""
        config = self._config
        try:
            self._trainer = self._make(self._recorder, explore=config.mode != "evaluate")
        except Exception as error:  # noqa: BLE001 - whatever MARLlib and RLlib raise is the answer
            message = f"MARLlib refuses the settings: {type(error).__name__}: {_last_line(error)}"
            return [Problem("algo", message, value=config.algo, allowed="settings that MARLlib trains with")]
        problems = self._load(self._start, self._trainer) if self._start is not None else []
        self._trained_on = steps_trained_on(self._trainer)
        return problems

    def arguments(self) -> dict[str, Any]:
        """Return what the trainer learns with."""
        return arguments_of(self._trainer)

    def tell_start(self) -> None:
        """Say what the work begins with, where it begins with a checkpoint."""
        if self._start is not None:
            facts = self._start.facts
            self._emitter.checkpoint_loaded(
                {
                    "path": str(self._start.path),
                    "step": self._start.step,
                    "algorithm": self._config.algo,
                    "libraries": facts.get("libraries", {}),
                    "seed": self.seed,
                }
            )

    def train(self) -> dict[str, Any]:
        """Train, and evaluate the result where the config says so."""
        config, recorder, returns = self._config, self._recorder, self._recorder.returns
        self._began = time.perf_counter()
        with contextlib.closing(Scalars(self._emitter, self._tensorboard)) as scalars, self._signals:
            while recorder.step < config.total_timesteps:
                result = self._trainer.train()
                self._learned = (recorder.step, recorder.next_episode)
                self._trained_on = steps_trained_on(self._trainer)
                scalars.log(recorder.step, {**flat_metrics(result), "charts/SPS": round(self.speed(), 1)})
                interval = config.checkpoint_interval
                due = interval and recorder.step // interval > self._saved_at // interval
                if due or self._signals.pending:
                    self._save()
                if self._signals.pending:
                    self._signals.deliver()
            self._save()
        trained: dict[str, Any] = {
            "seed": self.seed,
            "total_steps": recorder.step,
            "episodes": len(returns),
            "mean_return_100": float(np.mean(returns[-100:])) if returns else None,
            "steps_per_second": round(self.speed(), 1) if recorder.step > self._first_step else None,
        }
        if config.eval_at_end:
            assert self._last_saved is not None
            trained["evaluation"] = self._evaluate_saved(Checkpoint(self._last_saved))
        return trained

    def evaluate(self) -> dict[str, Any]:
        """Play the policy of the config's checkpoint."""
        assert self._start is not None
        evaluation = _play(self._trainer, self._recorder)
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
        if self._trainer is None or self._config.mode == "evaluate":
            return {"state": "evaluating" if self._config.mode == "evaluate" else "starting"}
        step = self._recorder.step
        progress = min(1.0, step / self._config.total_timesteps)
        return {"step": step, "steps_per_second": round(self.speed(), 1), "progress": round(progress, 4)}

    def speed(self) -> float:
        """Return environment steps per second of this process."""
        elapsed = time.perf_counter() - self._began
        return (self._recorder.step - self._first_step) / elapsed if elapsed > 0 else 0.0

    def _identity(self) -> dict[str, Any]:
        """Return what must be the same in a checkpoint and in the run that begins with it."""
        config = self._config
        names = ("env_id", "share_policy", "core_arch", "encode_layer")
        return {"algorithm": config.algo, **{name: getattr(config, name) for name in names}}

    def _make_recorder(self, phase: str, *, step: int = 0, episode: int = 0) -> Recorder:
        config = self._config
        return Recorder(
            self._emitter,
            seed=self.seed,
            phase=phase,
            steps=config.steps,
            observations=config.observations,
            step=step,
            episode=episode,
            limit=config.eval_episodes if phase == "eval" else None,
            between_steps=self._between_steps,
        )

    def _between_steps(self) -> None:
        """Hand on a signal that has waited too long, and save what was learned before."""
        if self._signals.is_late:
            trained_on = steps_trained_on(self._trainer)
            if trained_on != self._trained_on:  # with a replay buffer it learns in the middle of an iteration, too
                self._learned = (self._recorder.step, self._recorder.next_episode)
            if trained_on:
                self._save()
            self._signals.deliver()

    def _make(self, recorder: Recorder, *, explore: bool) -> Any:
        seed = (self.seed + self._first_step) % 2**31  # a resumed training does not draw what the first one drew
        random.seed(seed)
        np.random.seed(seed)
        torch.manual_seed(seed)
        return make_trainer(self._config, seed, recorder, Path(self._scratch.name), explore=explore)

    def _load(self, checkpoint: Checkpoint, trainer: Any) -> list[Problem]:
        others = checkpoint.other_versions()
        if others:
            _LOG.warning("%s was saved with other versions: %s", checkpoint.path, ", ".join(others))
        try:
            restore(trainer, checkpoint.state(), checkpoint.step)
            rate = self._config.lr
            if rate is not None and rate != checkpoint.facts["config"].get("lr"):
                set_learning_rate(trainer, rate)
        except Exception as error:  # noqa: BLE001 - torch, pickle and RLlib raise all kinds
            fault = f"{type(error).__name__}: {_last_line(error)}"
            if not isinstance(error, MemoryError):
                fault = "; ".join(filter(None, (fault, checkpoint.differing(self._config.to_dict(), _SAME))))
            message = f"it cannot be loaded into the trainer: {fault}"
            allowed = "env_kwargs and the networks' sizes as they were"
            return [Problem("checkpoint_path", message, value=str(checkpoint.path), allowed=allowed)]
        return []

    def _evaluate_saved(self, checkpoint: Checkpoint) -> dict[str, Any]:
        recorder = self._make_recorder("eval")
        trainer = self._make(recorder, explore=False)
        try:
            problems = self._load(checkpoint, trainer)
            if problems:
                raise ConfigError("The checkpoint that was just saved cannot be evaluated.", problems)
            return _play(trainer, recorder)
        finally:
            recorder.close()
            trainer.stop()

    def _save(self) -> None:
        """Save what was learned, unless it is saved already."""
        step, episode = self._learned
        path = self._folder.path(step)
        if path == self._last_saved:
            return
        config = self._config
        facts = {
            **self._identity(),
            "paradigm": paradigm_of(config.algo),
            "step": step,
            "seed": self.seed,
            "run_id": config.run_id,
            "config": config.to_dict(),
            "arguments": self.arguments(),
            "next_episode": episode,
        }
        save_checkpoint(path, state_of(self._trainer), facts)
        self._last_saved, self._saved_at = path, step
        self._folder.added(path)
        self._emitter.checkpoint_saved(
            {
                "path": str(path),
                "step": step,
                "algorithm": config.algo,
                "env_id": config.env_id,
                "libraries": library_versions(),
            }
        )


def _play(trainer: Any, recorder: Recorder) -> dict[str, Any]:
    """Play whole episodes."""
    worker = trainer.workers.local_worker()
    with contextlib.suppress(EnoughError):
        while True:
            worker.sample()
    returns = recorder.returns
    return {
        "episodes": len(returns),
        "steps": recorder.step,
        "mean_return": float(np.mean(returns)),
        "std_return": float(np.std(returns)),
        "min_return": min(returns),
        "max_return": max(returns),
    }


def _last_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[-1].strip() if lines else ""
