"""BabyAI: the agent's view as sentences."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import minigrid  # noqa: F401 - registers the environments

from .base import Seen, TextEnvironment

_ACTIONS = {"turn left": 0, "turn right": 1, "go forward": 2, "pick up": 3, "drop": 4, "toggle": 5}
_PREFIX = "BabyAI-"
_INSTRUCTION = (
    "You are an agent in a grid of rooms. You see what is in front of you. Actions: turn left and turn right turn you "
    "by 90 degrees, go forward moves you one step, pick up takes the object directly in front of you, drop puts down "
    "what you carry, toggle opens or closes the door or box directly in front of you."
)


def names() -> list[str]:
    """Return the registered environments of the family."""
    return sorted(name for name in gym.registry if name.startswith(_PREFIX))


class BabyAI(TextEnvironment):
    """A level of BabyAI.

    Args:
        name: As it is registered.
        env_kwargs: Its keyword arguments.
        images: Pictures are wanted.
    """

    instruction = _INSTRUCTION
    actions = tuple(_ACTIONS)
    has_oracle = True
    has_images = True

    def __init__(self, name: str, env_kwargs: dict[str, Any], *, images: bool) -> None:
        self._env = gym.make(name, render_mode="rgb_array" if images else None, disable_env_checker=True, **env_kwargs)
        self._mission = ""
        self._solved = False
        self._bot: Any = None
        self._last: int | None = None

    @property
    def progression(self) -> float:
        """1 once the mission is accomplished."""
        return float(self._solved)

    @property
    def fallback(self) -> str:
        """Turning changes nothing but the view."""
        return "turn left"

    def reset(self, seed: int) -> Seen:
        """Begin an episode."""
        observation, _ = self._env.reset(seed=seed)
        self._mission, self._solved, self._bot, self._last = str(observation["mission"]), False, None, None
        return Seen(self._describe())

    def step(self, action: str) -> Seen:
        """Take a step."""
        self._last = _ACTIONS[action]
        _, reward, terminated, truncated, _ = self._env.step(self._last)
        self._solved = self._solved or float(reward) > 0
        return Seen(self._describe(), float(reward), bool(terminated), bool(truncated))

    def oracle(self) -> str:
        """Return the action of BabyAI's own bot."""
        from minigrid.utils.baby_ai_bot import BabyAIBot

        if self._bot is None:
            self._bot, self._last = BabyAIBot(self._env), None
        action = int(self._bot.replan(self._last))
        return next((name for name, number in _ACTIONS.items() if number == action), self.fallback)

    def image(self) -> Any:
        """Return the whole grid as a picture."""
        return self._env.render()

    def close(self) -> None:
        """Close the environment."""
        self._env.close()

    def _describe(self) -> str:
        env: Any = self._env.unwrapped
        grid, visible = env.gen_obs_grid()
        own_x, own_y = grid.width // 2, grid.height - 1
        lines = []
        for forward in range(grid.height):
            for right in range(-own_x, grid.width - own_x):
                x, y = own_x + right, own_y - forward
                thing = grid.get(x, y)
                if not visible[x, y] or thing is None or (forward == 0 and right == 0):
                    continue
                if thing.type == "wall" and right != 0 and forward != 0:
                    continue  # only walls straight ahead or beside matter
                lines.append(f"- {_named(thing)} {_place(forward, right)}")
        carried = _named(env.carrying) if env.carrying is not None else "nothing"
        seen = "\n".join(lines) or "- nothing"
        return f"Your mission: {self._mission}.\nYou see:\n{seen}\nYou carry {carried}."


def _named(thing: Any) -> str:
    state = ""
    if thing.type == "door":
        state = "open " if thing.is_open else "locked " if thing.is_locked else "closed "
    colour = "" if thing.type == "wall" else f"{thing.color} "
    return f"a {state}{colour}{thing.type}"


def _place(forward: int, right: int) -> str:
    parts = []
    if forward:
        parts.append(f"{forward} step{'s' if forward > 1 else ''} forward")
    if right:
        parts.append(f"{abs(right)} step{'s' if abs(right) > 1 else ''} to the {'right' if right > 0 else 'left'}")
    return " and ".join(parts)
