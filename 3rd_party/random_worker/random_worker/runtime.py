"""The work of a run: check its environment, play in it."""

from __future__ import annotations

import logging
import secrets
import statistics
import time
from pathlib import Path
from typing import Any

from .analytics import write_analytics_manifest
from .config import RandomWorkerConfig
from .sdk import RunLifecycle


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
        self.seed = config.seed if config.seed is not None else secrets.randbits(31)
        self._steps = 0
        self._result: dict[str, Any] = {}
        self._run = RunLifecycle(
            config,
            "random",
            dry_run=dry_run,
            announcement={
                "mode": config.mode,
                "env_id": config.env_id,
                "seed": self.seed,
                "total_steps": config.burst or (config.total_steps if config.mode == "train" else 0),
            },
            progress=lambda: {"step": self._steps},
            # A burst is nothing but its steps.
            write_manifest=None if config.burst else self._write_manifest,
            heartbeat_interval_s=0 if config.burst else config.heartbeat_interval_s,
            logger=logger or logging.getLogger(__name__),
        )

    def run(self) -> dict[str, Any]:
        """Do the work.

        Returns:
            A JSON-ready summary, the payload of ``run_completed``.

        Raises:
            ConfigError: The environment cannot be made.
        """
        with self._run as run:
            if self.config.burst and not run.dry_run:
                self._burst()
                return run.summary
            run.phase("importing gymnasium")
            from .preflight import check_run

            run.phase("building the environment")
            run.refuse(check_run(self.config))
            if not run.dry_run:
                run.phase("")
                self._play()
                run.summary.update(env_id=self.config.env_id, seed=self.seed, **self._result)
            return run.summary

    def _play(self) -> None:
        started = time.perf_counter()
        returns, by_agent = self._returns()
        seconds = time.perf_counter() - started
        self._result = {
            "total_steps": self._steps,
            "episodes": len(returns),
            "mean_return": statistics.fmean(returns) if returns else None,
            "std_return": statistics.pstdev(returns) if returns else None,
            "steps_per_second": round(self._steps / seconds, 1) if seconds > 0 else 0.0,
        }
        if by_agent:
            means = {agent: statistics.fmean(values) for agent, values in by_agent.items()}
            self._result["mean_agent_returns"] = means

    def _returns(self) -> tuple[list[float], dict[str, list[float]]]:
        """Play; return the return of each whole episode, and those of each agent where there are several."""
        from .environments import is_pettingzoo

        emitter = self._run.emitter
        if is_pettingzoo(self.config.env_id):
            from .play_agents import play_agents

            return play_agents(self.config, self.seed, emitter, self._count)
        if self.config.num_envs > 1:
            from .play_vector import play_vector

            return play_vector(self.config, self.seed, emitter, self._count), {}
        from .play import play

        return play(self.config, self.seed, emitter, self._count), {}

    def _count(self, steps: int) -> None:
        self._steps = steps

    def _burst(self) -> None:
        emit = self._run.emitter.step
        extra = {"padding": "x" * self.config.payload_bytes} if self.config.payload_bytes else {}
        for index in range(self.config.burst):
            emit(index, ep_index=0, reward=0.0, terminated=False, truncated=False, action=0, **extra)
        self._run.summary.update(seed=self.seed, total_steps=self.config.burst, episodes=0)

    def _write_manifest(self) -> Path:
        return write_analytics_manifest(self.config, worker_id=self._run.worker_id, metadata=self._result)
