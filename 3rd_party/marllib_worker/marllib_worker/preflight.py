"""Finds what would stop a run, and says which capability is missing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from gym_gui.core.worker import Problem
from gym_gui.core.worker.errors import nearest

from .registry import ALGORITHMS, CONTINUOUS, ENVIRONMENTS, JOINT_Q

if TYPE_CHECKING:
    from .config import MarllibWorkerConfig


def check_run(config: MarllibWorkerConfig) -> list[Problem]:
    """Return every reason why a run cannot start.

    Args:
        config: A valid config.
    """
    from . import library

    problems = [*_check_checkpoint(config), *_check_arguments(config)]
    cooperative = library.is_cooperative(config)
    fault = library.fault_of(config.environment, cooperative=cooperative)
    if fault is not None:
        message = f"missing capability: {config.environment} cannot be used here ({fault})"
        allowed = f"mpe/…; {config.environment} needs {ENVIRONMENTS[config.environment]}"
        return [*problems, Problem("env_id", message, value=config.env_id, allowed=allowed)]
    try:
        env, _ = library.make_environment(config)
    except Exception as error:  # noqa: BLE001 - whatever an environment's constructor raises is the answer
        illegal = config.env_kwargs and (isinstance(error, TypeError) or "not in default config" in str(error))
        path = "env_kwargs" if illegal else "env_id"
        message = f"the environment cannot be made: {error}"
        return [*problems, Problem(path, message, value=getattr(config, path))]
    try:
        return [*problems, *_check_actions(config, env), *_check_sharing(config, env)]
    finally:
        env.close()


def _check_checkpoint(config: MarllibWorkerConfig) -> list[Problem]:
    if config.mode == "train" or Path(str(config.checkpoint_path)).is_file():
        return []
    allowed = "a path that a checkpoint_saved event named"
    return [Problem("checkpoint_path", "there is no such file", value=config.checkpoint_path, allowed=allowed)]


def _check_arguments(config: MarllibWorkerConfig) -> list[Problem]:
    from . import library

    try:
        known = library.known_arguments(config)
    except FileNotFoundError as error:
        return [Problem("hyperparams", str(error), value=config.hyperparams, allowed="auto, common, test")]
    fields = {"batch_episode": "batch_episode", "lr": "lr"}
    problems = []
    for name, value in config.arguments().items():
        if name not in known:
            path = fields[name] if name in fields and name not in config.algo_args else f"algo_args.{name}"
            message = f"is not an argument of {config.algo}"
            near = nearest(name, known)
            problems.append(Problem(path, message, value=value, allowed=", ".join(known), nearest=near))
    return problems


def _check_actions(config: MarllibWorkerConfig, env: Any) -> list[Problem]:
    discrete = hasattr(env.action_space, "n")
    name = config.algo
    if name in CONTINUOUS and discrete:
        kind, fitting = "continuous", [each for each in ALGORITHMS if each not in CONTINUOUS]
    elif name in JOINT_Q and not discrete:
        kind, fitting = "discrete", [each for each in ALGORITHMS if each not in JOINT_Q]
    else:
        return []
    message = f"missing capability: {name} takes {kind} actions, {config.env_id} has {env.action_space}"
    if config.environment == "mpe":
        message += "; env_kwargs.continuous_actions chooses"
    return [Problem("algo", message, value=name, allowed=", ".join(fitting))]


def _check_sharing(config: MarllibWorkerConfig, env: Any) -> list[Problem]:
    rules = env.get_env_info()["policy_mapping_info"]
    rules = rules.get("all_scenario") or rules.get(config.map_name) or {}
    teams = rules.get("team_prefix", ())
    alike, single = rules.get("all_agents_one_policy", True), rules.get("one_agent_one_policy", True)
    several = len(teams) > 1
    if config.algo in JOINT_Q:
        possible = {"all": alike, "group": alike and not several, "individual": False}
    elif config.algo in ("happo", "hatrpo"):  # they give each agent its own in any case
        possible = dict.fromkeys(_WHOM, single)
    else:
        possible = {"all": alike, "group": alike or several, "individual": single}
    allowed = [choice for choice in _WHOM if possible[choice]]
    if config.share_policy in allowed:
        return []
    whom = _WHOM[config.share_policy]
    message = f"missing capability: {config.algo} on {config.env_id} cannot have one policy for {whom}"
    return [Problem("share_policy", message, value=config.share_policy, allowed=", ".join(allowed) or "none")]


_WHOM = {"all": "all agents", "group": "each team", "individual": "each agent"}
