"""MiniHack: the screen of NetHack as text."""

from __future__ import annotations

import random
from collections import deque
from typing import Any

import gymnasium as gym
import minihack  # noqa: F401 - registers the environments

from .base import Seen, TextEnvironment

_COMPASS = {
    "N": ("north", -1, 0), "E": ("east", 0, 1), "S": ("south", 1, 0), "W": ("west", 0, -1),
    "NE": ("northeast", -1, 1), "SE": ("southeast", 1, 1), "SW": ("southwest", 1, -1), "NW": ("northwest", -1, -1),
}  # fmt: skip
_MOVES = {name: (down, right) for name, down, right in _COMPASS.values()}
_INSTRUCTION = (
    "You play NetHack. The map: @ is you, . is floor, # is a corridor, > are stairs down, + is a closed door, "
    "| and - are walls or open doors, letters are monsters. Reach the stairs down, unless the message says otherwise."
)
_PREFIX = "MiniHack-"


def names() -> list[str]:
    """Return the registered environments of the family."""
    return sorted(name for name in gym.registry if name.startswith(_PREFIX))


class MiniHack(TextEnvironment):
    """A task of MiniHack.

    Args:
        name: As it is registered.
        env_kwargs: Its keyword arguments.
        images: Pictures are wanted.
    """

    instruction = _INSTRUCTION
    has_oracle = True
    has_images = True

    def __init__(self, name: str, env_kwargs: dict[str, Any], *, images: bool) -> None:
        keys = ("chars", "tty_chars", "message", "blstats", *(("pixel",) if images else ()))
        self._env = gym.make(name, observation_keys=keys, disable_env_checker=True, **env_kwargs)
        env: Any = self._env.unwrapped
        self._numbers: dict[str, int] = {}
        for number, action in enumerate(env.actions):  # the first of a name: after it come moves as far as possible
            self._numbers.setdefault(_action_name(action), number)
        self.actions = tuple(self._numbers)
        self._observation: Any = None
        self._solved = False
        self._random = random.Random()

    @property
    def progression(self) -> float:
        """1 once the task is solved."""
        return float(self._solved)

    @property
    def fallback(self) -> str:
        """Searching and waiting move nothing but the time; some tasks have moves alone."""
        return next((name for name in ("search", "wait") if name in self._numbers), self.actions[0])

    def reset(self, seed: int) -> Seen:
        """Begin an episode."""
        env: Any = self._env.unwrapped
        env.seed(seed, seed, reseed=False)
        self._random.seed(seed)
        self._observation, _ = self._env.reset()
        self._solved = False
        return Seen(self._describe())

    def step(self, action: str) -> Seen:
        """Take a step."""
        self._observation, reward, terminated, truncated, info = self._env.step(self._numbers[action])
        status = getattr(info.get("end_status"), "name", "")
        self._solved = self._solved or status == "TASK_SUCCESSFUL"
        return Seen(self._describe(), float(reward), bool(terminated), bool(truncated))

    def oracle(self) -> str:
        """Return the first step of the shortest way to the stairs in sight; a random direction without them."""
        chars = self._observation["chars"]
        column, row = (int(value) for value in self._observation["blstats"][:2])
        queue, came = deque([(row, column)]), {(row, column): ""}
        while queue:
            place = queue.popleft()
            if chr(chars[place]) == ">" and came[place]:
                return came[place]
            for name, (down, right) in _MOVES.items():
                there = (place[0] + down, place[1] + right)
                inside = 0 <= there[0] < chars.shape[0] and 0 <= there[1] < chars.shape[1]
                if name in self._numbers and inside and there not in came and chr(chars[there]) in ".#><":
                    came[there] = came[place] or name
                    queue.append(there)
        return self._random.choice([name for name in _MOVES if name in self._numbers])

    def image(self) -> Any:
        """Return the map as a picture."""
        return self._observation["pixel"]

    def close(self) -> None:
        """Close the environment."""
        self._env.close()

    def _describe(self) -> str:
        message = bytes(self._observation["message"]).decode("latin-1").strip("\0 ")
        rows = [bytes(row).decode("latin-1").rstrip() for row in self._observation["tty_chars"][1:]]
        screen = "\n".join(row for row in rows if row)
        return f"Message: {message or '-'}\n{screen}"


def _action_name(action: Any) -> str:
    name = str(getattr(action, "name", action))
    return _COMPASS[name][0] if name in _COMPASS else name.lower().replace("_", " ")
