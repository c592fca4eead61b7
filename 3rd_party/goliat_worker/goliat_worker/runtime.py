"""The work of a run: check it, then run its study."""

from __future__ import annotations

import logging
import secrets
from pathlib import Path
from typing import Any

from .config import GoliatWorkerConfig
from .progress import Progress
from .scalars import Scalars
from .sdk import HAS_SDK, RunLifecycle


class GoliatWorkerRuntime:
    """Does the work of one run.

    Args:
        config: The run's config.
        dry_run: Check everything and start nothing.
        logger: Takes log records besides the telemetry.
    """

    def __init__(
        self, config: GoliatWorkerConfig, *, dry_run: bool = False, logger: logging.Logger | None = None
    ) -> None:
        self.config = config
        self.seed = config.seed if config.seed is not None else secrets.randbits(31)
        self._logger = logger or logging.getLogger(__name__)
        self._progress: Progress | None = None
        self._scalars: Scalars | None = None
        self._run = RunLifecycle(
            config,
            "goliat",
            dry_run=dry_run,
            announcement={"study": config.study or "study_config", "command": config.command, "seed": self.seed},
            progress=self._vital_signs,
            write_manifest=self._write_manifest if HAS_SDK else None,
            logger=self._logger,
        )
        self._tensorboard = self._run.folder("tensorboard")

    def run(self) -> dict[str, Any]:
        """Do the work.

        Returns:
            A JSON-ready summary, the payload of ``run_completed``.

        Raises:
            ConfigError: The study, its program or its folder do not exist; every reason is listed.
            StudyFailedError: The study failed.
        """
        with self._run as run:
            from .preflight import check_run

            run.phase("checking the study")
            run.refuse(check_run(self.config, Path.cwd()))
            if not run.dry_run:
                run.summary.update(self._work())
            return run.summary

    def _work(self) -> dict[str, Any]:
        from .study import Study

        self._scalars = Scalars(self.config, self._tensorboard, self._run.worker_id)
        try:
            self._progress = Progress(self._run.emitter, self._scalars, self.config.metrics_interval_s)
            study = Study(self.config, self.seed, Path.cwd(), self._progress, self._logger)
            self._run.phase("running the study")
            return study.run()
        finally:
            self._scalars.close()

    def _vital_signs(self) -> dict[str, Any]:
        return self._progress.vital_signs() if self._progress else {"state": "starting"}

    def _write_manifest(self) -> Path:
        from .analytics import write_analytics_manifest

        return write_analytics_manifest(
            self.config,
            tensorboard_dir=self._tensorboard,
            worker_id=self._run.worker_id,
            wandb_run=self._scalars.wandb_run if self._scalars else None,
            metadata={"seed": self.seed},
        )


__all__ = ["GoliatWorkerRuntime"]
