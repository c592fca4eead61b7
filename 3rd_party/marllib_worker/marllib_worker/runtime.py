"""The work of a run: check it, then train, resume or evaluate."""

from __future__ import annotations

import logging
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .analytics import write_analytics_manifest
from .config import MarllibWorkerConfig
from .registry import paradigm_of
from .sdk import RunLifecycle, require_sdk
from .signals import kept_handlers

if TYPE_CHECKING:
    from .job import Job


class MarllibWorkerRuntime:
    """Does the work of one run: trains, resumes or evaluates.

    Args:
        config: What to do.
        dry_run: Check everything and train nothing.
        logger: Takes log records besides the telemetry.

    Raises:
        UsageError: MOSAIC's SDK is not installed.
    """

    def __init__(
        self, config: MarllibWorkerConfig, *, dry_run: bool = False, logger: logging.Logger | None = None
    ) -> None:
        require_sdk("marllib")
        self.config = config
        self.seed = config.seed if config.seed is not None else secrets.randbits(31)
        self._job: Job | None = None
        self._run = RunLifecycle(
            config,
            "marllib",
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
            # MARLlib moves networks to any GPU that it sees, whatever its config says.
            os.environ["CUDA_VISIBLE_DEVICES"] = ""
            # Ray would start a session of its own at the first call of its functions.
            os.environ["RAY_ENABLE_AUTO_CONNECT"] = "0"
            os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
            os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
            run.phase("importing torch, Ray and MARLlib")
            with kept_handlers():
                from .job import Job
                from .preflight import check_run

            run.phase("building the environment")
            run.refuse(check_run(self.config))
            with Job(self.config, self.seed, run.emitter, self._checkpoints, self._tensorboard) as job:
                self._job = job
                self.seed = job.seed
                run.phase("building the trainer")
                run.refuse(job.build())
                run.summary["arguments"] = job.arguments()
                if not run.dry_run:
                    job.tell_start()
                    run.phase("")
                    run.summary.update(self._identity())
                    run.summary.update(job.evaluate() if self.config.mode == "evaluate" else job.train())
            return run.summary

    def _identity(self) -> dict[str, Any]:
        config = self.config
        return {
            "mode": config.mode,
            "algo": config.algo,
            "paradigm": paradigm_of(config.algo),
            "env_id": config.env_id,
        }

    def _announcement(self) -> dict[str, Any]:
        config = self.config
        said = self._identity()
        if config.mode == "evaluate":
            said["eval_episodes"] = config.eval_episodes
        else:
            said["total_timesteps"] = config.total_timesteps
        if config.mode != "resume":  # then the seed is the checkpoint's
            said["seed"] = self.seed
        if config.mode != "train":
            said["checkpoint_path"] = config.checkpoint_path
        return said

    def _write_manifest(self) -> Path:
        return write_analytics_manifest(
            self.config,
            checkpoints=self._checkpoints,
            tensorboard=self._tensorboard,
            worker_id=self._run.worker_id,
            metadata={"seed": self.seed},
        )

    def _vital_signs(self) -> dict[str, Any]:
        return self._job.vital_signs() if self._job else {"state": "starting"}


__all__ = ["MarllibWorkerRuntime"]
