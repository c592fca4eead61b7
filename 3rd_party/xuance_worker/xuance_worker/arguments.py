"""XuanCe's own config of an algorithm: its files, with what the run's config says otherwise."""

from __future__ import annotations

import importlib.util
from argparse import Namespace
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from .config import XuanceWorkerConfig
from .registry import several_agents
from .sdk import Problem, nearest

#: Arguments that follow from fields of the run's config, by the field.
_DECIDED = {
    "agent": "algo", "env_name": "env_id", "env_id": "env_id", "env_seed": "seed", "seed": "seed",
    "parallels": "n_envs", "running_steps": "total_timesteps", "dl_toolbox": "backend", "device": "device",
    "logger": "tensorboard", "render": "render", "render_mode": "render", "vectorize": "n_envs",
    "distributed_training": "n_envs", "model_dir": "checkpoint_path", "log_dir": "tensorboard",
    "continuous_action": "env_kwargs", "learner": "algo", "use_parameter_sharing": "parameter_sharing",
}  # fmt: skip
#: Algorithms without a config file of their own in XuanCe to the one whose files they share, as XuanCe's comments say.
_SHARED = {"PPO_KL": "PPO"}
_SPECIAL = ("atari", "drones", "metadrive", "minigrid")
_TYPICAL = {"discrete": "CartPole-v1", "continuous": "Pendulum-v1", "several": "simple_spread_v3"}
#: What agents read and some of XuanCe's config files do not say: the values of the files that do.
_ALWAYS = {"use_obsnorm": False, "use_rewnorm": False, "obsnorm_range": 5, "rewnorm_range": 5, "huber_delta": 10.0}
#: What some of XuanCe's agents read and their config files do not say.
_MISSING: dict[str, dict[str, Any]] = {
    "PPO_KL": {"target_kl": 0.25, "kl_coef": 1.0, "learner": "PPOKL_Learner"},
}


def config_folder() -> Path:
    """Return the folder of XuanCe's config files, without importing it."""
    spec = importlib.util.find_spec("xuance")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "configs"


@lru_cache(maxsize=1)
def _files() -> dict[str, list[tuple[Path, dict[str, Any]]]]:
    """Return the config files of each algorithm with their content."""
    found: dict[str, list[tuple[Path, dict[str, Any]]]] = {}
    for path in sorted(config_folder().rglob("*.yaml")):
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        if isinstance(content, dict) and content.get("agent"):
            found.setdefault(content["agent"], []).append((path, content))
    return found


def files_of(algo: str) -> list[tuple[Path, dict[str, Any]]]:
    """Return an algorithm's config files in XuanCe, with their content."""
    return _files().get(_SHARED.get(algo, algo), [])


def known_arguments(algo: str) -> set[str]:
    """Return the names that XuanCe's config files of an algorithm know."""
    basic = yaml.safe_load((config_folder() / "basic.yaml").read_text(encoding="utf-8"))
    names = set(basic) | {name for _, content in files_of(algo) for name in content} | set(_MISSING.get(algo, {}))
    own = {name for _, content in files_of(algo) for name in content}
    return names - ({"learning_rate"} - own)


def check_arguments(config: XuanceWorkerConfig) -> list[Problem]:
    """Return what is wrong with the arguments of XuanCe's config that the run's config gives.

    Args:
        config: A valid config.
    """
    known = known_arguments(config.algo) - set(_DECIDED)
    problems = [
        Problem(f"settings.{name}", f"is decided by {_DECIDED[name]}", value=value)
        for name, value in config.settings.items()
        if name in _DECIDED
    ]
    named = {name for name in config.arguments() if name not in config.settings} - set(_DECIDED)
    fields = type(config).__dataclass_fields__
    problems += [
        Problem(f"settings.{name}", f"is given twice: there is a field {name}", value=value)
        for name, value in config.settings.items()
        if name in fields and name not in _DECIDED and getattr(config, name) is not None
    ]
    allowed = ", ".join(sorted(known))
    problems += [
        Problem(
            name if name in named else f"settings.{name}",
            f"is not an argument of {config.algo} in XuanCe",
            value=value,
            allowed=allowed,
            nearest=nearest(name, known),
        )
        for name, value in config.arguments().items()
        if name not in known and name not in _DECIDED
    ]
    return problems


def chosen_file(config: XuanceWorkerConfig, continuous: bool) -> tuple[Path, dict[str, Any]] | None:
    """Return XuanCe's config file for a run: the environment's, else a typical one for its actions.

    Args:
        config: Names algorithm and environment.
        continuous: Whether the environment's actions are.
    """
    files = files_of(config.algo)
    name = config.env_id.rpartition("/")[2]
    name = name.replace("-v", "_v") if several_agents(config.algo) else name
    kind = "continuous" if continuous else "discrete"
    typical = _TYPICAL["several" if several_agents(config.algo) else kind]
    fitting = [entry for entry in files if _fits(str(entry[1].get("policy", "")), continuous)]
    for wanted, candidates in ((name, files), (typical, fitting), (typical, files)):
        for entry in candidates:
            if entry[0].stem == wanted:
                return entry
    plain = [entry for entry in (fitting or files) if entry[0].stem not in _SPECIAL]
    return next(iter(plain or files), None)


def library_config(
    config: XuanceWorkerConfig, *, seed: int, continuous: bool, alike: bool, saved: dict[str, Any] | None = None
) -> Namespace:
    """Return what XuanCe's agent is made with.

    Args:
        config: A config without faults.
        seed: The run's seed.
        continuous: Whether the environment's actions are.
        alike: Whether all agents have the same spaces.
        saved: What a checkpoint's training was made with, to go on with.
    """
    values: dict[str, Any] = yaml.safe_load((config_folder() / "basic.yaml").read_text(encoding="utf-8"))
    chosen = chosen_file(config, continuous)
    if chosen is not None:
        values.update(chosen[1])
    values.update(_MISSING.get(config.algo, {}))
    policy = str(values.get("policy", ""))
    if not _fits(policy, continuous):
        values["policy"] = policy.replace("Gaussian", "Categorical") if not continuous else policy.replace(
            "Categorical", "Gaussian"
        )  # fmt: skip
    if policy == "Categorical_MAAC_Policy_Share":  # a name that XuanCe's own agents no longer know
        values["policy"] = "Categorical_MAAC_Policy"
    values.setdefault("use_parameter_sharing", True)
    if not alike:
        values["use_parameter_sharing"] = False
    values.update(saved or {})
    values.update(config.arguments())
    if config.algo == "SAC":
        values["learner"] = "SAC_Learner" if continuous else "SACDIS_Learner"
    values.update(
        agent=config.algo,
        env_name="mosaic",
        env_id=config.env_id,
        seed=seed,
        env_seed=seed,
        running_steps=max(config.total_timesteps, int(values.get("parallels") or 1)),
        dl_toolbox=config.backend,
        device=config.device,
        logger="tensorboard",
        render=False,
        render_mode="rgb_array",
        continuous_action=continuous,
        distributed_training=False,
        model_dir="models",
        log_dir="logs",
    )
    for name, default in _ALWAYS.items():
        values.setdefault(name, default)
    return Namespace(**values)


def _fits(policy: str, continuous: bool) -> bool:
    if policy.startswith("Gaussian"):
        return continuous
    return not continuous if policy.startswith("Categorical") else True
