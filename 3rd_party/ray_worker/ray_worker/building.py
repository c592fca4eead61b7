"""RLlib's own config of an algorithm, made from the run's."""

from __future__ import annotations

import inspect
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ray.rllib.algorithms import registry
from ray.rllib.core.rl_module.default_model_config import DefaultModelConfig
from ray.rllib.core.rl_module.multi_rl_module import MultiRLModuleSpec
from ray.rllib.core.rl_module.rl_module import RLModuleSpec
from ray.tune.registry import register_env

from gym_gui.core.worker.errors import ConfigError, Problem, nearest

from .environments import EnvPlan, make_environment
from .paradigms import MAIN, mapping, policies
from .presets import preset_for

if TYPE_CHECKING:
    from ray.rllib.algorithms.algorithm_config import AlgorithmConfig

    from .config import RayWorkerConfig
    from .preflight import Facts

ENV_NAME = "mosaic-env"
#: Algorithms with a replay buffer.
OFF_POLICY = ("DQN", "SAC")


def build_config(
    config: RayWorkerConfig, facts: Facts, plan: EnvPlan, *, seed: int, league: Path = Path(), done: int = 0
) -> AlgorithmConfig:
    """Return what RLlib builds the algorithm from.

    Args:
        config: The run's config.
        facts: Of its environment.
        plan: How its environments are made.
        seed: The run's seed.
        league: File that says how many places of the league are taken.
        done: Environment steps taken before a resume.

    Raises:
        ConfigError: Settings of ``training`` or ``model`` that RLlib does not have.
    """
    register_env(ENV_NAME, make_environment)
    made: AlgorithmConfig = algorithm_class(config.algo).get_default_config()
    training, model = settings(config)
    check_settings(config)
    if facts.agents and config.algo in OFF_POLICY:
        training = _several_agents_replay(made, training)
    made.environment(ENV_NAME, env_config=plan.env_config(), disable_env_checking=True)
    made.framework("torch")
    made.env_runners(
        num_env_runners=config.num_env_runners,
        num_envs_per_env_runner=config.num_envs_per_env_runner,
        num_cpus_per_env_runner=1,
    )
    made.learners(num_learners=0, num_gpus_per_learner=0)
    made.fault_tolerance(restart_failed_env_runners=True)
    made.debugging(seed=seed % 2**31, log_level="WARN")
    made.reporting(min_time_s_per_iteration=0, min_sample_timesteps_per_iteration=_steps_per_iteration(config, done))
    made.training(**_bounded(made, training, config))
    made.rl_module(model_config=DefaultModelConfig(**model))
    if facts.agents:
        names = policies(facts.paradigm, facts.agents, config.league_size)
        made.multi_agent(
            policies=set(names),
            policy_mapping_fn=mapping(facts.paradigm, facts.agents, str(league)),
            policies_to_train=[MAIN] if facts.paradigm == "self_play" else None,
        )
        made.rl_module(
            rl_module_spec=MultiRLModuleSpec(
                rl_module_specs={name: RLModuleSpec(model_config=DefaultModelConfig(**model)) for name in names}
            )
        )
    return made


def algorithm_class(algo: str) -> Any:
    """Return RLlib's class of an algorithm; Tune, asked by name, would import every one of them."""
    return registry.ALGORITHMS[algo]()[0]


def check_settings(config: RayWorkerConfig) -> None:
    """See that RLlib has every setting that is given.

    Raises:
        ConfigError: It has not; every one is named, with the nearest that it has.
    """
    training, model = settings(config)
    made = algorithm_class(config.algo).get_default_config()
    problems = [*_check_training(made, training), *_check_model(model)]
    if problems:
        raise ConfigError("The run cannot start.", problems)


def settings(config: RayWorkerConfig) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return arguments for ``training`` and for the model: what is given, else the preset's."""
    preset = preset_for(config.algo, config.env_id) if config.preset == "auto" else None
    training = dict(preset.training) if preset else {}
    model = dict(preset.model) if preset else {}
    training.update(config.training_settings())
    if config.hidden_sizes is not None:
        model["fcnet_hiddens"] = list(config.hidden_sizes)
    model.update(config.model)
    return training, model


def keep_out_of_home(folder: Path) -> None:
    """Let RLlib put what it writes beside its checkpoints into a folder; its default is ``~/ray_results``."""
    from ray.tune.trainable import trainable

    trainable.DEFAULT_STORAGE_PATH = str(folder)


def _steps_per_iteration(config: RayWorkerConfig, done: int) -> int | None:
    """Return after how many steps an iteration ends; ``None``: after each update, as PPO does."""
    return None if config.algo == "PPO" else min(1000, max(1, config.total_timesteps - done))


def _bounded(made: AlgorithmConfig, training: dict[str, Any], config: RayWorkerConfig) -> dict[str, Any]:
    """Keep PPO's default batch from being longer than the training, and all else as it is."""
    if config.algo != "PPO" or "train_batch_size_per_learner" in training:
        return training
    size = min(int(made.total_train_batch_size), config.total_timesteps)
    return {
        "minibatch_size": min(int(made.minibatch_size or size), size),
        **training,
        "train_batch_size_per_learner": size,
    }


def _several_agents_replay(made: AlgorithmConfig, training: dict[str, Any]) -> dict[str, Any]:
    """Choose the replay buffer that RLlib has for several agents, if none is given: its default is for one alone."""
    given = training.get("replay_buffer_config") or {}
    if "type" in given:
        return training
    buffer = {**made.replay_buffer_config, **given, "type": "MultiAgentPrioritizedEpisodeReplayBuffer"}
    return {**training, "replay_buffer_config": buffer}


def _check_training(made: AlgorithmConfig, given: dict[str, Any]) -> list[Problem]:
    known = set()
    for kind in type(made).__mro__:
        if "training" in vars(kind):
            parameters = inspect.signature(vars(kind)["training"]).parameters.values()
            known |= {p.name for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY}
    return [
        Problem(f"training.{name}", "is not an argument of RLlib", value=value, nearest=nearest(name, known))
        for name, value in given.items()
        if name not in known
    ]


def _check_model(given: dict[str, Any]) -> list[Problem]:
    known = [entry.name for entry in fields(DefaultModelConfig)]
    return [
        Problem(f"model.{name}", "is not a setting of RLlib's models", value=value, nearest=nearest(name, known))
        for name, value in given.items()
        if name not in known
    ]


__all__ = [
    "ENV_NAME",
    "algorithm_class",
    "build_config",
    "check_settings",
    "keep_out_of_home",
    "settings",
]
