"""Environments whose every episode can be played again: each starts from a seed of its own."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from .sdk import LiveFrames, as_float
from .spaces import Spaces

#: Actions remembered of an unfinished episode; a longer one starts again after a resume.
MAX_REPLAYED_STEPS = 200_000


def episode_seed(seed: int, number: int, phase: str = "train") -> int:
    """Return the seed of one episode: 31 bits of SHA-256 over run seed, phase and episode number."""
    digest = hashlib.sha256(f"{seed}:{phase}:{number}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


@dataclass
class Episode:
    """One episode in the making."""

    number: int
    seed: int
    total_reward: float = 0.0
    steps: int = 0
    actions: list[Any] = field(default_factory=list)
    #: Steps that were played before the checkpoint this process resumed from.
    replayed_steps: int = 0


class EpisodeEnv(gym.Wrapper):
    """Numbers episodes, seeds each by its number, and remembers its actions.

    Observations are handed out as copies: the last one of an episode is needed after the reset (its value stands in for
    the rewards that a time limit cut off), and an environment may use its array again.

    Args:
        env: The environment.
        seed: The run's seed.
        numbers: Gives the next free episode number.
        phase: ``train`` or ``eval``.
    """

    def __init__(self, env: gym.Env, seed: int, numbers: Callable[[], int], phase: str = "train") -> None:
        super().__init__(env)
        self._seed, self._numbers, self._phase = seed, numbers, phase
        self.episode = Episode(-1, 0)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Start the next episode; a seed given here is not used."""
        del seed
        number = self._numbers()
        self.episode = Episode(number, episode_seed(self._seed, number, self._phase))
        obs, info = self.env.reset(seed=self.episode.seed, options=options)
        return np.array(obs), info

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Take a step and count it into the episode."""
        episode = self.episode
        # The environment gets a copy, which it may change in place: the action is replayed and recorded as it was.
        obs, given, terminated, truncated, info = self.env.step(copy.copy(action))
        if episode.steps < MAX_REPLAYED_STEPS:
            episode.actions.append(action)
        reward = as_float(given)
        episode.total_reward += reward
        episode.steps += 1
        return np.array(obs), reward, terminated, truncated, info

    def replay(self, number: int, actions: list[Any]) -> Any:
        """Play an episode again up to where it was left.

        Returns:
            The observation after the last action.
        """
        self.episode = Episode(number, episode_seed(self._seed, number, self._phase))
        obs = np.array(self.env.reset(seed=self.episode.seed)[0])
        for action in actions:
            obs = self.step(action)[0]
        self.episode.replayed_steps = self.episode.steps
        return obs


class VectorStep(NamedTuple):
    """What one step of all environments brought; every array has one row an environment."""

    #: What the agent acts on next: after the end of an episode the first observation of the following one.
    obs: np.ndarray
    #: What the action led to: at the end of an episode its last observation.
    next_obs: np.ndarray
    rewards: np.ndarray
    terminations: np.ndarray
    truncations: np.ndarray
    #: Where a life was lost, in games that have them; the episode goes on until the last one is.
    lives_lost: np.ndarray

    @property
    def dones(self) -> np.ndarray:
        """Where an episode ended for either reason."""
        return self.terminations | self.truncations


class VectorEnvs:
    """Environments side by side, restarted in the step in which their episode ends.

    Args:
        make: Makes one environment.
        num_envs: How many.
        seed: The run's seed.
        phase: ``train`` or ``eval``; the two draw different episodes from one seed.
    """

    def __init__(self, make: Callable[[], gym.Env], num_envs: int, seed: int, phase: str = "train") -> None:
        self._next_number = 0
        self._num_envs, self._seed, self._phase = num_envs, seed, phase
        self._envs: Any = self._vector(make)
        self.spaces = Spaces.of(self._envs.envs[0])
        self.obs: np.ndarray = np.zeros(0)
        self._live: LiveFrames | None = None

    def _vector(self, make: Callable[[], gym.Env]) -> SyncVectorEnv:
        # Gymnasium's default spends a step on the reset, whose transition belongs to no episode.
        return SyncVectorEnv(
            [lambda: EpisodeEnv(make(), self._seed, self._number, self._phase)] * self._num_envs,
            autoreset_mode=AutoresetMode.SAME_STEP,
        )

    def _number(self) -> int:
        self._next_number += 1
        return self._next_number - 1

    @property
    def episodes(self) -> list[Episode]:
        """The episode each environment is in."""
        return [env.episode for env in self._envs.envs]

    def show(self, emitter: Any) -> None:
        """Show the environments live to those who watch the run that an emitter belongs to."""
        self._live = LiveFrames.of_run(self._envs, emitter)

    def reset(self) -> np.ndarray:
        """Start an episode in each environment and return their observations, shape (num_envs, obs_dim)."""
        self.obs = np.asarray(self._envs.reset()[0])
        return self.obs

    def step(self, actions: np.ndarray) -> VectorStep:
        """Take one step in each environment; ``actions`` are those of ``Spaces.to_env``."""
        obs, rewards, terminations, truncations, infos = self._envs.step(actions)
        next_obs = obs
        if "final_obs" in infos:
            next_obs = obs.copy()
            for i in np.flatnonzero(infos["_final_obs"]):
                next_obs[i] = infos["final_obs"][i]
        self.obs = obs
        if self._live is not None:
            self._live.show()
        lives_lost = infos.get("life_lost", np.zeros(len(obs), dtype=bool))
        return VectorStep(obs, next_obs, rewards, terminations, truncations, lives_lost)

    def switch(self, make: Callable[[], gym.Env]) -> np.ndarray:
        """Go over to another environment of the same spaces; return the first observations there."""
        self._envs.close()
        self._envs = self._vector(make)
        if self._live is not None:
            self._live.follow(self._envs)
        return self.reset()

    def state_dict(self) -> dict[str, Any]:
        """Return what brings the environments back: episode numbers and the actions of each unfinished episode."""
        return {
            "next_number": self._next_number,
            "episodes": [
                {"number": e.number, "steps": e.steps, "actions": np.asarray(e.actions).tolist()} for e in self.episodes
            ],
            "obs": self.obs,
        }

    def load_state_dict(self, state: dict[str, Any]) -> bool:
        """Play the unfinished episodes again up to where they were left.

        Returns:
            Whether every environment stands where it stood. Where one does not (it is not deterministic, or its episode
            is too long to play again) a new episode starts in it.
        """
        self._next_number = state["next_number"]
        exact = True
        space, rows = self._envs.single_action_space, []
        for env, left, obs in zip(self._envs.envs, state["episodes"], state["obs"], strict=True):
            row = None
            if left["steps"] == len(left["actions"]):
                row = env.replay(left["number"], list(np.asarray(left["actions"], dtype=space.dtype)))
            if row is None or not np.array_equal(np.asarray(row), np.asarray(obs)):
                row, exact = env.reset()[0], False
            rows.append(row)
        self.obs = np.stack([np.asarray(row) for row in rows])
        return exact

    def close(self) -> None:
        """Close the environments."""
        if self._live is not None:
            self._live.close()
        self._envs.close()
