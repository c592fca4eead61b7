"""The work of a run: check it, then let the agent act."""

from __future__ import annotations

import logging
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .config import BalrogWorkerConfig
from .sdk import HAS_SDK, RunLifecycle, log_constants

if TYPE_CHECKING:
    from .agents import Agent
    from .environments import TextEnvironment
    from .play import Play
    from .scalars import Scalars
    from .spending import Spending

#: Libraries that log a line for each request.
_TALKATIVE = ("httpx", "httpx2", "httpcore", "openai")


class BalrogWorkerRuntime:
    """Does the work of one run.

    Args:
        config: The run's config.
        dry_run: Check everything and play nothing.
        logger: Takes log records besides the telemetry.
    """

    def __init__(
        self, config: BalrogWorkerConfig, *, dry_run: bool = False, logger: logging.Logger | None = None
    ) -> None:
        self.config = config
        self.seed = config.seed if config.seed is not None else secrets.randbits(31)
        self._logger = logger or logging.getLogger(__name__)
        self._play: Play | None = None
        self._scalars: Scalars | None = None
        self._run = RunLifecycle(
            config,
            "balrog",
            dry_run=dry_run,
            announcement=self._announcement(),
            progress=self._vital_signs,
            write_manifest=self._write_manifest if HAS_SDK else None,
            logger=self._logger,
        )
        self._checkpoints = self._run.folder("checkpoints")
        self._tensorboard = self._run.folder("tensorboard")

    def run(self) -> dict[str, Any]:
        """Do the work.

        Returns:
            A JSON-ready summary, the payload of ``run_completed``.

        Raises:
            ConfigError: The environment, the endpoint or the checkpoint does not fit; every reason is listed.
            EndpointError: The model does not answer as it should.
        """
        for name in _TALKATIVE:
            logging.getLogger(name).setLevel(logging.WARNING)
        with self._run as run:
            run.phase(f"importing {self.config.env_id.partition('/')[0]}")
            from .checkpoint import load_checkpoint
            from .preflight import check_run

            run.phase("building the environment")
            environment, problems = check_run(self.config)
            try:
                run.refuse(problems)
                assert environment is not None
                with_start = self.config.mode != "train" and self.config.checkpoint_path
                start = load_checkpoint(self.config) if with_start else None
                if not run.dry_run:
                    run.summary.update(self._work(environment, start))
            finally:
                if environment is not None:
                    environment.close()
            return run.summary

    def _work(self, environment: TextEnvironment, start: dict[str, Any] | None) -> dict[str, Any]:
        from .play import Play
        from .scalars import Scalars
        from .spending import Spending

        config = self.config
        if start is not None:
            self._announce_start(start)
        spending = Spending(config)
        self._scalars = Scalars(config, self._tensorboard, self._run.worker_id)
        try:
            agent = self._make_agent(environment, spending)
            self._run.phase("playing the first episode")
            self._play = Play(
                config,
                self.seed,
                self._run.emitter,
                environment,
                agent,
                spending,
                self._checkpoints,
                self._scalars,
                start,
            )
            result = self._play.run()
        finally:
            self._scalars.close()
        return {"mode": config.mode, "agent": config.agent, "env_id": config.env_id, **result}

    def _make_agent(self, environment: TextEnvironment, spending: Spending) -> Agent:
        from .agents import ModelAgent, OracleAgent, RandomAgent, demonstrate
        from .client import ModelClient
        from .play import episode_seed

        config = self.config
        if config.agent == "random":
            return RandomAgent()
        if config.agent == "oracle":
            return OracleAgent()
        demonstrations = []
        if config.agent == "few_shot":
            self._run.phase("playing demonstrations")
            seeds = [episode_seed(self.seed, -1 - i) for i in range(config.demonstrations)]
            demonstrations = [demonstrate(environment, seed) for seed in seeds]
        client = ModelClient(config, spending, self.seed, self._logger)
        return ModelAgent(config, client, spending, demonstrations)

    def _announce_start(self, start: dict[str, Any]) -> None:
        if self.config.mode == "resume":
            self.seed = int(start["seed"])
        facts: dict[str, Any] = {"path": start["path"], "step": start["step"], "seed": start["seed"]}
        facts.update(algorithm=self.config.agent, libraries=start.get("libraries", {}))
        if start["other_versions"]:
            facts["other_versions"] = start["other_versions"]
        self._run.emitter.checkpoint_loaded(facts, constant=log_constants.LOG_WORKER_BALROG_CHECKPOINT_LOADED)

    def _announcement(self) -> dict[str, Any]:
        config = self.config
        facts: dict[str, Any] = {"mode": config.mode, "agent": config.agent, "env_id": config.env_id}
        if config.uses_model:
            facts.update(model=config.model, base_url=config.base_url)
        if config.mode == "evaluate":
            facts["eval_episodes"] = config.eval_episodes
        else:
            facts.update({"episodes": config.episodes} if config.episodes else {})
            facts.update({"total_steps": config.total_steps} if config.total_steps else {})
        if config.mode != "resume":  # then the seed is the checkpoint's
            facts["seed"] = self.seed
        if config.checkpoint_path and config.mode != "train":
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
        return self._play.vital_signs() if self._play else {"state": "starting"}


__all__ = ["BalrogWorkerRuntime"]
