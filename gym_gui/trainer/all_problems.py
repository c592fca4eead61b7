"""Every problem of a run config in one go: those of its own fields, and those of its workers'."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Sequence
from typing import Any

from gym_gui.core.worker.errors import ConfigError, Problem
from gym_gui.runs.config import TrainRunConfig, run_config_problems, validate_train_run_config

_STAND_IN = {"run_name": "run"}
_STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


def all_problems(payload: Any, check_workers: Callable[[TrainRunConfig], object]) -> list[Problem]:
    """Return what is wrong with a run config as a whole.

    A config whose own fields are faulty is looked at once more without those fields, so that what is wrong with its
    workers shows as well.

    Args:
        payload: The run config; not changed.
        check_workers: Raises ``ConfigError`` for what is wrong with the workers of a config that is otherwise valid.
    """
    problems = run_config_problems(payload)
    rest = payload
    if problems:
        if not isinstance(payload, dict):
            return problems
        rest = {**_STAND_IN, **_without(payload, [problem.path for problem in problems])}
        if run_config_problems(rest):
            return problems
    try:
        check_workers(validate_train_run_config(rest))
    except ConfigError as error:
        known = {problem.path for problem in problems}
        problems += [problem for problem in error.problems if problem.path not in known]
    return problems


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
