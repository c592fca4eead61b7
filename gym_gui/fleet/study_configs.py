"""From what a study is made of to the run config of each assignment."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from typing import Any

from gym_gui.core.worker.errors import ConfigError, Problem, UsageError
from gym_gui.fleet.command_template import command_words, template_words
from gym_gui.fleet.splitting import ADD, MAX_ASSIGNMENTS, Part, Split, split_config
from gym_gui.fleet.study import Assignment, StudyRun, StudySpec
from gym_gui.fleet.study_words import SETTINGS, shown_split
from gym_gui.runs import new_run_id, run_config_fields

_MAX_NAME = 120
#: Characters of a value that is shown of an assignment.
_MAX_SHOWN = 500
#: Keys of a worker's config that name its instance and its run.
_RESERVED = ("worker_id", "run_id")


def make_assignments(spec: StudySpec, study_id: str, by: str = "") -> list[Assignment]:
    """Return a study's assignments, each with the id of its first run.

    Args:
        spec: What it is made of.
        study_id: Its id.
        by: Who submits it.

    Raises:
        ConfigError: The config cannot be split like this; every problem is listed.
        UsageError: The command template cannot be used, or what is given contradicts itself.
    """
    _check(spec)
    words = template_words(spec.command) if spec.command else None
    base = _base(spec)
    parts = split_config(base, list(_splits(spec, base)), paired=spec.paired, num_splits=spec.num_splits)
    parts = [part for alone in parts for part in _with_seeds(spec, alone, command=words is not None)]
    weights = spec.weights or [1.0] * len(parts)
    if len(weights) != len(parts):
        problem = Problem(
            "weights",
            f"are {len(weights)}, but there are {len(parts)} assignments",
            allowed="one number per assignment",
        )
        raise ConfigError("the study is not valid", [problem], next_step="Fix it and try again. Nothing was submitted.")
    now = time.time()
    return [
        Assignment(
            index=index,
            split=part.split,
            run_config=_run_config(spec, study_id, index, part, words),
            weight=weight,
            runs=[StudyRun(run_id=new_run_id(), created_at=now, by=by)],
        )
        for index, (part, weight) in enumerate(zip(parts, weights, strict=True))
    ]


def given_assignments(
    spec: StudySpec, configs: Sequence[dict[str, Any]], study_id: str, by: str = "", *, max_attempts: int = 1
) -> list[Assignment]:
    """Return the assignments of a study of a command whose configs are all given.

    Args:
        spec: What the study is made of.
        configs: The config of each assignment.
        study_id: The study's id.
        by: Who submits it.
        max_attempts: How often each is begun at most.

    Raises:
        ConfigError: A config has a name that MOSAIC keeps for itself, or there are too many.
        UsageError: The command template cannot be used.
    """
    _check(spec)
    problems = [
        Problem(f"assignments.{index}.{name}", "is a name that MOSAIC keeps for itself", allowed="another name")
        for index, config in enumerate(configs)
        for name in _RESERVED
        if name in config
    ]
    if not 0 < len(configs) <= MAX_ASSIGNMENTS:
        problems.append(Problem("assignments", f"are {len(configs):,}", allowed=f"1 to {MAX_ASSIGNMENTS:,}"))
    if problems:
        raise ConfigError("the study is not valid", problems, next_step="Fix it and try again. Nothing was submitted.")
    words = template_words(spec.command)
    now = time.time()
    found = []
    for index, config in enumerate(configs):
        run_config = _run_config(spec, study_id, index, Part(_difference(spec.base_config, config), config), words)
        run_config["limits"] = {"max_attempts": max_attempts}
        run = StudyRun(run_id=new_run_id(), created_at=now, by=by)
        split = _difference(spec.base_config, config)
        found.append(Assignment(index=index, split=split, run_config=run_config, runs=[run]))
    return found


def _difference(base: dict[str, Any], config: dict[str, Any]) -> dict[str, Any]:
    """Return what a config has in place of the base config's values; those that are too long are left out."""
    different = {key: value for key, value in config.items() if key not in base or base[key] != value}
    return {key: value for key, value in different.items() if len(json.dumps(value)) <= _MAX_SHOWN}


def _check(spec: StudySpec) -> None:
    problems = []
    if not spec.name.strip():
        problems.append(Problem("name", "is empty", allowed="a name for the study"))
    if len(spec.name) > _MAX_NAME:
        problems.append(Problem("name", f"has {len(spec.name)} characters", allowed=f"at most {_MAX_NAME}"))
    problems += [
        Problem("weights", f"has {weight}", value=weight, allowed="numbers above 0")
        for weight in spec.weights
        if not 0 < weight < float("inf")
    ]
    problems += [
        Problem(name, "is a name that MOSAIC keeps for itself", allowed="another name for this key of the config")
        for name in _RESERVED
        if spec.command and name in spec.base_config
    ]
    if len(set(spec.seeds)) < len(spec.seeds):
        problems.append(Problem("seeds", "name a seed twice", allowed="each seed once"))
    if problems:
        raise ConfigError("the study is not valid", problems, next_step="Fix it and try again. Nothing was submitted.")
    if spec.worker and spec.command:
        raise UsageError("--worker and --command exclude each other", next_step="leave one of them out")
    if spec.worker and "metadata" in spec.base_config:
        raise UsageError(
            "the config is a whole run config, which names its worker itself",
            why="with --worker, it has the settings of that worker alone",
            next_step="leave --worker out",
        )


def _base(spec: StudySpec) -> dict[str, Any]:
    """Return what is split: a command's own config, or a run config."""
    if spec.worker:
        return {"metadata": {"worker": {"worker_id": spec.worker, "config": dict(spec.base_config)}}}
    return spec.base_config


def _splits(spec: StudySpec, base: dict[str, Any]) -> Iterator[Split]:
    """Yield the splits with whole paths: a worker's setting may be named without the path to it."""
    for split in spec.splits:
        key = split.key.removeprefix(ADD)
        if (
            spec.command
            or key.split(".")[0].split("[")[0] in {*run_config_fields(), *base}
            or not _has_one_worker(base)
        ):
            yield split
        else:
            # A setting that the file leaves out has a default: the worker's schema says whether there is such a one.
            add = ADD if split.values is not None else ""
            yield Split(key=f"{add}{SETTINGS}.{key}", values=split.values)


def _has_one_worker(base: dict[str, Any]) -> bool:
    metadata = base.get("metadata")
    worker = metadata.get("worker") if isinstance(metadata, dict) else None
    return isinstance(worker, dict)


def _with_seeds(spec: StudySpec, part: Part, *, command: bool) -> list[Part]:
    if not spec.seeds:
        return [part]
    key = "seed" if command else f"{SETTINGS}.seed"
    if key in part.split:
        raise UsageError("the seed is split twice", next_step="leave --seeds or --split seed=… out")
    seeded = split_config(part.config, [Split(key=f"{ADD}{key}", values=list(spec.seeds))])
    return [Part({**part.split, **each.split}, each.config) for each in seeded]


def _run_config(spec: StudySpec, study_id: str, index: int, part: Part, words: list[str] | None) -> dict[str, Any]:
    if words is None:
        config = dict(part.config)
    else:
        seed = part.config.get("seed")
        entry_point, *arguments = command_words(
            words, index=index, seed=seed if isinstance(seed, int) and not isinstance(seed, bool) else None
        )
        config = {
            "entry_point": entry_point,
            "arguments": arguments,
            "metadata": {"worker": {"config": part.config}},
        }
    metadata = config.get("metadata")
    config["run_name"] = f"{spec.name[: _MAX_NAME - 6]} #{index}"
    config["metadata"] = {
        **(metadata if isinstance(metadata, dict) else {}),
        "study": {"study_id": study_id, "name": spec.name, "index": index, "split": shown_split(part.split)},
    }
    if spec.executor:
        config["executor"] = spec.executor
    if spec.priority is not None:
        config["priority"] = spec.priority
    if spec.tags:
        given = config.get("tags")
        config["tags"] = [*(given if isinstance(given, list) else []), *spec.tags]
    return config
