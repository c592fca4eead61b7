"""Episodes of an agent as telemetry."""

from __future__ import annotations

import re
import statistics
import time
from pathlib import Path
from typing import Any

from .agents import Agent, Decision
from .checkpoint import CheckpointFolder, library_versions
from .config import BalrogWorkerConfig
from .environments import TextEnvironment
from .errors import HIDDEN, without_key
from .scalars import Scalars
from .sdk import log_constants
from .spending import Spending

#: Episode seeds differ from those of demonstrations.
_SEED_STRIDE = 10_007
_MODULUS = 2**31


def episode_seed(seed: int, episode: int) -> int:
    """Return the seed of an episode.

    Args:
        seed: The run's.
        episode: Its number; below 0: that of a demonstration.
    """
    return (seed * _SEED_STRIDE + episode + _MODULUS // 2) % _MODULUS


class Play:
    """Plays the episodes of a run.

    Args:
        config: How many, and what is emitted.
        seed: The run's seed.
        emitter: Telemetry.
        environment: The environment.
        agent: Who acts.
        spending: Tokens and cost.
        checkpoints: Folder of checkpoints.
        scalars: TensorBoard and Weights & Biases.
        start: The checkpoint to go on with.
    """

    def __init__(
        self,
        config: BalrogWorkerConfig,
        seed: int,
        emitter: Any,
        environment: TextEnvironment,
        agent: Agent,
        spending: Spending,
        checkpoints: Path,
        scalars: Scalars,
        start: dict[str, Any] | None = None,
    ) -> None:
        self._config, self._seed, self._emitter = config, seed, emitter
        self._environment, self._agent, self._spending, self._scalars = environment, agent, spending, scalars
        self._folder = CheckpointFolder(checkpoints, config.keep_checkpoints)
        self._evaluates = config.mode == "evaluate"
        self._redact = [re.compile(pattern) for pattern in config.redact]
        self.step = self.episode = 0
        self.returns: list[float] = []
        self.progressions: list[float] = []
        if start is not None and config.mode == "resume":
            self.step, self.episode = start["step"], start["episodes"]
            self.returns, self.progressions = list(start["returns"]), list(start["progressions"])
            spending.restore(start["spending"])
        self._whole_steps = self.step
        self._saved_at, self._saved_requests = self.episode, spending.requests
        self._first_step = self.step
        self._began = time.perf_counter()
        self.stopped_by = ""

    def run(self) -> dict[str, Any]:
        """Play all episodes.

        Returns:
            A JSON-ready summary.

        Raises:
            EndpointError: The model does not answer as it should.
        """
        try:
            while not self._is_over():
                self._play_episode()
                interval = self._config.checkpoint_interval
                if interval and self.episode - self._saved_at >= interval:
                    self._save()
        finally:
            self._save()
        return self._summary()

    def vital_signs(self) -> dict[str, Any]:
        """Return the payload of a heartbeat."""
        signs: dict[str, Any] = {"step": self.step, "episode": self.episode}
        if self._spending.requests:
            signs.update(requests=self._spending.requests, cost=round(self._spending.cost, 6))
        return signs

    def _is_over(self) -> bool:
        config = self._config
        self.stopped_by = self._spending.exhausted
        if self.stopped_by:
            return True
        episodes = config.eval_episodes if self._evaluates else config.episodes
        steps = 0 if self._evaluates else config.total_steps
        return bool((episodes and self.episode >= episodes) or (steps and self.step >= steps))

    def _play_episode(self) -> None:
        config, environment = self._config, self._environment
        number, seed = self.episode, episode_seed(self._seed, self.episode)
        recorded = self._picks(number) and self._emitter.allows_steps()
        self._agent.begin(seed)
        seen = environment.reset(seed)
        total, length, stopped = 0.0, 0, False
        try:
            while not (seen.terminated or seen.truncated or stopped):
                decision = self._agent.act(seen.text, environment)
                observation, seen = seen.text, environment.step(decision.action)
                total, length = total + seen.reward, length + 1
                cut = bool(config.max_episode_steps) and length >= config.max_episode_steps
                if cut and not seen.terminated:
                    seen = seen._replace(truncated=True)
                if recorded:
                    self._emit_step(number, decision, observation, seen)
                self.step += 1
                # A budget ends the run, the number of steps too: the episode is cut off there, and does not count.
                stopped = bool(self._spending.exhausted) or self._is_last_step()
        except BaseException:
            if not recorded and length:
                self._emitter.count_sampled(length)
            raise
        whole = seen.terminated or seen.truncated
        self._end_episode(number, seed, total, length, seen.terminated, recorded=recorded, whole=whole)

    def _is_last_step(self) -> bool:
        limit = 0 if self._evaluates else self._config.total_steps
        return bool(limit) and self.step >= limit

    def _picks(self, number: int) -> bool:
        rule = self._config.steps
        return rule == "all" or (rule != "none" and number % int(rule.partition(":")[2]) == 0)

    def _emit_step(self, number: int, decision: Decision, observation: str, seen: Any) -> None:
        config, extra = self._config, dict(decision.extra)
        if config.observations:
            extra["observation"] = self._shown(observation)
        if config.prompts and decision.prompt:
            extra["prompt"] = self._shown_prompt(decision.prompt)
        if config.replies and decision.reply is not None:
            extra["reply"] = self._shown(decision.reply)
        if self._evaluates:
            extra["phase"] = "eval"
        self._emitter.step(
            self.step,
            ep_index=number,
            reward=seen.reward,
            terminated=seen.terminated,
            truncated=seen.truncated,
            action=decision.action,
            progression=self._environment.progression,
            **extra,
        )

    def _end_episode(
        self, number: int, seed: int, total: float, length: int, terminated: bool, *, recorded: bool, whole: bool
    ) -> None:
        progression = self._environment.progression
        if whole:
            self.episode += 1
            self._whole_steps = self.step
            self.returns.append(total)
            self.progressions.append(progression)
        self._emitter.episode(
            number,
            total_reward=total,
            steps=length,
            seed=seed,
            phase="eval" if self._evaluates else "train",
            terminated=terminated,
            truncated=not terminated,
            success=progression >= 1.0,
            progression=progression,
            **({} if whole else {"cut_off": True}),
            **({} if recorded else {"sampled": length}),
        )
        values = self._spending.metrics()
        if whole:
            values.update({"progression": progression, "progression/mean": statistics.fmean(self.progressions)})
        if values:
            self._emitter.metrics(self.step, values)
            self._scalars.add(self.step, values)

    def _shown(self, text: str) -> str:
        """Return a text as it is emitted: without what the config redacts, and without the key."""
        for pattern in self._redact:
            text = pattern.sub(HIDDEN, text)
        return without_key(text, self._config)

    def _shown_prompt(self, prompt: list[dict[str, Any]]) -> list[dict[str, str]]:
        shown = []
        for message in prompt:
            content = message["content"]
            if not isinstance(content, str):  # a picture is not repeated
                content = "\n".join(part.get("text", "[picture]") for part in content)
            shown.append({"role": message["role"], "content": self._shown(content)})
        return shown

    def _save(self) -> None:
        """Save a checkpoint, unless this is an evaluation, or that of these episodes and requests is saved already.

        It has the whole episodes alone, but what all of the requests spent: those of an interrupted episode, too.
        """
        if self._evaluates or (self._saved_at, self._saved_requests) == (self.episode, self._spending.requests):
            return
        config = self._config
        content = {
            "step": self._whole_steps,
            "episodes": self.episode,
            "seed": self._seed,
            "returns": self.returns,
            "progressions": self.progressions,
            "spending": self._spending.to_dict(),
            "run_id": config.run_id,
            "config": config.to_dict(),
        }
        path = self._folder.save(self._whole_steps, content)
        self._saved_at, self._saved_requests = self.episode, self._spending.requests
        self._emitter.checkpoint_saved(
            {
                "path": str(path),
                "step": self._whole_steps,
                "algorithm": config.agent,
                "env_id": config.env_id,
                "libraries": library_versions(),
            },
            constant=log_constants.LOG_WORKER_BALROG_CHECKPOINT_SAVED,
        )

    def _summary(self) -> dict[str, Any]:
        seconds = time.perf_counter() - self._began
        progressions = self.progressions
        summary: dict[str, Any] = {
            "seed": self._seed,
            "total_steps": self.step,
            "episodes": self.episode,
            "mean_return": statistics.fmean(self.returns) if self.returns else None,
            "std_return": statistics.pstdev(self.returns) if self.returns else None,
            "progression": statistics.fmean(progressions) if progressions else None,
            "progression_standard_error": _standard_error(progressions),
            "steps_per_second": round((self.step - self._first_step) / seconds, 2) if seconds > 0 else 0.0,
        }
        if self._spending.requests:
            summary["spending"] = {**self._spending.to_dict(), "cost": self._spending.cost}
        if self.stopped_by:
            summary["stopped_by"] = self.stopped_by
        return summary


def _standard_error(values: list[float]) -> float | None:
    return statistics.stdev(values) / len(values) ** 0.5 if len(values) > 1 else None
