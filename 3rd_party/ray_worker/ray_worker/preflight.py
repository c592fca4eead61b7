"""Finds what would stop a run, before Ray and torch are loaded."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .registry import GYMNASIUM, EnvSource, UnknownEnvironmentError, find_environment
from .spaces import MAX_NUMBERS, Eye, action_kind

if TYPE_CHECKING:
    from .config import RayWorkerConfig

#: Kinds of actions that each algorithm takes on RLlib's new API stack.
ACTIONS = {
    "PPO": ("discrete", "continuous", "multi_discrete"),
    "DQN": ("discrete",),
    "SAC": ("discrete", "continuous"),
    "IMPALA": ("discrete", "continuous", "multi_discrete"),
    "APPO": ("discrete", "continuous", "multi_discrete"),
}


@dataclass(frozen=True)
class Facts:
    """What is known of a run's environment.

    Attributes:
        api: ``gymnasium``, ``parallel`` or ``aec``.
        env_id: Its id, as its registry has it.
        agents: Its agents; none for Gymnasium.
        paradigm: The paradigm of the run, ``auto`` resolved.
    """

    api: str
    env_id: str
    agents: tuple[str, ...]
    paradigm: str


def check_run(config: RayWorkerConfig) -> tuple[Facts | None, list[Any]]:
    """Return what is known of the environment, and every reason why a run cannot start.

    Args:
        config: A valid config.
    """
    from gym_gui.core.worker.errors import Problem

    facts, problems = _check_environment(config)
    if config.mode in ("resume", "evaluate") and not (Path(str(config.checkpoint_path)) / "mosaic.json").is_file():
        problems.append(
            Problem(
                "checkpoint_path",
                "there is no such checkpoint",
                value=config.checkpoint_path,
                allowed="a folder that a checkpoint_saved event named",
            )
        )
    if config.wandb != "off":
        problems += _check_wandb(config)
    try:
        free = shutil.disk_usage("/dev/shm").free >> 20  # noqa: S108
    except OSError:
        free = 0
    if config.object_store_mb > max(free, 2000):
        problems.append(
            Problem(
                "object_store_mb",
                f"is more than /dev/shm has room for ({free} MB free)",
                value=config.object_store_mb,
                allowed=f"at most {max(free, 2000)}; 200 is enough for most runs",
            )
        )
    return facts, problems


def _check_wandb(config: RayWorkerConfig) -> list[Any]:
    from importlib.util import find_spec

    from gym_gui.core.worker.errors import Problem

    if find_spec("wandb") is not None:
        return []
    allowed = 'off, or after: pip install "ray-worker[wandb]"'
    return [Problem("wandb", "the package wandb is not installed", value=config.wandb, allowed=allowed)]


def _check_environment(config: RayWorkerConfig) -> tuple[Facts | None, list[Any]]:
    from gym_gui.core.worker.errors import Problem

    try:
        source = find_environment(config.env_id, config.env_api)
    except UnknownEnvironmentError as error:
        allowed = "an id of Gymnasium's or PettingZoo's registry"
        return None, [Problem("env_id", str(error), value=config.env_id, allowed=allowed, nearest=error.near)]
    try:
        env = source.make(**config.env_kwargs)
    except Exception as error:  # noqa: BLE001 - whatever an environment's constructor raises is the answer
        path = "env_kwargs" if config.env_kwargs and isinstance(error, TypeError) else "env_id"
        return None, [Problem(path, f"the environment cannot be made: {error}", value=getattr(config, path))]
    try:
        return _check_agents(config, source, env)
    finally:
        env.close()


def _check_agents(config: RayWorkerConfig, source: EnvSource, env: Any) -> tuple[Facts | None, list[Any]]:
    from gym_gui.core.worker.errors import Problem

    if source.api == GYMNASIUM:
        facts = Facts(source.api, source.env_id, (), "sequential")
        problems = _check_spaces(config, env.observation_space, env.action_space)
        if config.paradigm not in ("auto", "sequential"):
            message = f"{config.env_id} has one agent"
            problems.append(Problem("paradigm", message, value=config.paradigm, allowed="auto or sequential"))
        return facts, problems
    if not getattr(env, "possible_agents", None):
        env.reset()
        env.possible_agents = list(env.agents)
    agents = tuple(str(agent) for agent in env.possible_agents)
    paradigm = "parameter_sharing" if config.paradigm == "auto" else config.paradigm
    facts = Facts(source.api, source.env_id, agents, paradigm)
    spaces = {agent: (env.observation_space(agent), env.action_space(agent)) for agent in env.possible_agents}
    problems = []
    for observation, action in {str(pair): pair for pair in spaces.values()}.values():
        problems += _check_spaces(config, observation, action)
    if paradigm == "sequential":
        allowed = "parameter_sharing, independent, self_play"
        problems.append(
            Problem("paradigm", f"{config.env_id} has {len(agents)} agents", value=paradigm, allowed=allowed)
        )
    if paradigm == "self_play" and len(agents) != 2:
        message = f"needs two players, {config.env_id} has {len(agents)}"
        problems.append(Problem("paradigm", message, value=paradigm, allowed="parameter_sharing or independent"))
    first = next(iter(spaces.values()))
    others = [str(agent) for agent, pair in spaces.items() if pair != first]
    if paradigm in ("parameter_sharing", "self_play") and others:
        message = f"one policy cannot serve all agents: the spaces of {', '.join(others)} differ from {agents[0]}'s"
        problems.append(Problem("paradigm", message, value=paradigm, allowed="independent"))
    return facts, problems


def _check_spaces(config: RayWorkerConfig, observation: Any, action: Any) -> list[Any]:
    from gym_gui.core.worker.errors import Problem

    problems = []
    kind, taken = action_kind(action), ACTIONS[config.algo]
    if kind not in taken:
        fitting = [algo for algo, kinds in ACTIONS.items() if kind in kinds]
        problems.append(
            Problem(
                "algo",
                f"{config.algo} takes {' or '.join(taken)} actions, {config.env_id} has {action}",
                value=config.algo,
                allowed=", ".join(fitting) or "none of this worker's algorithms",
            )
        )
    try:
        eye = Eye.of(observation)
    except (ValueError, NotImplementedError) as error:
        problems.append(Problem("env_id", f"its observations cannot be used: {error}", value=config.env_id))
        return problems
    numbers = int(eye.space.shape[0]) if len(eye.space.shape) == 1 else 0
    if numbers > MAX_NUMBERS:
        problems.append(
            Problem(
                "env_id",
                f"its observation has {numbers} numbers, too many for fully connected networks",
                value=config.env_id,
                allowed=f"at most {MAX_NUMBERS}",
            )
        )
    return problems


def cpus_needed(config: RayWorkerConfig) -> int:
    """Return how many CPUs the run's Ray instance has to hand out: they admit processes, and do not confine them."""
    trials = config.tune_concurrent if config.mode == "tune" else 1
    return max(os.cpu_count() or 1, trials * (2 + config.num_env_runners))


__all__ = ["ACTIONS", "Facts", "check_run", "cpus_needed"]
