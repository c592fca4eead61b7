"""The work of a run: check it, then train, resume or evaluate."""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .analytics import write_analytics_manifest
from .config import BenchmarlWorkerConfig
from .sdk import RunLifecycle, require_sdk

if TYPE_CHECKING:
    from .job import Job
    from .tracking import Tracking


class BenchmarlWorkerRuntime:
    """Does the work of one run: trains, resumes or evaluates.

    Args:
        config: What to do.
        dry_run: Check everything and train nothing.
        logger: Takes log records besides the telemetry.

    Raises:
        UsageError: MOSAIC's SDK is not installed.
    """

    def __init__(
        self, config: BenchmarlWorkerConfig, *, dry_run: bool = False, logger: logging.Logger | None = None
    ) -> None:
        require_sdk("benchmarl")
        self.config = config
        self.seed = config.seed if config.seed is not None else secrets.randbits(31)
        self._job: Job | None = None
        self._tracking: Tracking | None = None
        self._run = RunLifecycle(
            config,
            "benchmarl",
            dry_run=dry_run,
            announcement=self._announcement(),
            progress=self._vital_signs,
            write_manifest=self._write_manifest,
            logger=logger or logging.getLogger(__name__),
        )
        self._checkpoints = self._run.folder("checkpoints")
        self._tensorboard = self._run.folder("tensorboard")

    def run(self) -> dict[str, Any]:
        """Do the work.

        Returns:
            A JSON-ready summary, the payload of ``run_completed``.

        Raises:
            ConfigError: The environment, the algorithm, their arguments or the checkpoint do not fit; every reason is
                listed.
        """
        # `run_started` precedes the import of the library, which takes seconds and would look like a hang.
        with self._run as run:
            if self.config.torch_threads:
                os.environ.setdefault("OMP_NUM_THREADS", str(self.config.torch_threads))
            # Read when they are imported: BenchMARL's progress bars and pygame's greeting are no telemetry.
            os.environ.setdefault("TQDM_DISABLE", "1")
            os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
            os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
            if not self.config.experiment.get("parallel_collection"):
                # TorchRL would choose `spawn`: the locks of its buffers then start a process that tracks them, and
                # that may outlive this one.
                with contextlib.suppress(RuntimeError, ValueError):  # chosen before; not on this system
                    multiprocessing.set_start_method("fork")
            run.phase("importing torch and benchmarl")
            from .job import Job
            from .preflight import check_run
            from .tracking import Tracking

            run.phase("building the environment")
            run.refuse(check_run(self.config))
            if run.dry_run:
                run.summary["arguments"] = self._try(Job, Tracking)
            else:
                run.summary.update(self._work(Job, Tracking))
            return run.summary

    def _announcement(self) -> dict[str, Any]:
        config = self.config
        said: dict[str, Any] = {"mode": config.mode, "algo": config.algo}
        said.update(env_id=config.env_id)
        if config.n_envs is not None:
            said["n_envs"] = config.n_envs
        if config.mode == "evaluate":
            said["eval_episodes"] = config.eval_episodes
        else:
            said["total_timesteps"] = config.total_timesteps
        if config.mode != "resume":  # then the seed is the checkpoint's
            said["seed"] = self.seed
        if config.mode != "train":
            said["checkpoint_path"] = config.checkpoint_path
        return said

    def _try(self, job_class: type[Job], tracking_class: type[Tracking]) -> dict[str, Any]:
        """Make the agent, and return its arguments."""
        from dataclasses import replace

        config = replace(self.config, wandb="off", tensorboard=False, steps="none")
        tracking = tracking_class(config, Path.cwd(), self._run.worker_id)
        folders = (self._checkpoints, self._tensorboard)
        with job_class(config, self.seed, self._run.emitter, *folders, tracking) as job:
            self._run.refuse(job.build())
            return job.arguments()

    def _work(self, job_class: type[Job], tracking_class: type[Tracking]) -> dict[str, Any]:
        config = self.config
        self._tracking = tracking_class(config, Path.cwd(), self._run.worker_id)
        try:
            result = self._run_job(job_class, self._tracking)
        finally:
            self._tracking.close()
        return {"mode": config.mode, "algo": config.algo, "env_id": config.env_id, **result}

    def _run_job(self, job_class: type[Job], tracking: Tracking) -> dict[str, Any]:
        config, run = self.config, self._run
        folders = (self._checkpoints, self._tensorboard)
        with job_class(config, self.seed, run.emitter, *folders, tracking) as job:
            self._job = job
            self.seed = job.seed
            run.phase("building the experiment")
            run.refuse(job.build())
            job.tell_start()
            run.phase("")
            result = job.evaluate() if config.mode == "evaluate" else job.train()
            return {**result, "arguments": job.arguments()}

    def _write_manifest(self) -> Path:
        return write_analytics_manifest(
            self.config,
            checkpoints=self._checkpoints,
            tensorboard=self._tensorboard,
            wandb=self._tracking.describe() if self._tracking else None,
            worker_id=self._run.worker_id,
            metadata={"seed": self.seed},
        )

    def _vital_signs(self) -> dict[str, Any]:
        return self._job.vital_signs() if self._job else {"state": "starting"}


__all__ = ["BenchmarlWorkerRuntime"]
