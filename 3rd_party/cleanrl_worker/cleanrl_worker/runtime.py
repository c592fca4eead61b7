"""The work of a run: check it, then train, resume, evaluate, or run a script."""

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
from .sdk import HeldSignals, RunLifecycle, log_constant, log_constants
from .tracking import Tracking

if TYPE_CHECKING:
    from .job import Job
    from .script.job import ScriptJob

#: Seconds that a signal waits for a safe point: a supervisor kills 30 s after its SIGTERM.
_PATIENCE_S = 10.0


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
        self.seed = config.seed if config.seed is not None else secrets.randbits(31)
        self._logger = logger or logging.getLogger(__name__)
        self._tracking: Tracking | None = None
        self._job: Job | None = None
        self._script: ScriptJob | None = None
        self._run = RunLifecycle(
            config,
            "cleanrl",
            dry_run=dry_run,
            announcement=self._announcement(),
            progress=self._vital_signs,
            write_manifest=self._write_manifest,
            logger=self._logger,
        )
        self._checkpoints = self._run.folder("checkpoints")
        self._tensorboard = self._run.folder("tensorboard")

    def run(self) -> dict[str, Any]:
        """Do the work.

        Returns:
            A JSON-ready summary, the payload of ``run_completed``.

        Raises:
            ConfigError: The environment, the algorithm or the checkpoint do not fit; every reason is listed.
        """
        with self._run as run:
            self._check()
            if not run.dry_run:
                run.summary.update(self._work())
            elif not self.config.script:
                run.summary["arguments"] = self._arguments()
            return run.summary

    def _announcement(self) -> dict[str, Any]:
        config = self.config
        said: dict[str, Any] = {"mode": config.mode, "algo": config.name, "env_id": config.stages()[0].env_id}
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

    def _check(self) -> None:
        self._run.phase("importing gymnasium")
        from .preflight import check_run

        self._run.phase("checking the script" if self.config.script else "building the environment")
        self._run.refuse(check_run(self.config))
        if self._run.dry_run and self.config.mode != "train":
            from .checkpoint import load_checkpoint

            env_ids = [stage.env_id for stage in self.config.stages()]
            path = str(self.config.checkpoint_path)
            load_checkpoint(path, algo=self.config.algo, env_ids=env_ids, mode=self.config.mode)

    def _work(self) -> dict[str, Any]:
        if self.config.torch_threads:
            os.environ.setdefault("OMP_NUM_THREADS", str(self.config.torch_threads))
        if self.config.torch_deterministic:
            os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # without it cuBLAS is not deterministic
        self._tracking = Tracking(self.config, Path.cwd(), self._run.worker_id)
        try:
            result = self._run_script() if self.config.script else self._run_job(self._tracking)
        finally:
            self._tracking.close()
        return {
            "mode": self.config.mode,
            "algo": self.config.name,
            "env_id": self.config.stages()[-1].env_id,
            **result,
        }

    def _run_script(self) -> dict[str, Any]:
        from .script.job import ScriptJob

        self._run.phase("starting the script")
        self._script = ScriptJob(self.config, self.seed, self._run.emitter, Path.cwd(), self._logger)
        return self._script.run()

    def _run_job(self, tracking: Tracking) -> dict[str, Any]:
        self._run.phase("importing torch")
        from .job import Job  # a request to stop need not wait until torch is loaded: nothing is half done yet

        with HeldSignals(_PATIENCE_S) as signals:
            folders = (self._checkpoints, self._tensorboard)
            with Job(self.config, self.seed, self._run.emitter, signals, *folders, tracking) as job:
                self._job = job
                return self._evaluate(job) if self.config.mode == "evaluate" else job.train()

    def _evaluate(self, job: Job) -> dict[str, Any]:
        log_constant(self._logger, log_constants.LOG_WORKER_CLEANRL_EVAL_MODE_STARTED, run_id=self.config.run_id)
        result = job.evaluate()
        log_constant(self._logger, log_constants.LOG_WORKER_CLEANRL_EVAL_MODE_COMPLETED, run_id=self.config.run_id)
        return result

    def _write_manifest(self) -> Path:
        return write_analytics_manifest(
            self.config,
            checkpoints_dir=self._checkpoints,
            tensorboard_dir=Path.cwd() / "runs" if self.config.script else self._tensorboard,
            wandb=self._tracking.describe() if self._tracking else None,
            worker_id=self._run.worker_id,
            metadata={"seed": self.seed},
        )

    def _vital_signs(self) -> dict[str, Any]:
        if self._script is not None:
            return self._script.vital_signs()
        training = self._job.training if self._job else None
        if training is None:
            return {"state": "evaluating" if self._job and self.config.mode == "evaluate" else "starting"}
        return {"step": training.global_step, "steps_per_second": round(training.speed(), 1)}
