"""Finds what would stop a run, and says which capability is missing."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path
from typing import Any

from gym_gui.core.worker import Problem
from gym_gui.core.worker.errors import nearest

from .config import BenchmarlWorkerConfig
from .registry import ALGORITHMS, NEEDS, OFF_POLICY, ON_POLICY, actions_of, family_tasks, find_task, nearest_task

_OWN_FIELDS = {"n_minibatch_iters": ON_POLICY, "minibatch_size": ON_POLICY, "n_optimizer_steps": OFF_POLICY,
               "train_batch_size": OFF_POLICY, "memory_size": OFF_POLICY,
               "init_random_frames": OFF_POLICY}  # fmt: skip


def check_run(config: BenchmarlWorkerConfig) -> list[Problem]:
    """Return every reason why a run cannot start.

    Args:
        config: A valid config.
    """
    problems = [*_check_wandb(config), *_check_checkpoint(config), *_check_settings(config)]
    found = _check_task_name(config)
    return problems + (found or _check_task(config))


def _check_wandb(config: BenchmarlWorkerConfig) -> list[Problem]:
    if config.wandb == "off" or importlib.util.find_spec("wandb") is not None:
        return []
    return [Problem("wandb", "the package wandb is not installed", value=config.wandb, allowed="off, or install it")]


def _check_checkpoint(config: BenchmarlWorkerConfig) -> list[Problem]:
    if config.mode == "train" or Path(str(config.checkpoint_path)).is_file():
        return []
    allowed = "a path that a checkpoint_saved event named"
    return [Problem("checkpoint_path", "there is no such file", value=config.checkpoint_path, allowed=allowed)]


def _check_settings(config: BenchmarlWorkerConfig) -> list[Problem]:
    from benchmarl.algorithms import algorithm_config_registry
    from benchmarl.experiment import ExperimentConfig
    from benchmarl.models.mlp import MlpConfig

    from .experiment import DECIDED, field_names

    problems = [
        Problem(name, f"is not an argument of {config.algo}", value=getattr(config, name), allowed="null")
        for name, algos in _OWN_FIELDS.items()
        if getattr(config, name) is not None and config.algo not in algos
    ]
    problems += [
        Problem(f"experiment.{name}", f"is decided by {DECIDED[name]}", value=value)
        for name, value in config.experiment.items()
        if name in DECIDED
    ]
    parts: tuple[tuple[str, Any], ...] = (
        ("experiment", ExperimentConfig),
        ("algorithm", algorithm_config_registry[config.algo]),
        ("model", MlpConfig),
    )
    for part, kind in parts:
        known = field_names(kind)
        problems += [
            Problem(
                f"{part}.{name}",
                f"is not a setting of BenchMARL's {kind.__name__}",
                value=value,
                allowed=", ".join(known),
                nearest=nearest(name, known),
            )
            for name, value in getattr(config, part).items()
            if name not in known
        ]
    return problems


def _check_task_name(config: BenchmarlWorkerConfig) -> list[Problem]:
    if find_task(config.env_id) is None:
        near, same = nearest_task(config.env_id), family_tasks(config.env_id)
        allowed = ", ".join(same) if same else "vmas/NAME or pettingzoo/NAME of BenchMARL's tasks"
        message = "is not a task of BenchMARL"
        if near is None and not same:
            message += " (missing capability: environments of other libraries)"
        return [Problem("env_id", message, value=config.env_id, allowed=allowed, nearest=near)]
    package, how = NEEDS.get(config.env_id) or NEEDS.get(config.env_id.partition("/")[0], ("", ""))
    if package and importlib.util.find_spec(package) is None:
        message = f"needs the module {package}, which is not installed: {how}"
        return [Problem("env_id", message, value=config.env_id, allowed="or another task")]
    return []


def _check_task(config: BenchmarlWorkerConfig) -> list[Problem]:
    from .experiment import make_task

    try:
        known = dict(make_task(replace(config, env_kwargs={})).config)
        task = make_task(config)
    except (AttributeError, KeyError, TypeError, ValueError, ImportError) as error:
        return [Problem("env_id", f"the task cannot be made: {error}", value=config.env_id)]
    problems = [
        Problem(
            f"env_kwargs.{name}",
            f"is not a setting of {config.env_id}",
            value=value,
            allowed=", ".join(known),
            nearest=nearest(name, list(known)),
        )
        for name, value in config.env_kwargs.items()
        if name not in known
    ]
    kinds = [
        kind
        for kind, there in (
            ("continuous", task.supports_continuous_actions()),
            ("discrete", task.supports_discrete_actions()),
        )
        if there
    ]
    if not set(kinds) & set(actions_of(config.algo)):
        fitting = [name for name in ALGORITHMS if set(kinds) & set(actions_of(name))]
        message = f"missing capability: {config.algo} takes {actions_of(config.algo)[0]} actions, {config.env_id} has"
        problems.append(
            Problem("algo", f"{message} {' and '.join(kinds)} ones", value=config.algo, allowed=", ".join(fitting))
        )
    return problems
