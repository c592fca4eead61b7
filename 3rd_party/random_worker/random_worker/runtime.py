"""A run from its first event to its last."""

from __future__ import annotations

import logging
import os
import secrets
import statistics
import time
from typing import Any

from .analytics import write_analytics_manifest
from .config import RandomWorkerConfig
from .sdk import Cancelled, ConfigError, UsageError, heartbeats, log_constant, open_emitter


class RandomWorkerRuntime:
    """Does the work of one run.

    Args:
        config: What to do.
        dry_run: Check everything and play nothing.
        logger: Takes log records besides the telemetry.
    """

    def __init__(
        self, config: RandomWorkerConfig, *, dry_run: bool = False, logger: logging.Logger | None = None
    ) -> None:
        self.config = config
        self.worker_id = config.worker_id or os.environ.get("WORKER_ID") or None
        self.seed = config.seed if config.seed is not None else secrets.randbits(31)
        self._dry_run = dry_run
        self._logger = logger or logging.getLogger(__name__)
        self._emitter = open_emitter(config.run_id, self.worker_id, self._logger)
        self._steps = 0

    def run(self) -> dict[str, Any]:
        """Do the work.

        Returns:
            A JSON-ready summary, the payload of ``run_completed``.

        Raises:
            ConfigError: The environment cannot be made.
        """
        config = self.config
        announcement = {
            "worker_type": "random",
            "mode": config.mode,
            "env_id": config.env_id,
            "seed": self.seed,
            "total_steps": config.burst or (config.total_steps if config.mode == "train" else 0),
            "dry_run": self._dry_run,
        }
        self._emitter.run_started(announcement, constant=log_constant("RUNTIME_STARTED"))
        try:
            self._check()
            summary = {"status": "dry-run", "config": config.to_dict()} if self._dry_run else self._work()
        except Cancelled as cancelled:
            self._emitter.run_cancelled({"reason": str(cancelled), "step": self._steps})
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

    def _begin(self, phase: str) -> None:
        """Say what comes next and may take long; a dry run and a burst say nothing in between."""
        if not (self._dry_run or self.config.burst):
            self._emitter.phase(phase)

    def _check(self) -> None:
        self._begin("importing gymnasium")
        from .preflight import check_run

        self._begin("building the environment")
        problems = check_run(self.config)
        if problems:
            raise ConfigError("The run cannot start.", problems)

    def _work(self) -> dict[str, Any]:
        if self.config.burst:
            return self._burst()
        started = time.perf_counter()
        self._begin("")
        with heartbeats(self._emitter, self.config.heartbeat_interval_s, lambda: {"step": self._steps}):
            returns, by_agent = self._play()
        seconds = time.perf_counter() - started
        result: dict[str, Any] = {
            "total_steps": self._steps,
            "episodes": len(returns),
            "mean_return": statistics.fmean(returns) if returns else None,
            "std_return": statistics.pstdev(returns) if returns else None,
            "steps_per_second": round(self._steps / seconds, 1) if seconds > 0 else 0.0,
        }
        if by_agent:
            result["mean_agent_returns"] = {agent: statistics.fmean(values) for agent, values in by_agent.items()}
        summary = {"status": "completed", "env_id": self.config.env_id, "seed": self.seed, **result}
        return {**summary, "analytics_manifest": self._write_manifest(result)}

    def _play(self) -> tuple[list[float], dict[str, list[float]]]:
        """Play; return the return of each whole episode, and those of each agent where there are several."""
        from .environments import is_pettingzoo

        if is_pettingzoo(self.config.env_id):
            from .play_agents import play_agents

            return play_agents(self.config, self.seed, self._emitter, self._count)
        if self.config.num_envs > 1:
            from .play_vector import play_vector

            return play_vector(self.config, self.seed, self._emitter, self._count), {}
        from .play import play

        return play(self.config, self.seed, self._emitter, self._count), {}

    def _write_manifest(self, result: dict[str, Any]) -> str | None:
        try:
            manifest = write_analytics_manifest(self.config, worker_id=self.worker_id, metadata=result)
        except OSError as error:  # a run that succeeded must not fail for its table of contents
            self._logger.warning("the analytics manifest cannot be written: %s", error)
            return None
        return str(manifest) if manifest else None

    def _count(self, steps: int) -> None:
        self._steps = steps

    def _burst(self) -> dict[str, Any]:
        emit = self._emitter.step
        extra = {"padding": "x" * self.config.payload_bytes} if self.config.payload_bytes else {}
        for index in range(self.config.burst):
            emit(index, ep_index=0, reward=0.0, terminated=False, truncated=False, action=0, **extra)
        return {"status": "completed", "seed": self.seed, "total_steps": self.config.burst, "episodes": 0}
