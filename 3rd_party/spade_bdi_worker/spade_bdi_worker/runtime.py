"""The work of a run: check it, then train, resume or evaluate."""

from __future__ import annotations

import logging
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .config import RunConfig
from .sdk import RunLifecycle, require_sdk
from .stop import StopRequest

if TYPE_CHECKING:
    from .scalars import Scalars
    from .training import Training


#: Libraries that log a line for each stanza, passwords among them.
_TALKATIVE = ("slixmpp", "spade", "aiosqlite", "sqlalchemy", "alembic", "asyncio")


class SpadeBdiWorkerRuntime:
    """Does the work of one run: trains, resumes or evaluates.

    Args:
        config: What to do.
        dry_run: Check everything and train nothing.
        logger: Takes log records besides the telemetry.

    Raises:
        UsageError: MOSAIC's SDK is not installed.
    """

    def __init__(self, config: RunConfig, *, dry_run: bool = False, logger: logging.Logger | None = None) -> None:
        require_sdk("spade_bdi")
        self.config = config
        self.seed = config.seed if config.seed is not None else secrets.randbits(31)
        self._logger = logger or logging.getLogger(__name__)
        self._training: Training | None = None
        self._scalars: Scalars | None = None
        self._run = RunLifecycle(
            config,
            "spade_bdi",
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
            ConfigError: The environment, the plans or the checkpoint do not fit; every reason is listed.
            MosaicError: The XMPP server cannot be reached, or plans failed.
        """
        with self._run as run:
            self._check()
            if not run.dry_run:
                with StopRequest() as stop:
                    run.summary.update(self._play(stop))
            return run.summary

    def _announcement(self) -> dict[str, Any]:
        config = self.config
        said: dict[str, Any] = {"mode": config.mode, "algo": config.algo, "env_id": config.env_id}
        said["learners"] = config.learners
        said["xmpp"] = "embedded" if config.xmpp_jid is None else "external"
        if config.mode == "evaluate":
            said["eval_episodes"] = config.eval_episodes
        else:
            said["total_steps"] = config.total_steps
        if config.mode != "resume":  # then the seed is the checkpoint's
            said["seed"] = self.seed
        if config.mode != "train":
            said["checkpoint_path"] = config.checkpoint_path
        return said

    def _check(self) -> None:
        self._run.phase("importing gymnasium")
        from .preflight import check_run

        self._run.phase("building the environment")
        self._run.refuse(check_run(self.config))
        if self._run.dry_run and self.config.mode != "train":
            self._load()

    def _load(self) -> dict[str, Any] | None:
        from .checkpoint import load_checkpoint

        config = self.config
        if config.mode == "train":
            return None
        path = str(config.checkpoint_path)
        return load_checkpoint(path, algo=config.algo, env_id=config.env_id, env_kwargs=config.env_kwargs)

    def _play(self, stop: StopRequest) -> dict[str, Any]:
        for name in _TALKATIVE:
            logging.getLogger(name).setLevel(logging.WARNING)
        self._run.phase("importing SPADE")
        from .bdi.session import run_session
        from .scalars import Scalars
        from .training import Training

        checkpoint = self._load()
        if checkpoint is not None and self.config.mode == "resume":
            self.seed = int(checkpoint["seed"])
        self._run.phase("building the environment")
        self._scalars = Scalars(self.config, self._tensorboard, self._run.worker_id)
        try:
            self._training = training = Training(
                self.config,
                self.seed,
                self._run.emitter,
                checkpoints=self._checkpoints,
                scalars=self._scalars,
                checkpoint=checkpoint,
            )
            try:
                run_session(self.config, training, stop, self._logger)
            finally:
                training.close()
            config = self.config
            return {"mode": config.mode, "algo": config.algo, "env_id": config.env_id, **training.result()}
        finally:
            self._scalars.close()

    def _write_manifest(self) -> Path:
        from .analytics import write_analytics_manifest

        return write_analytics_manifest(
            self.config,
            checkpoints_dir=self._checkpoints,
            tensorboard_dir=self._tensorboard,
            worker_id=self._run.worker_id,
            wandb_run=self._scalars.wandb_run if self._scalars else None,
            metadata={"seed": self.seed},
        )

    def _vital_signs(self) -> dict[str, Any]:
        training = self._training
        if training is None:
            return {"state": "starting"}
        return {
            "episodes_of": training.phase,
            "step": training.step_index,
            "episode": training.next_episode,
            "steps_per_second": round(training.speed(), 1),
            "messages_sent": training.messages.sent,
        }
