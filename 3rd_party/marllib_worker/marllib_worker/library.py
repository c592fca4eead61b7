"""MARLlib's trainers, driven by this worker instead of by Ray Tune.

``Algorithm.fit`` of MARLlib starts Ray and hands a trainer with its config to Ray Tune. Here both are caught on their
way: the trainer samples and learns in this process, and no process of Ray is started that could be left behind, need
ports or meet another Ray on the machine.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Iterator

import ray
import torch
import yaml
from marllib import marl
from marllib.envs.base_env import ENV_REGISTRY
from marllib.envs.global_reward_env import COOP_ENV_REGISTRY
from ray import tune
from ray.rllib.execution.common import STEPS_TRAINED_COUNTER
from ray.tune.logger import NoopLogger

from .recording import Recorder, recorded_class
from .registry import JOINT_Q, paradigm_of

if TYPE_CHECKING:
    from .config import MarllibWorkerConfig

_PARAMS = Path(marl.__file__).parent / "algos" / "hyperparams"
#: Steps between two results of algorithms that learn from a buffer.
_STEPS_PER_RESULT = 500
_TOTALS = ("_episodes_total", "_timesteps_total", "_time_total")


def fault_of(environment: str, *, cooperative: bool) -> str | None:
    """Return why an environment cannot be used, ``None`` if it can.

    Args:
        environment: MARLlib's name.
        cooperative: Whether the rewards of all agents are shared.
    """
    found = ENV_REGISTRY.get(environment, "MARLlib does not register it")
    if cooperative and not isinstance(found, str):
        found = COOP_ENV_REGISTRY.get(environment, "MARLlib has no form of it in which the agents share their rewards")
    return found if isinstance(found, str) else None


def hyperparams_of(config: MarllibWorkerConfig) -> str:
    """Return which of MARLlib's files of hyperparameters a run takes.

    Args:
        config: A valid config.

    Raises:
        FileNotFoundError: MARLlib has no such file for the algorithm.
    """
    source = config.hyperparams
    if source == "auto":
        tuned = _PARAMS / "finetuned" / config.environment / f"{config.algo}.yaml"
        return config.environment if tuned.is_file() else "common"
    folder = _PARAMS / source if source in ("common", "test") else _PARAMS / "finetuned" / source
    if not (folder / f"{config.algo}.yaml").is_file():
        raise FileNotFoundError(f"MARLlib has no hyperparameters of {config.algo} in {source}")
    return source


def is_cooperative(config: MarllibWorkerConfig) -> bool:
    """Return whether the agents of a run share their rewards."""
    return config.force_coop or config.algo in JOINT_Q or paradigm_of(config.algo) == "value_decomposition"


def known_arguments(config: MarllibWorkerConfig) -> list[str]:
    """Return the names of ``algo_args`` that MARLlib's file for the algorithm has.

    Args:
        config: A valid config.

    Raises:
        FileNotFoundError: MARLlib has no such file for the algorithm.
    """
    source = hyperparams_of(config)
    folder = _PARAMS / source if source in ("common", "test") else _PARAMS / "finetuned" / source
    text = (folder / f"{config.algo}.yaml").read_text(encoding="utf-8")
    return sorted(yaml.safe_load(text)["algo_args"])


def make_environment(config: MarllibWorkerConfig) -> Any:
    """Return MARLlib's environment with its settings, as ``marl.make_env`` does.

    Args:
        config: A valid config.

    Raises:
        Exception: Whatever MARLlib and the environment raise.
    """
    return marl.make_env(
        environment_name=config.environment,
        map_name=config.map_name,
        force_coop=is_cooperative(config),
        **config.env_kwargs,
    )


def make_trainer(
    config: MarllibWorkerConfig, seed: int, recorder: Recorder, folder: Path, *, explore: bool = True
) -> Any:
    """Return the trainer that MARLlib would have handed to Ray Tune, with its environment recorded.

    Args:
        config: A valid config.
        seed: The run's seed.
        recorder: Takes what the agents do.
        folder: Takes RLlib's files; private.
        explore: Whether actions are drawn; ``False``: the best ones are taken.

    Raises:
        Exception: Whatever MARLlib and RLlib raise of an environment or arguments that they refuse.
    """
    with _without_ray() as caught, _recorded(config.environment, recorder):
        env = make_environment(config)
        algorithm = getattr(marl.algos, config.algo)(hyperparam_source=hyperparams_of(config), **config.arguments())
        preference = {"core_arch": config.core_arch, "encode_layer": config.encode_layer}
        model = marl.build_model(env, algorithm, preference)
        algorithm.fit(
            env,
            model,
            stop={},
            num_gpus=0,
            num_workers=0,
            local_mode=False,
            share_policy=config.share_policy,
            seed=seed,
        )
        trainer_class, settings = caught
        settings = {
            **settings,
            "evaluation_interval": None,
            "explore": explore,
            "log_level": "ERROR",
            "min_iter_time_s": 0,
            "num_cpus_for_driver": 1,
        }
        settings.pop("simple_optimizer", None)  # deprecated by Ray 1.8, which says so each time
        default = getattr(trainer_class, "_default_config", None) or {}
        if "timesteps_per_iteration" in default and "buffer_size" in default:
            settings["timesteps_per_iteration"] = _STEPS_PER_RESULT
        return trainer_class(config=settings, logger_creator=lambda given: NoopLogger(given, str(folder)))


def arguments_of(trainer: Any) -> dict[str, Any]:
    """Return what a trainer learns with, as plain JSON."""
    custom = trainer.config["model"]["custom_model_config"]
    return {
        "algo_args": dict(custom["algo_args"]),
        "model_arch_args": dict(custom["model_arch_args"]),
        "train_batch_size": trainer.config.get("train_batch_size"),
        "policies": sorted(trainer.workers.local_worker().policy_map),
    }


def steps_trained_on(trainer: Any) -> int:
    """Return how many steps a trainer's updates have used, each as often as it was used; 0: it has learned nothing."""
    return int(trainer.train_exec_impl.shared_metrics.get().counters[STEPS_TRAINED_COUNTER])


def state_of(trainer: Any) -> dict[str, Any]:
    """Return all that a trainer needs to go on: networks, optimizers, counters."""
    policies = trainer.workers.local_worker().policy_map
    return {
        "trainer": trainer.__getstate__(),
        "iteration": trainer.iteration,
        # MARLlib leaves the optimizer of IQL, VDN and QMIX out of their state.
        "optimizers": {
            name: policies[name].optimiser.state_dict() for name in policies if hasattr(policies[name], "optimiser")
        },
        # RLlib leaves these out of the state of policies and trainers.
        "kl_coeffs": {name: policies[name].kl_coeff for name in policies if hasattr(policies[name], "kl_coeff")},
        "totals": {name: getattr(trainer, name) for name in _TOTALS},
    }


def set_learning_rate(trainer: Any, rate: float) -> None:
    """Have a restored trainer learn with another step size than the one of its checkpoint.

    Args:
        trainer: The trainer.
        rate: The step size.
    """
    policies = trainer.workers.local_worker().policy_map
    for name in policies:
        policy = policies[name]
        optimizers = [*getattr(policy, "_optimizers", []), *filter(None, [getattr(policy, "optimiser", None)])]
        for group in (group for optimizer in optimizers for group in optimizer.param_groups):
            group["lr"] = rate


def restore(trainer: Any, state: dict[str, Any], step: int) -> None:
    """Bring a trainer that was just made back to a state.

    Args:
        trainer: The trainer.
        state: As :func:`state_of` returned it.
        step: Environment steps taken then: exploration falls with them.

    Raises:
        KeyError, RuntimeError, ValueError: It does not fit.
    """
    policies = trainer.workers.local_worker().policy_map
    explorations = [policies[name].exploration for name in policies if hasattr(policies[name], "exploration")]
    schedules = [(each, each.scale_schedule) for each in explorations if hasattr(each, "scale_schedule")]
    put, ray.put = ray.put, lambda value: value  # for workers elsewhere, of which there are none
    try:
        trainer.__setstate__(state["trainer"])
    finally:
        ray.put = put
    # RLlib puts numbers where its noise for continuous actions calls a schedule and computes with a tensor.
    for exploration, schedule in schedules:
        exploration.scale_schedule = schedule
        if hasattr(exploration, "ou_state"):
            exploration.ou_state = torch.as_tensor(exploration.ou_state)
    trainer._iteration = state["iteration"]
    for name, optimizer in state["optimizers"].items():
        policies[name].optimiser.load_state_dict(optimizer)
    for name, coefficient in state.get("kl_coeffs", {}).items():
        policies[name].kl_coeff = coefficient
    for name, total in state.get("totals", {}).items():
        setattr(trainer, name, total)
    trainer.workers.local_worker().set_global_vars({"timestep": step})


@contextlib.contextmanager
def _without_ray() -> Iterator[list[Any]]:
    """Catch what MARLlib hands to Ray Tune."""
    caught: list[Any] = []

    def catch(trainer_class: Any, *, config: Any, **_: Any) -> None:
        caught[:] = [trainer_class, config]

    former = ray.init, ray.shutdown, tune.run
    os.environ.pop("RAY_ADDRESS", None)
    ray.init = ray.shutdown = lambda *_, **__: None
    tune.run = catch
    try:
        yield caught
    finally:
        ray.init, ray.shutdown, tune.run = former


@contextlib.contextmanager
def _recorded(environment: str, recorder: Recorder) -> Iterator[None]:
    """Have MARLlib make environments that report their steps."""
    registries = (ENV_REGISTRY, COOP_ENV_REGISTRY)
    former = [(registry, registry[environment]) for registry in registries if environment in registry]
    for registry, found in former:
        if not isinstance(found, str):
            registry[environment] = recorded_class(found, recorder)
    try:
        yield
    finally:
        for registry, found in former:
            registry[environment] = found


__all__ = [
    "arguments_of",
    "fault_of",
    "is_cooperative",
    "known_arguments",
    "make_environment",
    "make_trainer",
    "restore",
    "state_of",
    "steps_trained_on",
]
