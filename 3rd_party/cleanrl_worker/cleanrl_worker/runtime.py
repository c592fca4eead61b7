"""A run from its first event to its last."""

from __future__ import annotations

import logging
import os
import secrets
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .analytics import write_analytics_manifest
from .config import CleanRLWorkerConfig
from .presets import preset_for
from .sdk import Cancelled, ConfigError, MosaicError, heartbeats, log, log_constant, open_emitter, run_folder
from .signals import DeferredSignals
from .tracking import Tracking

if TYPE_CHECKING:
    from .job import Job
    from .script.job import ScriptJob


class CleanRLWorkerRuntime:
    """Does the work of one run: trains, resumes or evaluates.

    Args:
        config: What to do.
        dry_run: Check everything and train nothing.
        logger: Takes log records besides the telemetry.
    """

    def __init__(
        self, config: CleanRLWorkerConfig, *, dry_run: bool = False, logger: logging.Logger | None = None
    ) -> None:
        self.config = config
        self.worker_id = config.worker_id or os.environ.get("WORKER_ID") or None
        self.seed = config.seed if config.seed is not None else secrets.randbits(31)
        self._dry_run = dry_run
        self._logger = logger or logging.getLogger(__name__)
        self._emitter = open_emitter(config.run_id, self.worker_id, self._logger)
        self._checkpoints = run_folder("checkpoints", config.run_id, self.worker_id)
        self._tensorboard = run_folder("tensorboard", config.run_id, self.worker_id)
        self._job: Job | None = None
        self._script: ScriptJob | None = None

    def run(self) -> dict[str, Any]:
        """Do the work.

        Returns:
            A JSON-ready summary, the payload of ``run_completed``.

        Raises:
            ConfigError: The environment, the algorithm or the checkpoint do not fit; every reason is listed.
        """
        self._emitter.run_started(self._announcement(), constant=log_constant("RUNTIME_STARTED"))
        try:
            self._check()
            if self._dry_run:
                summary = {"status": "dry-run", "config": self.config.to_dict()}
                if not self.config.script:
                    summary["arguments"] = self._arguments()
            else:
                summary = self._work()
        except Cancelled as cancelled:
            self._emitter.run_cancelled({"reason": str(cancelled), **self._vital_signs()})
            raise
        except Exception as error:
            payload: dict[str, Any] = {"error": str(error), "error_type": type(error).__name__}
            if isinstance(error, ConfigError):
                payload["problems"] = [problem.to_dict() for problem in error.problems]
            payload.update(getattr(error, "details", {}))
            unexpected = None if isinstance(error, MosaicError) else error
            self._emitter.run_failed(payload, constant=log_constant("RUNTIME_FAILED"), exc_info=unexpected)
            raise
        self._emitter.run_completed(summary, constant=log_constant("RUNTIME_COMPLETED"))
        return summary

    def _announcement(self) -> dict[str, Any]:
        config = self.config
        said: dict[str, Any] = {"worker_type": "cleanrl", "mode": config.mode, "dry_run": self._dry_run}
        said.update(algo=config.name, env_id=config.stages()[0].env_id)
        if config.curriculum:
            said["curriculum"] = config.curriculum
        if config.mode == "evaluate":
            said["eval_episodes"] = config.eval_episodes
        else:
            said["total_timesteps"] = config.total_timesteps
        if config.mode != "resume":  # then seed and arguments are the checkpoint's
            said["seed"] = self.seed
        if config.script:
            said["script"] = config.script
        elif config.mode == "train":
            preset = preset_for(config.algo, config.stages()[0].env_id) if config.preset == "auto" else None
            said.update(arguments=self._arguments(), preset=preset.source if preset else None)
        else:
            said["checkpoint_path"] = config.checkpoint_path
        return said

    def _arguments(self) -> dict[str, Any]:
        return asdict(self.config.arguments())

    def _begin(self, phase: str) -> None:
        """Say what comes next and may take long; a dry run says nothing in between."""
        if not self._dry_run:
            self._emitter.phase(phase)

    def _check(self) -> None:
        self._begin("importing gymnasium")
        from .preflight import check_run

        self._begin("checking the script" if self.config.script else "building the environment")
        problems = check_run(self.config)
        if problems:
            raise ConfigError("The run cannot start.", problems)
        if self._dry_run and self.config.mode != "train":
            from .checkpoint import load_checkpoint

            env_ids = [stage.env_id for stage in self.config.stages()]
            path = str(self.config.checkpoint_path)
            load_checkpoint(path, algo=self.config.algo, env_ids=env_ids, mode=self.config.mode)

    def _work(self) -> dict[str, Any]:
        if self.config.torch_threads:
            os.environ.setdefault("OMP_NUM_THREADS", str(self.config.torch_threads))
        if self.config.torch_deterministic:
            os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # without it cuBLAS is not deterministic
        tracking = Tracking(self.config, Path.cwd(), self.worker_id)
        try:
            with heartbeats(self._emitter, self.config.heartbeat_interval_s, self._vital_signs):
                result = self._run_script() if self.config.script else self._run_job(tracking)
        finally:
            tracking.close()
            manifest = self._write_manifest(tracking)  # what ends early leaves checkpoints behind, too
        return {
            "status": "completed",
            "mode": self.config.mode,
            "algo": self.config.name,
            "env_id": self.config.stages()[-1].env_id,
            **result,
            "analytics_manifest": str(manifest) if manifest else None,
        }

    def _run_script(self) -> dict[str, Any]:
        from .script.job import ScriptJob

        self._begin("starting the script")
        self._script = ScriptJob(self.config, self.seed, self._emitter, Path.cwd(), self._logger)
        return self._script.run()

    def _run_job(self, tracking: Tracking) -> dict[str, Any]:
        self._begin("importing torch")
        from .job import Job  # a request to stop need not wait until torch is loaded: nothing is half done yet

        with DeferredSignals() as signals:
            folders = (self._checkpoints, self._tensorboard)
            with Job(self.config, self.seed, self._emitter, signals, *folders, tracking) as job:
                self._job = job
                return self._evaluate(job) if self.config.mode == "evaluate" else job.train()

    def _evaluate(self, job: Job) -> dict[str, Any]:
        log(self._logger, "EVAL_MODE_STARTED", run_id=self.config.run_id)
        result = job.evaluate()
        log(self._logger, "EVAL_MODE_COMPLETED", run_id=self.config.run_id)
        return result

    def _write_manifest(self, tracking: Tracking) -> Path | None:
        try:
            return write_analytics_manifest(
                self.config,
                checkpoints_dir=self._checkpoints,
                tensorboard_dir=Path.cwd() / "runs" if self.config.script else self._tensorboard,
                wandb=tracking.describe(),
                worker_id=self.worker_id,
                metadata={"seed": self.seed},
            )
        except OSError as error:  # a training that succeeded must not fail for its table of contents
            self._logger.warning("the analytics manifest cannot be written: %s", error)
            return None

    def _vital_signs(self) -> dict[str, Any]:
        if self._script is not None:
            return self._script.vital_signs()
        training = self._job.training if self._job else None
        if training is None:
            return {"state": "evaluating" if self._job and self.config.mode == "evaluate" else "starting"}
        return {"step": training.global_step, "steps_per_second": round(training.speed(), 1)}
