"""What the learners of a run share: whose turn it is, how far the run has come, where its telemetry goes."""

from __future__ import annotations

import time
from collections import deque
from pathlib import Path
from typing import Any, NamedTuple

from .checkpoint import CheckpointFolder, library_versions
from .config import LEARNERS, SHARED_TABLE, RunConfig
from .environment import make_env
from .learner import Learner
from .qlearning import QTable, linear_schedule
from .scalars import Scalars
from .sdk import LiveFrames, UsageError, log_constants
from .spaces import Discretizer
from .telemetry import EpisodeRollup, MessageLog

#: How often a goal may be handed out again before it is begun: after lost connections, it is.
_MOST_ASKED = 100


class Assignment(NamedTuple):
    """Episodes that a learner is to play."""

    learner: int
    first: int
    episodes: int


class Training:
    """A training, an evaluation, or one after the other.

    Episodes are numbered through and played one at a time, so that the same seed gives the same run whatever the
    messages between agents take: the goal that an episode belongs to says which learner plays it.

    Args:
        config: What to do.
        seed: The run's seed; a checkpoint's where a training is resumed.
        emitter: Telemetry.
        checkpoints: Folder of checkpoints.
        scalars: Where numbers are plotted.
        checkpoint: What to begin with.
    """

    def __init__(
        self,
        config: RunConfig,
        seed: int,
        emitter: Any,
        *,
        checkpoints: Path,
        scalars: Scalars,
        checkpoint: dict[str, Any] | None = None,
    ) -> None:
        from gym_gui.core.worker.envs.sampling import EpisodeSampling

        self.config, self.seed, self.emitter, self.scalars = config, seed, emitter, scalars
        self.worker_id = emitter.worker_id
        self.messages = MessageLog()
        # Of the learner whose turn it is.
        self.live = LiveFrames.of_run(None, emitter) if config.render == "on" else None
        self.phase = "eval" if config.mode == "evaluate" else "train"
        self.step = self.next_episode = self.eval_steps = 0
        self.playing: Learner | None = None
        self.errors: deque[float] = deque(maxlen=config.metrics_interval)
        self.returns: deque[float] = deque(maxlen=100)
        self.eval_returns: list[float] = []
        self.returns_by_learner: dict[str, deque[float]] = {}
        self.reasoning_steps = 0
        self.episodes = 0
        self._asked, self._asked_at = 0, ("", 0, 0)
        self._sampling = EpisodeSampling(config.steps)
        self._folder = CheckpointFolder(checkpoints, config.keep_checkpoints)
        self._saved_at = 0
        self._count = _agreed("learners", config.learners, checkpoint, LEARNERS)
        self._shared = _agreed("shared_table", config.shared_table, checkpoint, SHARED_TABLE)
        self.learners = self._make_learners()
        if checkpoint is not None:
            self._restore(checkpoint)
        self._started, self._first_step = time.perf_counter(), self.step

    # -- turns ---------------------------------------------------------------------------------------------------------

    @property
    def exhausted(self) -> bool:
        """Whether nothing is left to do of the present phase."""
        config = self.config
        if self.phase == "eval":
            return self.next_episode >= config.eval_episodes
        return self.step >= config.total_steps or self.next_episode >= (config.total_episodes or self.next_episode + 1)

    def assignment(self) -> Assignment | None:
        """Return who is to play what next, or ``None`` when all is done. Asked again, it says the same."""
        if self.exhausted and self.phase == "train":
            self.save()
            if self.config.eval_at_end and not self.eval_returns:
                self.phase = "eval"
                self.next_episode, self.playing = 0, None
                for learner in self.learners:
                    learner.over = True
        if self.exhausted:
            return None
        size = self.config.episodes_per_goal
        if self.phase == "eval":
            size = min(size, -(-self.config.eval_episodes // self._count))
        self._see_progress()
        goal, done = divmod(self.next_episode, size)
        return Assignment(goal % self._count, self.next_episode, size - done)

    def _see_progress(self) -> None:
        """Find out agents that hand goals out and report for ever without playing."""
        now = (self.phase, self.step, self.eval_steps)
        self._asked = self._asked + 1 if now == self._asked_at else 0
        self._asked_at = now
        if self._asked > _MOST_ASKED:
            raise UsageError(
                f"The next goal was asked for {self._asked} times, and no episode was played.",
                next_step="See that the learners' plans play before they report: see learner.asl of the package.",
            )

    # -- what learners tell --------------------------------------------------------------------------------------------

    @property
    def epsilon(self) -> float:
        """Share of random actions now."""
        config = self.config
        duration = config.exploration_fraction * config.total_steps
        return linear_schedule(config.epsilon_start, config.epsilon_end, duration, self.step)

    @property
    def step_index(self) -> int:
        """Number of the step that is being taken, within its phase."""
        return self.step if self.phase == "train" else self.eval_steps

    def picks(self, episode: int) -> bool:
        """Return whether an episode's steps are put out."""
        return self._sampling.picks(episode) and self.emitter.allows_steps()

    def count_step(self) -> None:
        """Take note that a step was taken; metrics and checkpoints come where they are due."""
        if self.phase == "eval":
            self.eval_steps += 1
            return
        self.step += 1
        if self.step % self.config.metrics_interval == 0:
            self._measure()
        interval = self.config.checkpoint_interval
        if interval and self.step % interval == 0:
            self.save()

    def count_episode(self, rollup: EpisodeRollup) -> None:
        """Take note of an episode's end."""
        self.next_episode += 1
        self.episodes += 1
        self.playing = None
        total = rollup.total_reward
        if self.phase == "eval":
            self.eval_returns.append(total)
            at, prefix = rollup.ep_index, "eval"
        else:
            self.returns.append(total)
            self.returns_by_learner.setdefault(rollup.agent_id, deque(maxlen=100)).append(total)
            at, prefix = self.step + 1, "charts"
        self.scalars.add(at, {f"{prefix}/episodic_return": total, f"{prefix}/episodic_length": float(rollup.steps)})

    # -- checkpoints ---------------------------------------------------------------------------------------------------

    def save(self) -> None:
        """Save a checkpoint, unless this step's is saved already or nothing is learned."""
        if self.phase == "eval" or self._saved_at == self.step:
            return
        config = self.config
        content = {
            "algo": config.algo,
            "env_id": config.env_id,
            "env_kwargs": config.env_kwargs,
            "run_id": config.run_id,
            "seed": self.seed,
            "step": self.step,
            "next_episode": self.next_episode,
            "shared_table": self._shared,
            "learners": [learner.state_dict() for learner in self.learners],
            "tables": [table.state_dict() for table in self._tables()],
            "returns": list(self.returns),
        }
        path = self._folder.save(self.step, content)
        self._saved_at = self.step
        record = {"path": str(path), "step": self.step, "algorithm": config.algo, "libraries": library_versions()}
        self.emitter.checkpoint_saved(record, constant=log_constants.LOG_WORKER_SPADE_BDI_CHECKPOINT_SAVED)

    def _restore(self, checkpoint: dict[str, Any]) -> None:
        try:
            for table, state in zip(self._tables(), checkpoint["tables"], strict=True):
                table.load_state_dict(state)
            if self.phase == "train":
                for learner, state in zip(self.learners, checkpoint["learners"], strict=True):
                    learner.load_state_dict(state)
                self.step = self._saved_at = int(checkpoint["step"])
                self.next_episode = int(checkpoint["next_episode"])
                self.returns.extend(checkpoint.get("returns", []))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise UsageError(
                "The checkpoint does not fit.",
                where=f"checkpoint_path: {checkpoint['path']}",
                why=f"{type(error).__name__}: {error}",
                next_step="Choose a checkpoint of this environment.",
            ) from error
        record = {"path": checkpoint["path"], "step": checkpoint["step"], "seed": checkpoint["seed"]}
        self.emitter.checkpoint_loaded(record, constant=log_constants.LOG_WORKER_SPADE_BDI_CHECKPOINT_LOADED)

    # -- the end -------------------------------------------------------------------------------------------------------

    def speed(self) -> float:
        """Environment steps per second of this process."""
        elapsed = time.perf_counter() - self._started
        return (self.step + self.eval_steps - self._first_step) / elapsed if elapsed > 0 else 0.0

    def result(self) -> dict[str, Any]:
        """Sum up what was done."""
        said: dict[str, Any] = {
            "seed": self.seed,
            "total_steps": self.step if self.config.mode != "evaluate" else self.eval_steps,
            "episodes": self.episodes,
            "learners": self._count,
            "shared_table": self._shared,
            "steps_per_second": round(self.speed(), 1),
            "messages_sent": self.messages.sent,
            "messages_received": self.messages.received,
            "last_messages": [message.to_dict() for message in self.messages.recent],
            "reasoning_steps": self.reasoning_steps,
        }
        if self.config.mode != "evaluate":
            said["mean_return_100"] = _mean(self.returns)
            said["mean_return_100_by_learner"] = {name: _mean(own) for name, own in self.returns_by_learner.items()}
        if self.eval_returns:
            mean = _mean(self.eval_returns) or 0.0
            deviation = (sum((value - mean) ** 2 for value in self.eval_returns) / len(self.eval_returns)) ** 0.5
            evaluation = {
                "episodes": len(self.eval_returns),
                "steps": self.eval_steps,
                "mean_return": mean,
                "std_return": deviation,
                "min_return": min(self.eval_returns),
                "max_return": max(self.eval_returns),
            }
            said["evaluation"] = evaluation
            if self.config.mode == "evaluate":
                said |= {"mean_return": mean, "std_return": deviation}
        return said

    def close(self) -> None:
        """Close the environments, and account for steps of an unfinished episode that were not put out."""
        if self.playing is not None and self.playing.left_out() > 0:
            self.emitter.count_sampled(self.playing.left_out())
        if self.live is not None:
            self.live.close()
        for learner in self.learners:
            learner.close()

    # ------------------------------------------------------------------------------------------------------------------

    def _make_learners(self) -> list[Learner]:
        env = make_env(self.config.env_id, self.config.env_kwargs)
        actions = Discretizer(env.action_space).size
        env.close()
        tables = [QTable(actions, self.config.initial_value) for _ in range(1 if self._shared else self._count)]
        return [Learner(i, self, tables[0 if self._shared else i]) for i in range(self._count)]

    def _tables(self) -> list[QTable]:
        return [learner.table for learner in (self.learners[:1] if self._shared else self.learners)]

    def _measure(self) -> None:
        values = {
            "charts/epsilon": self.epsilon,
            "charts/SPS": round(self.speed(), 1),
            "losses/td_error": (sum(map(abs, self.errors)) / len(self.errors)) if self.errors else 0.0,
            "q/states": float(sum(map(len, self._tables()))),
            "bdi/reasoning_steps": float(self.reasoning_steps),
            **self.messages.counts(),
        }
        if self.returns:
            values["charts/mean_return_100"] = _mean(self.returns) or 0.0
        for name, own in self.returns_by_learner.items():
            values[f"{name}/mean_return_100"] = _mean(own) or 0.0
        self.emitter.metrics(self.step, values)
        self.scalars.add(self.step, values)


def _agreed(name: str, wanted: Any, checkpoint: dict[str, Any] | None, default: Any) -> Any:
    """Return a setting that a checkpoint has, too.

    Raises:
        UsageError: They differ.
    """
    if checkpoint is None:
        return default if wanted is None else wanted
    saved = len(checkpoint["learners"]) if name == "learners" else checkpoint.get(name, default)
    if wanted is not None and wanted != saved:
        raise UsageError(
            "The checkpoint belongs to another training.",
            where=f"checkpoint_path: {checkpoint['path']}",
            why=f"{name} is {saved!r} there and {wanted!r} here",
            next_step=f"Leave {name} out, or choose another checkpoint.",
        )
    return saved


def _mean(values: Any) -> float | None:
    return sum(values) / len(values) if values else None
