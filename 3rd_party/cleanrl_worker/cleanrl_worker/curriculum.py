"""A training that moves through several environments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .sdk import Problem, nearest

_FIELDS = ("env_id", "total_steps", "env_kwargs")


@dataclass(frozen=True)
class Stage:
    """A part of a training that is spent in one environment.

    Attributes:
        env_id: The environment.
        total_steps: How many steps; the last stage goes on to the end of the training.
        env_kwargs: What the environment is made with.
    """

    env_id: str
    total_steps: int
    env_kwargs: dict[str, Any] = field(default_factory=dict)


def check_curriculum(entries: Sequence[Any], total_timesteps: int) -> list[Problem]:
    """Return every fault of a curriculum as it stands in a config."""
    if not entries:
        return [Problem("curriculum", "has no stage", value=[], allowed="null, or at least one stage")]
    problems = []
    for i, entry in enumerate(entries):
        if not isinstance(entry, dict):
            problems.append(Problem(f"curriculum[{i}]", "is not a stage", value=entry, allowed=_shape()))
            continue
        problems += [
            Problem(f"curriculum[{i}].{name}", "is not a field of a stage", value=entry[name], nearest=near)
            for name, near in ((name, nearest(str(name), _FIELDS)) for name in entry if name not in _FIELDS)
        ]
        env_id, steps, kwargs = entry.get("env_id"), entry.get("total_steps"), entry.get("env_kwargs", {})
        if not isinstance(env_id, str) or not env_id:
            problems.append(Problem(f"curriculum[{i}].env_id", "is required", value=env_id, allowed="text"))
        if not isinstance(steps, int) or isinstance(steps, bool) or steps < 1:
            allowed = "a whole number from 1"
            problems.append(Problem(f"curriculum[{i}].total_steps", "is required", value=steps, allowed=allowed))
        if not isinstance(kwargs, dict):
            problems.append(
                Problem(f"curriculum[{i}].env_kwargs", "is not an object", value=kwargs, allowed="an object")
            )
    if not problems:
        before = sum(entry["total_steps"] for entry in entries[:-1])
        if total_timesteps <= before:
            message = f"ends before the last stage begins, at step {before}"
            problems.append(Problem("total_timesteps", message, value=total_timesteps, allowed=f"more than {before}"))
    return problems


def steps_of(entries: Any) -> int | None:
    """Return the steps of all stages of a curriculum as it stands in a config; ``None`` where that cannot be told."""
    try:
        return sum(entry["total_steps"] for entry in entries) or None
    except (KeyError, TypeError):
        return None


class Course:
    """Where a training stands in its curriculum.

    Args:
        stages: The stages, at least one.
        step: Environment steps taken.
    """

    def __init__(self, stages: Sequence[Stage], step: int = 0) -> None:
        self.stages = list(stages)
        self._ends = [sum(stage.total_steps for stage in stages[: i + 1]) for i in range(len(stages) - 1)]
        self.index = self.index_at(step)

    @property
    def stage(self) -> Stage:
        """The present stage."""
        return self.stages[self.index]

    def index_at(self, step: int) -> int:
        """Return the number, from 0, of the stage in which the step after so many belongs."""
        return sum(step >= end for end in self._ends)

    def advance(self, step: int) -> bool:
        """Move to the stage of a step; return whether it is another one."""
        before, self.index = self.index, self.index_at(step)
        return self.index != before

    def labels(self) -> dict[str, Any]:
        """Return what an episode says of its stage; nothing where there is only one."""
        return {"stage": self.index, "env_id": self.stage.env_id} if len(self.stages) > 1 else {}


def _shape() -> str:
    return '{"env_id": …, "total_steps": …, "env_kwargs": {…}}'
