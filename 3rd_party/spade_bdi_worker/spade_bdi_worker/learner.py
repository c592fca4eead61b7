"""One learner's hands: its environment, its action values, its chance. What it wants to do, AgentSpeak says."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any, Protocol

from .config import RunConfig
from .environment import episode_seed, make_env
from .qlearning import QTable
from .sdk import LiveFrames, UsageError, as_float
from .spaces import Discretizer
from .telemetry import EpisodeRollup, MessageLog, StepRecord


class Training(Protocol):
    """What a learner needs to know of, and tells, the run it takes part in."""

    config: RunConfig
    seed: int
    emitter: Any
    worker_id: str
    messages: MessageLog
    live: LiveFrames | None
    phase: str
    next_episode: int
    playing: Learner | None
    errors: Any

    @property
    def epsilon(self) -> float: ...
    @property
    def step_index(self) -> int: ...
    @property
    def exhausted(self) -> bool: ...

    def picks(self, episode: int) -> bool: ...
    def count_step(self) -> None: ...
    def count_episode(self, rollup: EpisodeRollup) -> None: ...


class Learner:
    """An agent's side of its episodes.

    Args:
        index: Its number among the learners, from 0.
        training: What all of them share.
        table: Its action values; may be another learner's, too.
    """

    def __init__(self, index: int, training: Training, table: QTable) -> None:
        config = training.config
        self.name = f"learner_{index}"
        self.rng = Random(f"{training.seed}:{self.name}")
        self.table = table
        self._training = training
        self._env = make_env(config.env_id, config.env_kwargs, config.render)
        self._observations = Discretizer(self._env.observation_space)
        self._actions = Discretizer(self._env.action_space)
        #: What is on the agent's mind, for telemetry; set by the agent.
        self.mind: Callable[[], dict[str, Any]] = dict
        self.episode: int | None = None
        self.over = True
        self.seen: tuple[int, ...] = ()
        self._phase, self._seed, self._state = "train", 0, 0
        self.total, self.length = 0.0, 0
        self._taken: list[int] = []
        self._replayed, self._recorded = 0, False
        self._unfinished: dict[str, Any] | None = None
        self._goal = [0, 0, 0.0]

    # -- what plans can do ---------------------------------------------------------------------------------------------

    def begin(self, episode: int) -> None:
        """Begin an episode.

        Raises:
            UsageError: It is not this one's turn: the episode was played already, or another is not over.
        """
        training = self._training
        if episode == self.episode and training.playing is self and not self.over:
            return  # it goes on: the agent had lost its connection in the middle of it
        if episode != training.next_episode or training.playing not in (None, self) or not self.over:
            raise UsageError(
                f"{self.name} wants to begin episode {episode}, and it is not its turn.",
                why=f"the next episode is {training.next_episode}, and one is played at a time",
                next_step="Let plans begin the episodes of a goal one after the other: see learner.asl of the package.",
            )
        self.episode, self._phase = episode, training.phase
        self._seed = episode_seed(training.seed, self._phase, episode)
        observation, _ = self._env.reset(seed=self._seed)
        self.total, self.length, self._taken, self._replayed = 0.0, 0, [], 0
        self._recorded = training.picks(episode)
        self.over, training.playing = False, self
        if training.live is not None:
            training.live.follow(self._env)
        self._see(observation)
        if self._unfinished is not None:
            self._play_again(self._unfinished)
            self._unfinished = None

    def choose(self) -> int:
        """Return what epsilon-greedy Q-learning does here; what is best when it is evaluated."""
        if self._phase == "eval":
            return self.table.first_best(self._state)
        return self.explore() if self.rng.random() < self._training.epsilon else self.greedy()

    def greedy(self) -> int:
        """Return what seems best here."""
        return self.table.best(self._state, self.rng)

    def explore(self) -> int:
        """Return any action."""
        return int(self.rng.random() * self.table.actions)

    def value(self, action: int) -> float:
        """Return what an action seems worth here."""
        return self.table.row(self._state)[action]

    def do(self, action: int, goal: str) -> float:
        """Take an action, learn from what comes of it, put it out.

        Args:
            action: Its index, from 0.
            goal: The intention behind it.

        Returns:
            The reward.

        Raises:
            UsageError: There is no such action, or no episode goes on.
        """
        training = self._training
        if self.over or not 0 <= action < self.table.actions:
            raise UsageError(
                f"{self.name} cannot do {action}.",
                why="no episode goes on" if self.over else f"actions are 0 to {self.table.actions - 1}",
                next_step="Let plans ask over(false) before they act; .choose, .greedy and .explore give actions.",
            )
        native = self._actions.value(action)
        observation, reward, terminated, truncated, _ = self._env.step(native)
        reward, terminated, truncated, before = as_float(reward), bool(terminated), bool(truncated), self._state
        self._see(observation)
        if training.live is not None:
            training.live.show()
        self.total += reward
        self.length += 1
        if self._phase == "train":
            self._taken.append(action)
            training.errors.append(self._learn(before, action, reward, terminated))
        if self._recorded:
            self._put_out(native, reward, terminated, truncated, goal)
        ended = terminated or truncated
        if ended:
            self._end(terminated, truncated)
        training.count_step()
        self.over = ended or training.exhausted
        return reward

    def summary(self) -> tuple[int, int, float]:
        """Return episodes, steps and mean return since this was last asked."""
        episodes, steps, total = self._goal
        self._goal = [0, 0, 0.0]
        return int(episodes), int(steps), round(total / episodes, 6) if episodes else 0.0

    # -- checkpoints ---------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Return what makes this learner go on as if it had never stopped; its table is saved beside."""
        unfinished = None
        if self._training.playing is self and self._taken:
            unfinished = {"episode": self.episode, "actions": list(self._taken), "seen": list(self.seen)}
        return {"name": self.name, "rng": json.dumps(self.rng.getstate()), "goal": self._goal, "unfinished": unfinished}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        version, words, gauss = json.loads(state["rng"])
        self.rng.setstate((version, tuple(words), gauss))
        self._goal, self._unfinished = list(state["goal"]), state["unfinished"]

    def left_out(self) -> int:
        """Return how many steps of an episode that is not over were taken and not put out."""
        return 0 if self._recorded or (self.over and self.episode is None) else self.length - self._replayed

    def close(self) -> None:
        """Close the environment."""
        self._env.close()

    # ------------------------------------------------------------------------------------------------------------------

    def _see(self, observation: Any) -> None:
        self._state = self._observations.index(observation)
        self.seen = self._observations.parts(observation)

    def _learn(self, before: int, action: int, reward: float, terminated: bool) -> float:
        config = self._training.config
        return self.table.learn(
            before,
            action,
            reward,
            self._state,
            terminated=terminated,
            learning_rate=config.learning_rate,
            gamma=config.gamma,
        )

    def _put_out(self, action: int, reward: float, terminated: bool, truncated: bool, goal: str) -> None:
        training, config = self._training, self._training.config
        extra: dict[str, Any] = {"intention": goal}
        if self._phase == "eval":
            extra["phase"] = "eval"
        if config.mind == "steps":
            extra |= self.mind()
        messages = training.messages.take()
        if messages:
            extra["messages"] = messages
        StepRecord(
            training.step_index,
            self.episode or 0,
            self.name,
            reward,
            terminated,
            truncated,
            action,
            training.worker_id,
            (list(self.seen) if len(self.seen) > 1 else self.seen[0]) if config.observations else None,
            extra,
        ).emit(training.emitter)

    def _end(self, terminated: bool, truncated: bool) -> None:
        training = self._training
        extra: dict[str, Any] = {} if self._phase == "eval" else {"epsilon": round(training.epsilon, 6)}
        if training.config.mind != "none":
            extra |= self.mind()
        messages = training.messages.take()
        if messages:
            extra["messages"] = messages
        if not self._recorded and self.length > self._replayed:
            extra["sampled"] = self.length - self._replayed
        if self._replayed:
            extra["replayed_steps"] = self._replayed
        rollup = EpisodeRollup(
            self.episode or 0,
            self.name,
            self.total,
            self.length,
            self._seed,
            self._phase,
            terminated,
            truncated,
            training.worker_id,
            extra,
        )
        rollup.emit(training.emitter)
        self._goal = [self._goal[0] + 1, self._goal[1] + self.length, self._goal[2] + self.total]
        self.episode, self._taken = None, []
        training.count_episode(rollup)

    def _play_again(self, unfinished: dict[str, Any]) -> None:
        """Bring the episode back to where a checkpoint was saved in the middle of it."""
        if unfinished["episode"] != self.episode:
            return
        for action in unfinished["actions"]:
            observation, reward, terminated, truncated, _ = self._env.step(self._actions.value(action))
            self.total += as_float(reward)
            self.length += 1
            self._see(observation)
        if list(self.seen) != unfinished["seen"] or (self._taken and (terminated or truncated)):
            # The environment is not the same for the same seed: begin the episode again.
            observation, _ = self._env.reset(seed=self._seed)
            self.total, self.length = 0.0, 0
            self._see(observation)
            return
        self._taken, self._replayed = list(unfinished["actions"]), self.length
