"""What an algorithm and its policy are made with: checked by name against the library, classes resolved."""

from __future__ import annotations

import importlib
import inspect
import json
from typing import Any

from gym_gui.core.worker import Problem
from gym_gui.core.worker.errors import nearest

from .config import Sb3WorkerConfig

#: Arguments of constructors that fields of their own, or this worker itself, decide.
_DECIDED = {
    "policy": "the field policy",
    "env": "the field env_id",
    "policy_kwargs": "the field policy_kwargs",
    "seed": "the run's seed",
    "device": "the field device",
    "tensorboard_log": "the field tensorboard",
    "verbose": "the worker",
    "_init_setup_model": "the worker",
    "action_noise": "the field action_noise",
}
_POLICY_DECIDED = {"observation_space": "the environment", "action_space": "the environment"}
#: Where a class is looked for by its bare name.
_CLASS_HOMES = (
    "torch.nn",
    "torch.optim",
    "stable_baselines3.common.torch_layers",
    "sb3_contrib.common.torch_layers",
    "stable_baselines3.common.buffers",
    "stable_baselines3.her",
    "stable_baselines3",
)


def parameters_of(target: Any) -> dict[str, inspect.Parameter]:
    """Return the named parameters of a class's constructor, those that it hands on to its bases included."""
    found: dict[str, inspect.Parameter] = {}
    for base in target.__mro__:
        constructor = base.__dict__.get("__init__")
        if base is object or constructor is None:
            continue
        parameters = list(inspect.signature(constructor).parameters.values())[1:]
        for parameter in parameters:
            if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
                found.setdefault(parameter.name, parameter)
        if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
            break
    return found


def check_arguments(config: Sb3WorkerConfig, algorithm: Any, policy: str | None) -> list[Problem]:
    """Return every argument that the algorithm or its policy does not have, with the nearest that it has.

    Args:
        config: The config.
        algorithm: The algorithm's class.
        policy: The policy's name; its arguments are left unchecked where it is unknown.
    """
    names = [name for name in parameters_of(algorithm) if name not in _DECIDED]
    problems = [
        Problem(
            name,
            f"is not an argument of {config.algo}",
            value=value,
            allowed="null, or one of " + ", ".join(names),
            nearest=nearest(name, names),
        )
        for name, value in config.given_arguments().items()
        if name not in names
    ]
    if config.action_noise is not None and "action_noise" not in parameters_of(algorithm):
        problems.append(Problem("action_noise", f"is not an argument of {config.algo}", value=config.action_noise))
    for name, value in config.algorithm_kwargs.items():
        path = f"algorithm_kwargs.{name}"
        if name in _DECIDED:
            problems.append(Problem(path, f"is decided by {_DECIDED[name]}", value=value, allowed="leave it out"))
        elif name in config.given_arguments():
            problems.append(Problem(path, "is given twice", value=value, allowed=f"the field {name} alone"))
        else:
            problems += _check(path, name, value, names, config.algo)
    policy_class = algorithm.policy_aliases.get(policy)
    if policy_class is None:
        return problems
    fixed = {*_POLICY_DECIDED, "lr_schedule"}
    names = [name for name in parameters_of(policy_class) if name not in fixed]
    for name, value in config.policy_kwargs.items():
        problems += _check(f"policy_kwargs.{name}", name, value, names, str(policy))
    return problems


def algorithm_arguments(config: Sb3WorkerConfig, algorithm: Any) -> dict[str, Any]:
    """Return the checked keyword arguments of an algorithm's constructor, its noise and policy's left out.

    Args:
        config: A config without faults.
        algorithm: The algorithm's class.
    """
    values = {**config.given_arguments(), **_resolved(config.algorithm_kwargs)}
    if isinstance(values.get("train_freq"), list):
        values["train_freq"] = tuple(values["train_freq"])
    if config.learning_rate_schedule == "linear":
        from stable_baselines3.common.utils import LinearSchedule

        start = values.get("learning_rate", parameters_of(algorithm)["learning_rate"].default)
        values["learning_rate"] = LinearSchedule(start, 0.0, 1.0)
    return values


def policy_arguments(config: Sb3WorkerConfig) -> dict[str, Any]:
    """Return the keyword arguments of the policy, classes resolved."""
    return _resolved(config.policy_kwargs)


def make_noise(config: Sb3WorkerConfig, size: int) -> Any:
    """Return the action noise that the config asks for, or ``None``.

    Args:
        config: The config.
        size: How many numbers an action has.
    """
    if config.action_noise is None:
        return None
    import numpy as np
    from stable_baselines3.common.noise import NormalActionNoise, OrnsteinUhlenbeckActionNoise

    kind = NormalActionNoise if config.action_noise == "normal" else OrnsteinUhlenbeckActionNoise
    return kind(np.zeros(size), np.full(size, config.action_noise_std))


def described(values: dict[str, Any]) -> dict[str, Any]:
    """Return arguments as plain JSON, classes by name."""
    described: dict[str, Any] = json.loads(json.dumps(values, default=_name))
    return described


def find_class(path: str) -> Any:
    """Return a class by ``module:Name``, or by its bare name where PyTorch or the libraries have one.

    Raises:
        ValueError: There is none; with the nearest name.
    """
    module, colon, name = path.partition(":")
    if colon:
        try:
            return getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError) as error:
            raise ValueError(str(error)) from None
    known: dict[str, Any] = {}
    for home in _CLASS_HOMES:
        for known_name, value in vars(importlib.import_module(home)).items():
            if isinstance(value, type):
                known.setdefault(known_name, value)
    exact = known.get(path) or next((value for key, value in known.items() if key.lower() == path.lower()), None)
    if exact is not None:
        return exact
    near = nearest(path, known)
    raise ValueError(f"there is no class {path!r}" + (f"; did you mean {near}?" if near else ""))


def takes_class(name: str) -> bool:
    """Return whether an argument of this name takes a class."""
    return name.endswith(("_class", "_fn"))


def _check(path: str, name: str, value: Any, names: list[str], owner: str) -> list[Problem]:
    if name not in names:
        return [
            Problem(
                path,
                f"is not an argument of {owner}",
                value=value,
                allowed=", ".join(names),
                nearest=nearest(name, names),
            )
        ]
    if takes_class(name) and isinstance(value, str):
        try:
            find_class(value)
        except ValueError as error:
            return [Problem(path, str(error), value=value, allowed="a class of torch.nn, torch.optim, or module:Class")]
    return []


def _resolved(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: find_class(value) if takes_class(name) and isinstance(value, str) else value
        for name, value in values.items()
    }


def _name(value: Any) -> str:
    return value.__name__ if isinstance(value, type) else str(value)
