"""Crafter: surroundings, status and inventory as sentences."""

from __future__ import annotations

from typing import Any

import crafter

from .base import Seen, TextEnvironment

_INSTRUCTION = (
    "You survive in a two-dimensional world like Minecraft: collect wood, stone, coal, iron and diamonds, place a "
    "table and a furnace, make tools, eat, drink, sleep, and defend yourself. 'do' acts on what you face. Every "
    "achievement counts once."
)
_STATUS = ("health", "food", "drink", "energy")
_REACH = (4, 3)
_FACING = {(0, -1): "up", (0, 1): "down", (-1, 0): "left", (1, 0): "right"}


def names() -> list[str]:
    """Return the only environment of the family."""
    return ["crafter"]


class Crafter(TextEnvironment):
    """The world of Crafter.

    Args:
        name: ``crafter``.
        env_kwargs: Keyword arguments of ``crafter.Env``.
        images: Pictures are wanted.
    """

    instruction = _INSTRUCTION
    has_images = True

    def __init__(self, name: str, env_kwargs: dict[str, Any], *, images: bool) -> None:  # noqa: ARG002 - as the others
        self._kwargs = env_kwargs
        self._env = crafter.Env(seed=0, **env_kwargs)
        self._names = {name.replace("_", " "): i for i, name in enumerate(self._env.action_names)}
        self.actions = tuple(self._names)
        self._achieved = 0
        self._info: dict[str, Any] = {}

    @property
    def progression(self) -> float:
        """Share of the achievements that were unlocked."""
        return self._achieved / len(self._info["achievements"])

    def reset(self, seed: int) -> Seen:
        """Begin an episode in a world of its own."""
        self._env = crafter.Env(seed=seed, **self._kwargs)
        self._env.reset()
        _, _, _, self._info = self._env.step(0)  # the first facts; one step of waiting
        self._achieved = 0
        return Seen(self._describe())

    def step(self, action: str) -> Seen:
        """Take a step."""
        _, reward, done, self._info = self._env.step(self._names[action])
        self._achieved = sum(count > 0 for count in self._info["achievements"].values())
        dead = self._info["inventory"]["health"] <= 0
        return Seen(self._describe(), float(reward), bool(done and dead), bool(done and not dead))

    def image(self) -> Any:
        """Return the agent's view as a picture."""
        return self._env.render((256, 256))

    def _describe(self) -> str:
        inventory = self._info["inventory"]
        status = ", ".join(f"{name} {inventory[name]}" for name in _STATUS)
        carried = ", ".join(f"{count} {name}" for name, count in inventory.items() if count and name not in _STATUS)
        near = "\n".join(f"- {text}" for text in self._surroundings()) or "- nothing"
        return f"Around you:\n{near}\nStatus from 0 to 9: {status}.\nInventory: {carried or 'empty'}."

    def _surroundings(self) -> list[str]:
        """Return the nearest thing of each kind, and what the agent faces."""
        view: Any = self._env._sem_view
        kinds = {number: str(name) for name, number in view._mat_ids.items()}
        kinds.update({number: kind.__name__.lower() for kind, number in view._obj_ids.items()})
        own_x, own_y = (int(value) for value in self._info["player_pos"])
        semantic = self._info["semantic"]
        nearest: dict[str, tuple[int, int]] = {}
        for x in range(max(0, own_x - _REACH[0]), min(semantic.shape[0], own_x + _REACH[0] + 1)):
            for y in range(max(0, own_y - _REACH[1]), min(semantic.shape[1], own_y + _REACH[1] + 1)):
                kind, place = kinds.get(int(semantic[x, y]), ""), (x - own_x, y - own_y)
                if kind not in ("", "None", "player") and place != (0, 0):
                    nearest[kind] = min(nearest.get(kind, place), place, key=_distance)
        facing = (int(self._env._player.facing[0]), int(self._env._player.facing[1]))
        ahead = (own_x + facing[0], own_y + facing[1])
        inside = all(0 <= ahead[i] < semantic.shape[i] for i in (0, 1))
        thing = kinds.get(int(semantic[ahead]), "nothing") if inside else "the edge of the world"
        lines = [
            f"{kind} {_place(*place)}" for kind, place in sorted(nearest.items(), key=lambda item: _distance(item[1]))
        ]
        return [*lines, f"you face {_FACING.get(facing, '')}: {thing}"]


def _distance(place: tuple[int, int]) -> int:
    return abs(place[0]) + abs(place[1])


def _place(right: int, down: int) -> str:
    parts = []
    if down:
        parts.append(f"{abs(down)} {'down' if down > 0 else 'up'}")
    if right:
        parts.append(f"{abs(right)} {'right' if right > 0 else 'left'}")
    return " and ".join(parts)
