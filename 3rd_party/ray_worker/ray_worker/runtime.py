"""A run from its first event to its last."""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .config import RayWorkerConfig

if TYPE_CHECKING:
    from .environments import EnvPlan
    from .numbering import SharedNumbers
    from .preflight import Facts
    from .pulse import Pulse
    from .signals import Signals


class RayWorkerRuntime:
    """Does the work of one run: trains, resumes, evaluates or searches.

    Args:
        config: What to do.
        dry_run: Check everything and train nothing.
        logger: Takes log records besides the telemetry.
    """

    def __init__(self, config: RayWorkerConfig, *, dry_run: bool = False, logger: logging.Logger | None = None) -> None:
        self.config = config
        self.worker_id = config.worker_id or os.environ.get("WORKER_ID") or None
        self.seed = config.seed if config.seed is not None else secrets.randbits(31)
        self._dry_run = dry_run
        self._logger = logger or logging.getLogger(__name__)
        self._emitter: Any = None
        self._work_at_hand: Any = None
        self._scalars: Any = None

    def run(self) -> dict[str, Any]:
        """Do the work.

        Returns:
            A JSON-ready summary, the payload of ``run_completed``.

        Raises:
            ConfigError: The environment, the algorithm or the checkpoint do not fit; every reason is listed.
        """
        from gym_gui.config import paths
        from gym_gui.core.worker.cli_base import Cancelled
        from gym_gui.core.worker.errors import ConfigError, UsageError
        from gym_gui.core.worker.telemetry import TelemetryEmitter

        from .telemetry import log_constant

        config = self.config
        self._emitter = TelemetryEmitter(config.run_id, worker_id=self.worker_id, logger=self._logger)
        self._checkpoints = paths.get_checkpoints_dir(config.run_id, self.worker_id)
        self._tensorboard = paths.get_tensorboard_dir(config.run_id, self.worker_id)
        self._emitter.run_started(self._announcement(), constant=log_constant("RUNTIME_STARTED"))
        try:
            facts = self._check()
            summary = self._dry() if self._dry_run else self._work(facts)
        except Cancelled as cancelled:
            self._emitter.run_cancelled({"reason": str(cancelled), **self._vital_signs()})
            raise
        except Exception as error:
            payload: dict[str, Any] = {"error": str(error), "error_type": type(error).__name__}
            if isinstance(error, ConfigError):
                payload["problems"] = [problem.to_dict() for problem in error.problems]
            unexpected = None if isinstance(error, UsageError) else error
            self._emitter.run_failed(payload, constant=log_constant("RUNTIME_FAILED"), exc_info=unexpected)
            raise
        self._emitter.run_completed(summary, constant=log_constant("RUNTIME_COMPLETED"))
        return summary

    def _announcement(self) -> dict[str, Any]:
        from .presets import preset_for

        config = self.config
        said: dict[str, Any] = {"worker_type": "ray", "mode": config.mode, "dry_run": self._dry_run}
        said.update(algo=config.algo, env_id=config.env_id, num_env_runners=config.num_env_runners)
        if config.mode == "evaluate":
            said["eval_episodes"] = config.eval_episodes
        else:
            said["total_timesteps"] = config.total_timesteps
        if config.mode != "resume":  # then the seed is the checkpoint's
            said["seed"] = self.seed
        if config.mode in ("resume", "evaluate"):
            said["checkpoint_path"] = config.checkpoint_path
        preset = preset_for(config.algo, config.env_id) if config.preset == "auto" else None
        said["preset"] = preset.source if preset else None
        if config.mode == "tune":
            said.update(tune_space=config.tune_space, tune_samples=config.tune_samples)
        return said

    def _begin(self, phase: str) -> None:
        """Say what comes next and may take long; a dry run says nothing in between."""
        if not self._dry_run:
            self._emitter.phase(phase)

    def _check(self) -> Facts:
        self._begin("importing gymnasium")
        from gym_gui.core.worker.errors import ConfigError

        from .preflight import check_run

        self._begin("building the environment")
        facts, problems = check_run(self.config)
        if problems or facts is None:
            raise ConfigError("The run cannot start.", problems)
        if self.config.mode in ("resume", "evaluate"):
            from .checkpoint import check_continuation, read_facts

            config, path = self.config, str(self.config.checkpoint_path)
            saved = read_facts(path, algo=config.algo, env_id=config.env_id)
            if config.mode == "resume":
                wanted = {"paradigm": facts.paradigm, "league_size": config.league_size}
                check_continuation(path, saved, wanted)
                self.seed = int(saved["seed"])
        return facts

    def _dry(self) -> dict[str, Any]:
        config = self.config
        if config.training or config.model:  # only then what RLlib knows has to be asked
            from .building import check_settings

            check_settings(config)
        return {"status": "dry-run", "config": config.to_dict()}

    def _work(self, facts: Facts) -> dict[str, Any]:
        from gym_gui.core.worker.cli_base import Cancelled

        from .pulse import Pulse
        from .scalars import Scalars, open_tracking
        from .scratch import Scratch

        config = self.config
        if config.torch_threads:
            os.environ["OMP_NUM_THREADS"] = str(config.torch_threads)
        with (
            Pulse(self._emitter, config.heartbeat_interval_s, self._vital_signs) as pulse,
            Scratch() as scratch,
            contextlib.closing(
                Scalars(self._tensorboard_folder(), open_tracking(config, Path.cwd(), self.worker_id))
            ) as self._scalars,
        ):
            try:
                if config.mode == "evaluate":
                    pulse.tell("evaluating")
                    result = self._evaluate(self._plan(facts, scratch.path, "eval"), facts, str(config.checkpoint_path))
                else:
                    result = self._train_interruptibly(facts, scratch, pulse)
            except (Exception, Cancelled):
                self._write_manifest()  # what ends early leaves checkpoints behind, too
                raise
        manifest = self._write_manifest()
        return {
            "status": "completed",
            "mode": config.mode,
            "algo": config.algo,
            "env_id": config.env_id,
            "paradigm": facts.paradigm,
            **result,
            "analytics_manifest": str(manifest) if manifest else None,
        }

    def _train_interruptibly(self, facts: Facts, scratch: Any, pulse: Pulse) -> dict[str, Any]:
        from gym_gui.core.worker.cli_base import Cancelled

        from .signals import Signals

        with Signals() as signals:
            try:
                return self._train(facts, scratch, pulse, signals)
            except Exception as error:
                if signals.asked is None:
                    raise
                # What a signal's handler raises inside of Ray's compiled code comes out of it as something else.
                raise Cancelled(signals.asked) from error

    def _train(self, facts: Facts, scratch: Any, pulse: Pulse, signals: Signals) -> dict[str, Any]:
        from .checkpoint import CheckpointFolder, read_facts
        from .cluster import Cluster
        from .numbering import SharedNumbers
        from .preflight import cpus_needed
        from .telemetry import Road, log

        config = self.config
        first = {"next_step": 0, "episode": 0}
        if config.mode == "resume":
            first = read_facts(str(config.checkpoint_path), algo=config.algo, env_id=config.env_id)
        numbers = SharedNumbers.create(
            scratch.path / "numbers.train", step=int(first["next_step"]), episode=int(first["episode"])
        )
        remote = config.num_env_runners > 0 or config.mode == "tune"
        with Road(scratch.path, remote=remote) as road:
            pulse.tell("starting Ray")
            self._begin("starting Ray")
            cpus, store = cpus_needed(config), config.object_store_mb
            with Cluster(scratch, cpus=cpus, object_store_mb=store, logger=self._logger) as cluster:
                self._import_libraries()
                self._begin("joining Ray")
                facts_of_cluster = cluster.connect(f"mosaic-{config.run_id}")
                log(self._logger, "CLUSTER_STARTED", run_id=config.run_id, **facts_of_cluster)
                plan = self._plan(facts, scratch.path, "train", road.log)
                result = self._train_or_tune(facts, plan, numbers, scratch.path, pulse, signals)
            log(self._logger, "CLUSTER_SHUTDOWN", run_id=config.run_id)
            road.drain()
            if config.eval_at_end and config.mode != "tune":
                pulse.tell("evaluating")
                last = str(CheckpointFolder(self._checkpoints, 0).path(int(result["total_steps"])))
                result["evaluation"] = self._evaluate(self._plan(facts, scratch.path, "eval"), facts, last)
        return result

    def _train_or_tune(
        self, facts: Facts, plan: EnvPlan, numbers: SharedNumbers, scratch: Path, pulse: Pulse, signals: Signals
    ) -> dict[str, Any]:
        from .checkpoint import CheckpointFolder
        from .training import Output, Training
        from .tuning import Tuning

        config = self.config
        folder = CheckpointFolder(self._checkpoints, config.keep_checkpoints)
        output = Output(self._emitter, pulse.tell, self._scalars, folder, self._logger)
        if config.mode == "tune":
            self._work_at_hand = search = Tuning(config, facts, plan, seed=self.seed, scratch=scratch, output=output)
            return search.run()
        self._work_at_hand = training = Training(
            config, facts, plan, numbers, seed=self.seed, scratch=scratch, output=output
        )
        training.build()
        result = training.run(signals)
        training.close()
        return result

    def _evaluate(self, plan: EnvPlan, facts: Facts, path: str) -> dict[str, Any]:
        self._import_libraries()
        from .checkpoint import read_facts
        from .evaluation import Policies, evaluate
        from .numbering import SharedNumbers
        from .telemetry import log_constant

        config = self.config
        saved = read_facts(path, algo=config.algo, env_id=config.env_id)
        policies = Policies(path, facts)
        self._emitter.checkpoint_loaded(
            {"path": path, "step": saved["step"]}, constant=log_constant("CHECKPOINT_LOADED")
        )
        SharedNumbers.create(Path(plan.numbers)).close()
        self._begin("")
        evaluation = evaluate(plan, policies, episodes=config.eval_episodes)
        if config.mode != "evaluate":
            return evaluation
        return {
            "seed": self.seed,
            "total_steps": evaluation["steps"],
            "episodes": evaluation["episodes"],
            "mean_return": evaluation["mean_return"],
            "std_return": evaluation["std_return"],
            "checkpoint_step": saved["step"],
            "evaluation": evaluation,
        }

    def _plan(self, facts: Facts, scratch: Path, phase: str, log: str | None = None) -> EnvPlan:
        from .environments import EnvPlan

        config = self.config
        return EnvPlan(
            env_id=facts.env_id,
            env_api=facts.api,
            env_kwargs=config.env_kwargs,
            seed=self.seed,
            run_id=config.run_id,
            worker_id=self.worker_id,
            log=log,
            numbers=str(scratch / f"numbers.{phase}"),
            steps=config.steps,
            observations=config.observations,
            phase=phase,
        )

    def _import_libraries(self) -> None:
        """Import what takes long, in the main thread."""
        self._begin("importing torch and Ray RLlib")
        import torch

        if self.config.torch_threads:
            torch.set_num_threads(self.config.torch_threads)
        torch.manual_seed(self.seed)
        import ray.rllib.algorithms.algorithm  # noqa: F401

    def _tensorboard_folder(self) -> Path | None:
        return self._tensorboard if self.config.tensorboard and self.config.mode != "evaluate" else None

    def _write_manifest(self) -> Path | None:
        from .analytics import write_analytics_manifest
        from .telemetry import log

        try:
            manifest = write_analytics_manifest(
                self.config,
                checkpoints_dir=self._checkpoints,
                tensorboard_dir=self._tensorboard,
                wandb=self._scalars.describe() if self._scalars else None,
                worker_id=self.worker_id,
                metadata={"seed": self.seed},
            )
        except OSError as error:  # a training that succeeded must not fail for its table of contents
            self._logger.warning("the analytics manifest cannot be written: %s", error)
            return None
        log(self._logger, "ANALYTICS_MANIFEST_CREATED", run_id=self.config.run_id, path=str(manifest))
        return manifest

    def _vital_signs(self) -> dict[str, Any]:
        return self._work_at_hand.vital_signs() if self._work_at_hand is not None else {}


__all__ = ["RayWorkerRuntime"]
