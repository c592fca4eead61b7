"""Games of ale-py as agents see them since the DQN paper.

* Mnih et al. 2015, https://www.nature.com/articles/nature14236 (methods): every action is repeated for four frames, the
  larger of the last two frames' pixels is taken, screens are scaled down to 84 by 84, four of them are stacked, and an
  episode begins with up to thirty actions that do nothing.
* Machado et al. 2018, https://arxiv.org/abs/1709.06009: the loss of a life is told, not made the end of the episode:
  here too, what an episode returns is what the whole game scored; the algorithm decides what it makes of a life.

Games that wait for the fire button are started, at the beginning and after each life.
"""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np

from .sdk import as_float

FRAMES, SIZE, MAX_NOOPS = 4, 84, 30
NOOP = 0


def area_weights(before: int, after: int) -> np.ndarray:
    """Return the matrix, shape (after, before), that averages ``before`` pixels into ``after`` by the area they cover.

    Row i holds how much of output pixel i, which covers [i, i + 1) * before / after, each input pixel makes up.
    """
    edges = np.arange(after + 1) * before / after
    pixels = np.arange(before)
    overlap = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    return (np.clip(overlap, 0, None) * after / before).astype(np.float32)


class AtariEnv(gym.Wrapper):
    """Repeats actions, shrinks and stacks screens, starts games; says ``life_lost`` in the info of a step.

    Args:
        env: A game of ale-py with ``obs_type="grayscale"`` and ``frameskip=1``.
    """

    def __init__(self, env: gym.Env) -> None:
        super().__init__(env)
        height, width = env.observation_space.shape  # type: ignore[misc]
        self._rows, self._columns = area_weights(height, SIZE), area_weights(width, SIZE).T
        self._screens = np.zeros((FRAMES, SIZE, SIZE), dtype=np.uint8)
        meanings = env.unwrapped.get_action_meanings()  # type: ignore[attr-defined]
        self._fire = meanings.index("FIRE") if "FIRE" in meanings and len(meanings) >= 3 else None
        self._rng = np.random.default_rng()
        self._lives = 0
        self.observation_space = gym.spaces.Box(0, 255, self._screens.shape, np.uint8)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Start a game with a random number of actions that do nothing."""
        if seed is not None:
            self._rng = np.random.default_rng(seed)
        frame, info = self.env.reset(seed=seed, options=options)
        for _ in range(int(self._rng.integers(1, MAX_NOOPS + 1))):
            frame, _, terminated, truncated, info = self.env.step(NOOP)
            if terminated or truncated:
                frame, info = self.env.reset(options=options)
        self._screens[:] = self._shrink(frame)
        self._lives = self._count_lives()
        if self._fire is not None:
            self._press_fire()
        return self._screens.copy(), info

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Repeat an action for four frames; the reward is the sum of theirs."""
        reward, terminated, truncated, info = self._advance(action)
        lives = self._count_lives()
        if 0 < lives < self._lives and not (terminated or truncated):
            info = {**info, "life_lost": True}
            if self._fire is not None:
                further, terminated, truncated, _ = self._press_fire()
                reward += further
        self._lives = lives
        return self._screens.copy(), reward, terminated, truncated, info

    def _press_fire(self) -> tuple[float, bool, bool, dict[str, Any]]:
        return self._advance(self._fire)

    def _advance(self, action: Any) -> tuple[float, bool, bool, dict[str, Any]]:
        info: dict[str, Any] = {}
        total, terminated, truncated, frames = 0.0, False, False, []
        for _ in range(FRAMES):
            frame, reward, terminated, truncated, info = self.env.step(action)
            total += as_float(reward)
            frames.append(np.array(frame))
            if terminated or truncated:
                break
        self._screens[:-1] = self._screens[1:]
        self._screens[-1] = self._shrink(np.maximum(*frames[-2:]) if len(frames) > 1 else frames[-1])
        return total, terminated, truncated, dict(info)

    def _shrink(self, frame: np.ndarray) -> np.ndarray:
        return np.rint(self._rows @ frame.astype(np.float32) @ self._columns).astype(np.uint8)

    def _count_lives(self) -> int:
        return int(self.env.unwrapped.ale.lives())  # type: ignore[attr-defined]
