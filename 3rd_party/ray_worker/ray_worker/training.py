"""One training: RLlib's iterations, what they say, checkpoints, an end."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .building import build_config, keep_out_of_home
from .checkpoint import CheckpointFolder, library_versions, read_facts, restore, save_checkpoint
from .environments import take_left_out
from .league import League
from .paradigms import MAIN
from .results import flat_metrics, sampled_steps
from .sdk import log_constant, log_constants

if TYPE_CHECKING:
    from .config import RayWorkerConfig
    from .environments import EnvPlan
    from .numbering import SharedNumbers
    from .preflight import Facts
    from .scalars import Scalars
    from .signals import Signals


@dataclass
class Output:
    """Where what happens goes.

    Attributes:
        emitter: Telemetry.
        tell: Says what the worker has begun to do.
        scalars: TensorBoard and Weights & Biases.
        folder: Checkpoints.
        logger: Takes log records.
    """

    emitter: Any
    tell: Callable[[str], None]
    scalars: Scalars
    folder: CheckpointFolder
    logger: Any


class Training:
    """A training, from its first step or from a checkpoint.

    Args:
        config: What to do.
        facts: Of the environment.
        plan: How environments are made.
        numbers: Numbers of steps and episodes.
        seed: The run's seed.
        scratch: Folder for what the run's processes share.
        output: Where what happens goes.
    """

    def __init__(
        self,
        config: RayWorkerConfig,
        facts: Facts,
        plan: EnvPlan,
        numbers: SharedNumbers,
        *,
        seed: int,
        scratch: Path,
        output: Output,
    ) -> None:
        self.step = 0
        self._config, self._facts, self._plan, self._numbers = config, facts, plan, numbers
        self._seed, self._scratch, self._output = seed, scratch, output
        self._algorithm: Any = None
        self._league: League | None = None
        self._last_return: float | None = None
        self._saved_at = -1
        self._started, self._first_step = time.monotonic(), 0

    def run(self, signals: Signals) -> dict[str, Any]:
        """Train until the steps are done.

        Args:
            signals: Requests to stop.

        Returns:
            What it came to.
        """
        config, output = self._config, self._output
        log_constant(
            output.logger,
            log_constants.LOG_WORKER_RAY_RLLIB_TRAINING_STARTED,
            run_id=config.run_id,
            algo=config.algo,
            env_id=config.env_id,
        )
        output.tell("training")
        output.emitter.phase("")  # steps come from processes of their own
        self._started = time.monotonic()
        with signals.held():
            while self.step < config.total_timesteps:
                self._iterate()
                if signals.pending:
                    self._save()
                    signals.deliver()
            self._save()
        output.tell("ending")
        self._count_left_out()
        step, episodes = self._numbers.state()
        return {
            "seed": self._seed,
            "total_steps": self.step,
            "episodes": episodes,
            "env_steps": step,
            "mean_return_100": self._last_return,
            "steps_per_second": round(self.speed(), 1),
            "iterations": self._algorithm.iteration,
            **({"snapshots": self._league.snapshots} if self._league else {}),
        }

    def vital_signs(self) -> dict[str, Any]:
        """Return how far it came."""
        return {"step": self.step, "steps_per_second": round(self.speed(), 1)} if self._algorithm is not None else {}

    def speed(self) -> float:
        """Return environment steps per second of this process."""
        elapsed = time.monotonic() - self._started
        return (self.step - self._first_step) / elapsed if elapsed > 0 else 0.0

    def close(self) -> None:
        """End the algorithm's processes; call it while its Ray instance lives."""
        if self._algorithm is not None:
            self._algorithm.stop()

    def build(self) -> None:
        """Build the algorithm with its processes, and bring it back to the checkpoint that is to be resumed."""
        config = self._config
        saved = self._saved_facts()
        league = self._scratch / "league"
        done = int(saved["step"]) if saved else 0
        made = build_config(config, self._facts, self._plan, seed=self._seed, league=league, done=done)
        self._output.tell("building the algorithm")
        self._output.emitter.phase("building the algorithm")
        keep_out_of_home(self._scratch)
        self._algorithm = made.build_algo()
        if saved is not None:
            replay_steps = restore(self._algorithm, str(config.checkpoint_path))
            self.step = self._first_step = self._saved_at = int(saved["step"])
            self._output.emitter.checkpoint_loaded(
                {
                    "path": config.checkpoint_path,
                    "step": self.step,
                    "episode": saved["episode"],
                    "seed": self._seed,
                    "iteration": self._algorithm.iteration,
                    **({} if replay_steps is None else {"replay_steps": replay_steps}),
                    **({"snapshots": saved["snapshots"]} if "snapshots" in saved else {}),
                },
                constant=log_constants.LOG_WORKER_RAY_CHECKPOINT_LOADED,
            )
        if self._facts.paradigm == "self_play":
            self._league = League(
                self._algorithm,
                league,
                interval=config.league_interval,
                size=config.league_size,
                snapshots=int((saved or {}).get("snapshots", 0)),
                step=self.step,
            )

    def _saved_facts(self) -> dict[str, Any] | None:
        config = self._config
        if config.mode != "resume":
            return None
        return read_facts(str(config.checkpoint_path), algo=config.algo, env_id=config.env_id)

    def _iterate(self) -> None:
        config, output = self._config, self._output
        before = self.step
        result = self._algorithm.train()
        self.step = max(sampled_steps(result), before)
        metrics = flat_metrics(result)
        metrics["charts/SPS"] = round(self.speed(), 1)
        self._last_return = metrics.get(self._return_name(), self._last_return)
        if self._league is not None:
            self._league.step(self.step)
            metrics["league/members"] = float(self._league.members)
            metrics["league/snapshots"] = float(self._league.snapshots)
        output.emitter.metrics(self.step, metrics)
        output.scalars.add(self.step, metrics)
        log_constant(
            output.logger, log_constants.LOG_WORKER_RAY_RLLIB_TRAINING_ITERATION, run_id=config.run_id, step=self.step
        )
        interval = config.checkpoint_interval
        if interval and self.step // interval > before // interval:
            self._save()

    def _return_name(self) -> str:
        """Return which metric says how well it goes: two players' sum of returns says nothing of either."""
        if self._league is not None:
            return f"env_runners/module_episode_returns_mean/{MAIN}"
        return "env_runners/episode_return_mean"

    def _save(self) -> None:
        """Save a checkpoint, unless this step's is saved already."""
        if self._saved_at == self.step:
            return
        config, folder = self._config, self._output.folder
        path = folder.path(self.step)
        next_step, next_episode = self._numbers.state()
        facts = {
            "algorithm": config.algo,
            "env_id": config.env_id,
            "env_api": self._facts.api,
            "env_kwargs": config.env_kwargs,
            "paradigm": self._facts.paradigm,
            "step": self.step,
            "next_step": next_step,
            "episode": next_episode,
            "seed": self._seed,
            "run_id": config.run_id,
            "iteration": self._algorithm.iteration,
            **({"snapshots": self._league.snapshots, "league_size": config.league_size} if self._league else {}),
        }
        save_checkpoint(self._algorithm, path, facts)
        self._saved_at = self.step
        folder.saved(path)
        self._output.emitter.checkpoint_saved(
            {
                "path": str(path),
                "step": self.step,
                "algorithm": config.algo,
                "env_id": config.env_id,
                "libraries": library_versions(),
            },
            constant=log_constants.LOG_WORKER_RAY_CHECKPOINT_SAVED,
        )

    def _count_left_out(self) -> None:
        """Ask every process what it left out of episodes that will not end, for the ledger."""

        def owed(runner: Any) -> int:
            if getattr(runner, "env", None) is not None:
                runner.env.close()
                runner.env = None
            return take_left_out()

        for steps in self._algorithm.env_runner_group.foreach_env_runner(owed):
            if steps:
                self._output.emitter.count_sampled(steps)


__all__ = ["Output", "Training"]
