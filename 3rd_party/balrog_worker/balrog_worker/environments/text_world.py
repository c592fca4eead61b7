"""TextWorld: games that are generated from the seed of an episode."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

import textworld
from textworld.challenges import CHALLENGES

from .base import Seen, TextEnvironment

_INSTRUCTION = (
    "You play a text adventure. Read what the game says and reach its objective. "
    "Reply with one of the commands that are possible now."
)
_CUSTOM = {"nb_rooms": 3, "nb_objects": 5, "quest_length": 3}
_LEVELS = {"coin_collector": 5, "treasure_hunter": 5}
#: The letters of the title that a game begins with.
_TITLE = re.compile(r"^[\s$_|\\/>]+$")


def names() -> list[str]:
    """Return the kinds of games."""
    return ["custom", *(name for name in _LEVELS if f"tw-{name}" in CHALLENGES)]


class TextWorld(TextEnvironment):
    """A kind of games.

    Args:
        name: ``custom`` with ``nb_rooms``, ``nb_objects``, ``quest_length``, or a challenge with ``level``.
        env_kwargs: These.
        images: There are none.

    Raises:
        TypeError: An argument that the kind does not have.
    """

    instruction = _INSTRUCTION
    actions_change = True
    has_oracle = True

    def __init__(self, name: str, env_kwargs: dict[str, Any], *, images: bool) -> None:  # noqa: ARG002 - as the others
        self._name = name
        self._options = {**(_CUSTOM if name == "custom" else {"level": _LEVELS[name]}), **env_kwargs}
        unknown = set(env_kwargs) - set(_CUSTOM if name == "custom" else ("level",))
        if unknown:
            raise TypeError(f"{name} has no argument {', '.join(sorted(unknown))}")
        self._folder = tempfile.TemporaryDirectory(prefix="mosaic-textworld-")
        self._env: Any = None
        self._state: Any = None

    @property
    def progression(self) -> float:
        """Share of the game's points."""
        return float(self._state["score"]) / float(self._state["max_score"] or 1)

    @property
    def fallback(self) -> str:
        """Looking around changes nothing."""
        return "look" if "look" in self.actions else self.actions[0]

    def reset(self, seed: int) -> Seen:
        """Generate the game of a seed, which takes seconds, and begin it."""
        path = Path(self._folder.name) / f"{seed}.z8"
        if not path.exists():
            self._generate(seed, path)
        if self._env is not None:
            self._env.close()
        wanted = textworld.EnvInfos(
            admissible_commands=True, policy_commands=True, score=True, max_score=True, won=True, lost=True,
            objective=True,
        )  # fmt: skip
        self._env = textworld.start(str(path), wanted)
        self._state = self._env.reset()
        self._take()
        return Seen(f"Objective: {self._state['objective']}\n{_clean(self._state.feedback)}")

    def step(self, action: str) -> Seen:
        """Enter a command."""
        before = self._state["score"]
        self._state, _, done = self._env.step(action)
        self._take()
        return Seen(_clean(self._state.feedback), float(self._state["score"] - before), bool(done))

    def oracle(self) -> str:
        """Return the next command of the game's own walkthrough."""
        policy = self._state["policy_commands"]
        return policy[0] if policy and policy[0] in self.actions else self.fallback

    def close(self) -> None:
        """Close the game and delete its files."""
        if self._env is not None:
            self._env.close()
        self._folder.cleanup()

    def _take(self) -> None:
        self.actions = tuple(self._state["admissible_commands"]) or ("look",)

    def _generate(self, seed: int, path: Path) -> None:
        options = textworld.GameOptions()
        options.seeds = seed
        options.path = str(path)
        if self._name == "custom":
            for name, value in self._options.items():
                setattr(options, name, value)
            textworld.make(options)
            return
        _, make, _ = CHALLENGES[f"tw-{self._name}"]
        game = make({"level": self._options["level"]}, options)
        textworld.generator.compile_game(game, options)


def _clean(text: str) -> str:
    lines = [line.rstrip() for line in text.splitlines() if not _TITLE.match(line)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).split("\n>")[0].strip()
