"""The work of a run: check it, then train, resume or evaluate."""

from __future__ import annotations

import logging
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .config import MctxWorkerConfig
from .sdk import HAS_SDK, RunLifecycle

if TYPE_CHECKING:
    from .job import Job
    from .scalars import Scalars


class MctxWorkerRuntime:
    """Does the work of one run: trains, resumes or evaluates.

    Args:
        config: The run's config.
        dry_run: Check everything and train nothing.
        logger: Takes log records besides the telemetry.
    """

    def __init__(
        self, config: MctxWorkerConfig, *, dry_run: bool = False, logger: logging.Logger | None = None
    ) -> None:
        self.config = config
        self.seed = config.seed if config.seed is not None else secrets.randbits(31)
        self._job: Job | None = None
        self._scalars: Scalars | None = None
        self._run = RunLifecycle(
            config,
            "mctx",
            dry_run=dry_run,
            announcement=self._announcement(),
            progress=self._vital_signs,
            write_manifest=self._write_manifest if HAS_SDK else None,
            logger=logger or logging.getLogger(__name__),
        )
        self._checkpoints = self._run.folder("checkpoints")
        self._tensorboard = self._run.folder("tensorboard")

    def run(self) -> dict[str, Any]:
        """Do the work.

        Returns:
            A JSON-ready summary, the payload of ``run_completed``.

        Raises:
            ConfigError: The game or a checkpoint does not fit; every reason is listed.
        """
        # `run_started` precedes the import of JAX, which takes seconds and would look like a hang.
        with self._run as run:
            self._set_threads()
            run.phase("importing jax")
            from .preflight import check_run
            from .scalars import Scalars

            run.phase(f"building the game {self.config.env_id}")
            game, problems = check_run(self.config)
            run.refuse(problems)
            if run.dry_run:
                self._check_checkpoints()
                return run.summary
            self._scalars = Scalars(self.config, self._tensorboard, run.worker_id)
            try:
                run.summary.update(self._work(game, self._scalars))
            finally:
                self._scalars.close()
            return run.summary

    def _work(self, game: Any, scalars: Scalars) -> dict[str, Any]:
        from .job import Job

        config = self.config
        self._run.phase("building the network")
        job = self._job = Job(config, self.seed, self._run, game, self._checkpoints, scalars)
        self.seed = job.seed
        job.announce_start()
        result = job.evaluate() if config.mode == "evaluate" else job.train()
        return {"mode": config.mode, "algo": config.algo, "env_id": config.env_id, **result}

    def _check_checkpoints(self) -> None:
        """Read the checkpoints that the run would begin with."""
        from .checkpoint import SHARED, Checkpoint

        config = self.config
        wanted = {name: getattr(config, name) for name in SHARED}
        if config.mode != "train":
            Checkpoint(Path(str(config.checkpoint_path))).check(wanted)
        if config.opponent_checkpoint:
            del wanted["algo"]
            Checkpoint(Path(config.opponent_checkpoint), "opponent_checkpoint").check(wanted)

    def _set_threads(self) -> None:
        """Limit the threads of XLA, which reads its flags when JAX is imported."""
        if self.config.cpu_threads:
            os.environ.setdefault("OMP_NUM_THREADS", str(self.config.cpu_threads))
            flags = f"--xla_cpu_multi_thread_eigen={'false' if self.config.cpu_threads == 1 else 'true'}"
            if self.config.cpu_threads > 1:
                os.environ.setdefault("PJRT_NPROC", str(self.config.cpu_threads))
            os.environ["XLA_FLAGS"] = f"{flags} {os.environ.get('XLA_FLAGS', '')}".strip()

    def _announcement(self) -> dict[str, Any]:
        config = self.config
        facts: dict[str, Any] = {"mode": config.mode, "algo": config.algo, "env_id": config.env_id}
        if config.mode == "evaluate":
            facts["eval_episodes"] = config.eval_episodes
        else:
            facts.update(total_steps=config.total_steps, num_envs=config.num_envs)
        if config.mode != "resume":  # then the seed is the checkpoint's
            facts["seed"] = self.seed
        if config.mode != "train":
            facts["checkpoint_path"] = config.checkpoint_path
        return facts

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
        return self._job.vital_signs() if self._job else {"state": "starting"}


__all__ = ["MctxWorkerRuntime"]
