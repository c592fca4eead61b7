"""A run from its first event to its last."""

from __future__ import annotations

import logging
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .config import RunConfig
from .sdk import HAS_SDK, ConfigError, UsageError
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
        if not HAS_SDK:
            raise UsageError(
                "A run needs MOSAIC's SDK.",
                why="gym_gui.core.worker cannot be imported",
                next_step="Let `mosaic workers install spade_bdi` make the environment, or: pip install mosaic-rl-sdk",
            )
        from gym_gui.config import paths
        from gym_gui.core.worker.telemetry import TelemetryEmitter

        self.config = config
        self.worker_id = config.worker_id or os.environ.get("WORKER_ID") or None
        self.seed = config.seed if config.seed is not None else secrets.randbits(31)
        self._dry_run = dry_run
        self._logger = logger or logging.getLogger(__name__)
        self._emitter = TelemetryEmitter(config.run_id, worker_id=self.worker_id, logger=self._logger)
        self._checkpoints = Path(paths.get_checkpoints_dir(config.run_id, self.worker_id))
        self._tensorboard = Path(paths.get_tensorboard_dir(config.run_id, self.worker_id))
        self._training: Training | None = None
        self._scalars: Scalars | None = None

    def run(self) -> dict[str, Any]:
        """Do the work.

        Returns:
            A JSON-ready summary, the payload of ``run_completed``.

        Raises:
            ConfigError: The environment, the plans or the checkpoint do not fit; every reason is listed.
            MosaicError: The XMPP server cannot be reached, or plans failed.
        """
        from gym_gui.core.worker.cli_base import Cancelled

        from .sdk import log_constant

        self._emitter.run_started(self._announcement(), constant=log_constant("RUNTIME_STARTED"))
        try:
            self._check()
            summary = {"status": "dry-run", "config": self.config.to_dict()} if self._dry_run else self._work()
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
        config = self.config
        said: dict[str, Any] = {"worker_type": "spade_bdi", "mode": config.mode, "dry_run": self._dry_run}
        said.update(algo=config.algo, env_id=config.env_id, learners=config.learners)
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

    def _begin(self, phase: str) -> None:
        """Say what comes next and may take long; a dry run says nothing in between."""
        if not self._dry_run:
            self._emitter.phase(phase)

    def _check(self) -> None:
        self._begin("importing gymnasium")
        from .preflight import check_run

        self._begin("building the environment")
        problems = check_run(self.config)
        if problems:
            raise ConfigError("The run cannot start.", problems)
        if self._dry_run and self.config.mode != "train":
            self._load()

    def _load(self) -> dict[str, Any] | None:
        from .checkpoint import load_checkpoint

        config = self.config
        if config.mode == "train":
            return None
        path = str(config.checkpoint_path)
        return load_checkpoint(path, algo=config.algo, env_id=config.env_id, env_kwargs=config.env_kwargs)

    def _work(self) -> dict[str, Any]:
        from gym_gui.core.worker.heartbeat import HeartbeatThread

        with (
            StopRequest() as stop,
            HeartbeatThread(self._emitter, self.config.heartbeat_interval_s, self._vital_signs),
        ):
            try:
                result = self._play(stop)
            except BaseException:
                self._write_manifest()  # what ends early leaves checkpoints behind, too
                raise
            if stop.requested:
                self._write_manifest()
                return {}  # the signal follows at once
        manifest = self._write_manifest()
        return {
            "status": "completed",
            "mode": self.config.mode,
            "algo": self.config.algo,
            "env_id": self.config.env_id,
            **result,
            "analytics_manifest": str(manifest) if manifest else None,
        }

    def _play(self, stop: StopRequest) -> dict[str, Any]:
        for name in _TALKATIVE:
            logging.getLogger(name).setLevel(logging.WARNING)
        self._begin("importing SPADE")
        from .bdi.session import run_session
        from .scalars import Scalars
        from .training import Training

        checkpoint = self._load()
        if checkpoint is not None and self.config.mode == "resume":
            self.seed = int(checkpoint["seed"])
        self._begin("building the environment")
        self._scalars = Scalars(self.config, self._tensorboard, self.worker_id)
        try:
            self._training = training = Training(
                self.config,
                self.seed,
                self._emitter,
                checkpoints=self._checkpoints,
                scalars=self._scalars,
                checkpoint=checkpoint,
            )
            try:
                run_session(self.config, training, stop, self._logger)
            finally:
                training.close()
            return training.result()
        finally:
            self._scalars.close()

    def _write_manifest(self) -> Path | None:
        from .analytics import write_analytics_manifest

        try:
            return write_analytics_manifest(
                self.config,
                checkpoints_dir=self._checkpoints,
                tensorboard_dir=self._tensorboard,
                worker_id=self.worker_id,
                wandb_run=self._scalars.wandb_run if self._scalars else None,
                metadata={"seed": self.seed},
            )
        except OSError as error:  # a training that succeeded must not fail for its table of contents
            self._logger.warning("the analytics manifest cannot be written: %s", error)
            return None

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
