"""Environments by their ids: which library has one, and how it is made."""

from __future__ import annotations

import importlib
import pkgutil
import re
import warnings
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import gymnasium as gym

from .config import RandomWorkerConfig
from .sdk import make_rendered

Api = Literal["parallel", "aec"]

#: A module that makes environments, as PettingZoo and those who follow it name them: ``mpe2/simple_spread_v3``.
_MODULE_ID = re.compile(r"(?:\w+[/.])+\w+_v\d+")
_VERSIONED = re.compile(r"\w+_v\d+")
#: Packages with environments of PettingZoo's kinds, besides its own families.
_PACKAGES = ("mpe2",)


def is_pettingzoo(env_id: str) -> bool:
    """Return whether an id is of PettingZoo's form: a path that ends with ``_v`` and a number."""
    return _MODULE_ID.fullmatch(env_id) is not None and env_id not in gym.registry


def pettingzoo_module(env_id: str) -> ModuleType:
    """Import the module that an id names: of one of PettingZoo's own families, or of any package.

    Raises:
        ImportError: There is none, or it cannot be imported.
    """
    dotted = env_id.replace("/", ".")
    name = f"pettingzoo.{dotted}" if dotted.partition(".")[0] in _families() else dotted
    with warnings.catch_warnings():
        # Newer versions would have one use their registry, which does not know other packages' environments.
        warnings.filterwarnings("ignore", "The old environment creation API", DeprecationWarning)
        return importlib.import_module(name)


def pettingzoo_ids(env_id: str) -> list[str]:
    """Return the ids that there are: of PettingZoo's families, and of the package that an id names."""
    found = [f"{family}/{name}" for family, folder in _families().items() for name in _environments([folder])]
    for package in dict.fromkeys((re.split("[/.]", env_id)[0], *_PACKAGES)):
        found += [f"{package}/{name}" for name in _environments(_folders(package))]
    return found


def make_single(config: RandomWorkerConfig) -> gym.Env:
    """Make a Gymnasium environment."""
    return make_rendered(gym.make, config.render, config.env_id, **config.env_kwargs)


def make_vector(config: RandomWorkerConfig) -> gym.vector.VectorEnv:
    """Make a vector of Gymnasium environments, each of which is reset when it is told to."""
    options: dict[str, Any] = {"autoreset_mode": gym.vector.AutoresetMode.DISABLED}
    if config.vectorization == "async":
        options["context"] = "spawn"  # a fork would copy the heartbeat's locks in whatever state they are
    return make_rendered(
        gym.make_vec,
        config.render,
        config.env_id,
        num_envs=config.num_envs,
        vectorization_mode=config.vectorization,
        vector_kwargs=options,
        **config.env_kwargs,
    )


def make_agents(config: RandomWorkerConfig) -> tuple[Any, Api]:
    """Make a PettingZoo environment: at once where it can and nothing else is said, else in turn.

    Raises:
        ImportError: There is none of that id.
        AttributeError: It does not have the API that is asked for.
    """
    module = pettingzoo_module(config.env_id)
    api: Api = (
        "aec"
        if config.api == "aec" or not (config.api == "parallel" or hasattr(module, "parallel_env"))
        else "parallel"
    )
    make = getattr(module, "env" if api == "aec" else "parallel_env")
    return make_rendered(make, config.render, **config.env_kwargs), api


def _families() -> dict[str, str]:
    """Return the folders of PettingZoo's own families."""
    folders = [Path(folder) for folder in _folders("pettingzoo")]
    return {
        path.name: str(path)
        for folder in folders
        for path in sorted(folder.iterdir())
        if path.is_dir() and (path / "__init__.py").is_file() and path.name not in ("utils", "test", "env_registry")
    }


def _folders(package: str) -> list[str]:
    try:
        spec = find_spec(package)
    except (ImportError, ValueError):
        return []
    return list(spec.submodule_search_locations or []) if spec else []


def _environments(folders: list[str]) -> Iterator[str]:
    """Yield the names of modules that make environments, without importing any."""
    return (module.name for module in pkgutil.iter_modules(folders) if _VERSIONED.fullmatch(module.name))
