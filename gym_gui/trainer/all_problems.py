"""Every problem of a run config in one go: those of its own fields, and those of its workers'."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Sequence
from typing import Any

from gym_gui.core.worker.errors import ConfigError, Problem
from gym_gui.runs import TrainRunConfig, read_run_config

_STAND_IN = {"run_name": "run"}
_STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


def all_problems(payload: Any, check_workers: Callable[[TrainRunConfig], object]) -> list[Problem]:
    """Return every problem of a run config, as :func:`check_run_config` does."""
    return check_run_config(payload, check_workers)[1]


def check_run_config(
    payload: Any, check_workers: Callable[[TrainRunConfig], object]
) -> tuple[TrainRunConfig | None, list[Problem]]:
    """Read a run config and return it, ``None`` if anything is wrong with it or its workers, and every problem.

    A config whose own fields are faulty is checked once more without those fields, so that what is wrong with its
    workers shows as well.

    Args:
        payload: The run config; not changed.
        check_workers: Raises ``ConfigError`` for what is wrong with the workers of a config that is otherwise valid.
    """
    config, problems = read_run_config(payload)
    readable = config
    if readable is None and isinstance(payload, dict):
        rest = {**_STAND_IN, **_without(payload, [problem.path for problem in problems])}
        readable, _ = read_run_config(rest)
    if readable is not None:
        try:
            check_workers(readable)
        except ConfigError as error:
            known = {problem.path for problem in problems}
            problems += [problem for problem in error.problems if problem.path not in known]
    return None if problems else config, problems


def _without(payload: dict[str, Any], paths: Sequence[str]) -> dict[str, Any]:
    """Return a copy without the members that the paths name."""
    rest = copy.deepcopy(payload)
    for path in paths:
        steps = [int(number) if number else name for number, name in _STEP.findall(path)]
        place: Any = rest
        for step in steps[:-1]:
            place = _member(place, step)
        if steps and isinstance(place, dict):
            place.pop(steps[-1], None)
    return rest


def _member(place: Any, step: str | int) -> Any:
    if isinstance(place, dict):
        return place.get(step)
    return place[step] if isinstance(place, list) and isinstance(step, int) and step < len(place) else None
