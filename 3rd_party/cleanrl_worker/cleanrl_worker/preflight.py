"""Finds what would stop a run, before torch is loaded."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gymnasium as gym

from .make_env import extra_of, find_spec, is_atari, make_env
from .needs import NEEDS, fitting_algorithms
from .sdk import Problem, nearest_env_ids
from .spaces import Spaces

if TYPE_CHECKING:
    from .config import CleanRLWorkerConfig

#: Numbers of an observation beyond which fully connected networks make no sense.
MAX_OBS_DIM = 20_000
_KINDS = {
    "discrete": "discrete actions",
    "continuous": "continuous actions (a Box)",
    "bounded": "continuous actions (a Box) with finite bounds",
}


def check_run(config: CleanRLWorkerConfig) -> list[Problem]:
    """Return every reason why a run cannot start.

    Args:
        config: A valid config.
    """
    problems = _check_wandb(config)
    if config.script:
        from .script.preflight import check_script

        return problems + check_script(config)
    problems += _check_stages(config)
    if config.mode != "train" and not Path(str(config.checkpoint_path)).is_file():
        problems.append(
            Problem(
                "checkpoint_path",
                "there is no such file",
                value=config.checkpoint_path,
                allowed="a path that a checkpoint_saved event named",
            )
        )
    num_envs = config.arguments().num_envs
    if config.mode == "train" and config.total_timesteps < num_envs:
        problems.append(
            Problem(
                "total_timesteps",
                f"is less than one step of each of the {num_envs} environments",
                value=config.total_timesteps,
                allowed=f"at least num_envs, {num_envs}",
            )
        )
    return problems


def _check_stages(config: CleanRLWorkerConfig) -> list[Problem]:
    """Check the environment of each stage, and that all have the same spaces."""
    problems: list[Problem] = []
    first: Spaces | None = None
    stages = config.stages()
    for i, stage in enumerate(stages):
        path = f"curriculum[{i}]." if config.curriculum else ""
        found, spaces = check_environment(config.algo, stage.env_id, stage.env_kwargs, path)
        problems += found
        first = first or spaces
        if first is not None and spaces is not None:
            problems += _compare(first, spaces, stages[0].env_id, stage.env_id, f"{path}env_id")
    return problems


def _compare(first: Spaces, spaces: Spaces, first_id: str, env_id: str, path: str) -> list[Problem]:
    """Return where the spaces of a stage differ from those of the first: one network must fit both."""
    pairs = {
        "observations": (spaces.obs_shape, first.obs_shape),
        "actions": (spaces.action_space, first.action_space),
    }
    return [
        Problem(
            path,
            f"its {what} differ from those of the first stage: {here} here, {there} in {first_id}",
            value=env_id,
            allowed="environments with the same spaces",
        )
        for what, (here, there) in pairs.items()
        if here != there
    ]


def _check_wandb(config: CleanRLWorkerConfig) -> list[Problem]:
    if config.wandb == "off" or config.script_python or importlib.util.find_spec("wandb") is not None:
        return []
    return [
        Problem("wandb", "the package wandb is not installed", value=config.wandb, allowed=f"off, or {_after('wandb')}")
    ]


def check_env_id(env_id: str, path: str = "env_id") -> list[Problem]:
    """Return why Gymnasium does not know an environment, with the nearest name that it knows."""
    try:
        find_spec(env_id)
    except ImportError as error:
        return [Problem(path, str(error), value=env_id, allowed="'package:Name-v0' of an installed package")]
    except gym.error.Error as error:
        reason = str(error).split(". ")[0].rstrip(".")
        if env_id.startswith("ALE/") and "ale_py" not in str(error) and not _known_namespace("ALE"):
            message = "ale-py, which has the Atari games, is not installed"
            return [Problem(path, message, value=env_id, allowed=_after("atari"))]
        near = next(iter(nearest_env_ids(env_id, gym.registry)), None)
        allowed = "an id of Gymnasium's registry, or 'package:Name-v0'"
        return [Problem(path, f"Gymnasium does not know it ({reason})", value=env_id, allowed=allowed, nearest=near)]
    return []


def check_environment(
    algo: str, env_id: str, env_kwargs: dict[str, Any], path: str = ""
) -> tuple[list[Problem], Spaces | None]:
    """Return why an algorithm cannot train on an environment, and its spaces where it can be made.

    Args:
        algo: The algorithm.
        env_id: The environment.
        env_kwargs: What it is made with.
        path: Where ``env_id`` and ``env_kwargs`` stand in the config.
    """
    problems = check_env_id(env_id, f"{path}env_id")
    if problems:
        return problems, None
    spec, needs = find_spec(env_id), NEEDS[algo]
    if needs.observations == "atari" and not is_atari(spec):
        message = f"{algo} needs a game of ale-py ('ALE/Pong-v5'), {env_id} is none"
        others = " or ".join(name for name, other in NEEDS.items() if other.observations != "atari")
        return [Problem("algo", message, value=algo, allowed=others)], None
    try:
        env = make_env(env_id, env_kwargs, needs.observations)
    except Exception as error:  # noqa: BLE001 - whatever an environment's constructor raises is the answer
        name = "env_kwargs" if env_kwargs and isinstance(error, TypeError) else "env_id"
        extra = extra_of(spec)
        missing = extra is not None and isinstance(error, (ImportError, gym.error.DependencyNotInstalled))
        problem = Problem(
            f"{path}{name}",
            f"the environment cannot be made: {error}",
            value=env_id if name == "env_id" else env_kwargs,
            allowed=_after(str(extra)) if missing else "",
        )
        return [problem], None
    try:
        if not isinstance(env.observation_space, gym.spaces.Box):
            message = f"its observations have no fixed size, {env_id} has {env.unwrapped.observation_space}"
            return [Problem(f"{path}env_id", message, value=env_id, allowed="observations of a fixed size")], None
        spaces = Spaces.of(env)
        return _check_spaces(algo, env_id, spaces, f"{path}env_id", atari=is_atari(spec)), spaces
    finally:
        env.close()


def _check_spaces(algo: str, env_id: str, spaces: Spaces, path: str, *, atari: bool) -> list[Problem]:
    problems, needs, kind = [], NEEDS[algo], spaces.actions
    fitting = fitting_algorithms(kind, needs.observations)
    if algo not in fitting:
        allowed = " or ".join(fitting) or "none of this worker's algorithms"
        message = f"{algo} needs {_KINDS[needs.actions]}, {env_id} has {spaces.action_space}"
        problems.append(Problem("algo", message, value=algo, allowed=allowed))
    if needs.observations == "vector" and spaces.obs_dim > MAX_OBS_DIM:
        problems.append(
            Problem(
                path,
                f"its observation has {spaces.obs_dim} numbers, too many for fully connected networks",
                value=env_id,
                allowed="algo ppo_atari" if atari else f"at most {MAX_OBS_DIM}",
            )
        )
    return problems


def _known_namespace(name: str) -> bool:
    return any(spec.namespace == name for spec in gym.registry.values())


def _after(extra: str) -> str:
    return f'after: pip install "cleanrl-worker[{extra}]"'
