"""A run from its first event to its last."""

from __future__ import annotations

import logging
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .analytics import write_analytics_manifest
from .config import Sb3WorkerConfig
from .telemetry import heartbeats, log_constant, open_emitter, run_folder

if TYPE_CHECKING:
    from .job import Job
    from .tracking import Tracking


class Sb3WorkerRuntime:
    """Does the work of one run: trains, resumes or evaluates.

    Args:
        config: What to do.
        dry_run: Check everything and train nothing.
        logger: Takes log records besides the telemetry.
    """

    def __init__(self, config: Sb3WorkerConfig, *, dry_run: bool = False, logger: logging.Logger | None = None) -> None:
        self.config = config
        self.worker_id = config.worker_id or os.environ.get("WORKER_ID") or None
        self.seed = config.seed if config.seed is not None else secrets.randbits(31)
        self._dry_run = dry_run
        self._logger = logger or logging.getLogger(__name__)
        self._emitter = open_emitter(config.run_id, self.worker_id, self._logger)
        self._checkpoints = run_folder("checkpoints", config.run_id, self.worker_id)
        self._tensorboard = run_folder("tensorboard", config.run_id, self.worker_id)
        self._job: Job | None = None

    def run(self) -> dict[str, Any]:
        """Do the work.

        Returns:
            A JSON-ready summary, the payload of ``run_completed``.

        Raises:
            ConfigError: The environment, the algorithm, their arguments or the checkpoint do not fit; every reason is
                listed.
        """
        from gym_gui.core.worker import Cancelled, ConfigError, UsageError

        # Before the library is imported, which takes seconds: until this arrives, it looks like a hang.
        self._emitter.run_started(self._announcement(), constant=log_constant("RUNTIME_STARTED"))
        try:
            summary = self._work()
        except Cancelled as cancelled:
            signs = self._job.vital_signs() if self._job else {}
            self._emitter.run_cancelled({"reason": str(cancelled), **signs})
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
        config = self.config
        said = {"worker_type": "sb3", "mode": config.mode, "dry_run": self._dry_run}
        said.update(algo=config.algo, env_id=config.env_id, n_envs=config.n_envs)
        if config.mode == "evaluate":
            said["eval_episodes"] = config.eval_episodes
        else:
            said["total_timesteps"] = config.total_timesteps
        if config.mode != "resume":  # then the seed is the checkpoint's
            said["seed"] = self.seed
        if config.mode != "train":
            said["checkpoint_path"] = config.checkpoint_path
        return said

    def _begin(self, phase: str) -> None:
        """Say what comes next and may take long; a dry run says nothing in between."""
        if not self._dry_run:
            self._emitter.phase(phase)

    def _work(self) -> dict[str, Any]:
        config = self.config
        if config.torch_threads:
            os.environ.setdefault("OMP_NUM_THREADS", str(config.torch_threads))
        interval_s = 0.0 if self._dry_run else config.heartbeat_interval_s
        with heartbeats(self._emitter, interval_s, self._vital_signs):
            self._begin("importing torch and stable-baselines3")
            from .job import Job
            from .preflight import check_run
            from .tracking import Tracking

            self._begin("building the environment")
            self._refuse(check_run(config))

            if self._dry_run:
                return self._try(Job, Tracking)
            tracking = Tracking(config, Path.cwd(), self.worker_id)
            try:
                result = self._run_job(Job, tracking)
            except BaseException:
                tracking.close()
                self._write_manifest(tracking)  # what ends early leaves checkpoints behind, too
                raise
            tracking.close()
            manifest = self._write_manifest(tracking)
        return {
            "status": "completed",
            "mode": config.mode,
            "algo": config.algo,
            "env_id": config.env_id,
            **result,
            "analytics_manifest": str(manifest) if manifest else None,
        }

    def _try(self, job_class: type[Job], tracking_class: type[Tracking]) -> dict[str, Any]:
        """Make the model, and say so."""
        from dataclasses import replace

        config = replace(self.config, wandb="off", tensorboard=False)
        tracking = tracking_class(config, Path.cwd(), self.worker_id)
        with job_class(config, self.seed, self._emitter, self._checkpoints, self._tensorboard, tracking) as job:
            self._refuse(job.build())
            return {"status": "dry-run", "config": self.config.to_dict(), "arguments": job.arguments()}

    def _run_job(self, job_class: type[Job], tracking: Tracking) -> dict[str, Any]:
        config = self.config
        with job_class(config, self.seed, self._emitter, self._checkpoints, self._tensorboard, tracking) as job:
            self._job = job
            self.seed = job.seed
            self._begin("building the model")
            self._refuse(job.build())
            job.tell_start()
            self._begin("")
            result = job.evaluate() if config.mode == "evaluate" else job.train()
            return {**result, "arguments": job.arguments()}

    def _refuse(self, problems: list[Any]) -> None:
        from gym_gui.core.worker import ConfigError

        if problems:
            raise ConfigError("the run cannot start", problems)

    def _write_manifest(self, tracking: Tracking) -> Path | None:
        try:
            return write_analytics_manifest(
                self.config,
                checkpoints=self._checkpoints,
                tensorboard=self._tensorboard,
                wandb=tracking.describe(),
                worker_id=self.worker_id,
                metadata={"seed": self.seed},
            )
        except OSError as error:  # a training that succeeded must not fail for its table of contents
            self._logger.warning("the analytics manifest cannot be written: %s", error)
            return None

    def _vital_signs(self) -> dict[str, Any]:
        return self._job.vital_signs() if self._job else {"state": "starting"}


__all__ = ["Sb3WorkerRuntime"]
