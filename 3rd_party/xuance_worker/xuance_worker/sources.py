"""Which environment an id names, asked of the libraries' own registries."""

from __future__ import annotations

import difflib
import importlib
import os
import pkgutil
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

# Environments that draw do so without a screen.
os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")

GYMNASIUM, PARALLEL, AEC = "gymnasium", "parallel", "aec"
#: Where PettingZoo's families moved to.
_MOVED = {"mpe": "mpe2"}


class UnknownEnvironmentError(LookupError):
    """No registry knows an id, or what it comes from is not installed.

    Args:
        message: Why.
        near: The nearest id that is known.
    """

    def __init__(self, message: str, near: str | None = None) -> None:
        super().__init__(message)
        self.near = near


@dataclass(frozen=True)
class EnvSource:
    """Where an environment comes from.

    Attributes:
        api: ``gymnasium``, ``parallel`` or ``aec``.
        env_id: Its id, as its registry has it.
        make: Makes one, given its keyword arguments.
    """

    api: str
    env_id: str
    make: Callable[..., Any]


def find_environment(env_id: str, api: str = "auto") -> EnvSource:
    """Find an environment by its id.

    Args:
        env_id: A Gymnasium id, or ``family/name_vN`` (or ``-vN``) of PettingZoo; ``pettingzoo/`` may stand before it.
        api: ``auto``, or the one of its interfaces that is wanted.

    Raises:
        UnknownEnvironmentError: There is none, or not with this interface.
    """
    import gymnasium

    from gym_gui.core.worker.envs import find_env_spec, nearest_env_ids

    name = env_id.removeprefix("pettingzoo/").removeprefix("pettingzoo.").removeprefix("pettingzoo:")
    explicit = name != env_id
    if api in ("auto", GYMNASIUM) and not explicit:
        try:
            find_env_spec(env_id)
        except ImportError as error:
            raise UnknownEnvironmentError(str(error)) from None
        except gymnasium.error.Error as error:
            if api == GYMNASIUM or name.startswith("ALE/") or ("/" not in name and "." not in name):
                reason = str(error).split(". ")[0].rstrip(".")
                message = f"Gymnasium does not know it ({reason})"
                raise UnknownEnvironmentError(message, next(iter(nearest_env_ids(env_id, known_ids())), None)) from None
        else:
            return EnvSource(GYMNASIUM, env_id, lambda **kwargs: gymnasium.make(env_id, **kwargs))
    return _find_pettingzoo(name.replace(".", "/"), api)


def known_ids() -> list[str]:
    """Return every id that the registries hold."""
    import gymnasium

    found = list(gymnasium.registry)
    try:
        registration = importlib.import_module("pettingzoo.env_registry.registration")
        importlib.import_module("pettingzoo.env_registry")
        found += [*registration.aec_registry, *registration.parallel_registry]
    except ImportError:
        return found
    return sorted({*found, *_mpe_ids()})


def _mpe_ids() -> list[str]:
    try:
        package = importlib.import_module("mpe2")
    except ImportError:
        return []
    names = (module.name for module in pkgutil.iter_modules(package.__path__))
    return [re.sub(r"_v(\d+)$", r"-v\1", f"mpe2/{name}") for name in names if "_v" in name]


def _find_pettingzoo(name: str, api: str) -> EnvSource:
    family, _, rest = name.partition("/")
    # Modules are called name_v3, the registry's entries name-v3: both are taken.
    module = re.sub(r"-v(\d+)$", r"_v\1", f"{_MOVED.get(family, family)}/{rest}")
    name = re.sub(r"_v(\d+)$", r"-v\1", module)
    wanted = (PARALLEL, AEC) if api == "auto" else (api,)
    makers = _registered(name) or _of_module(module)
    if not makers:
        raise UnknownEnvironmentError("neither Gymnasium nor PettingZoo knows it", _nearest(name, known_ids()))
    for kind in wanted:
        if kind in makers:
            return EnvSource(kind, module, makers[kind])
    raise UnknownEnvironmentError(f"it has no {wanted[0]} interface, only {' and '.join(makers)}")


def _registered(name: str) -> dict[str, Callable[..., Any]]:
    """Return what PettingZoo's registry makes of a name, by interface."""
    try:
        importlib.import_module("pettingzoo.env_registry")
        registration = importlib.import_module("pettingzoo.env_registry.registration")
    except ImportError as error:
        raise UnknownEnvironmentError(f"PettingZoo cannot be imported ({error})") from None

    def maker(kind: str) -> Callable[..., Any]:
        return lambda **kwargs: registration.make(kind, name, **kwargs)

    registries = {PARALLEL: registration.parallel_registry, AEC: registration.aec_registry}
    return {kind: maker(kind) for kind, registry in registries.items() if name in registry}


def _of_module(name: str) -> dict[str, Callable[..., Any]]:
    """Return what a module outside the registry makes (``mpe2/simple_spread_v3``), by interface."""
    path = name.replace("/", ".")
    if not all(part.isidentifier() for part in path.split(".")):
        return {}
    try:
        module = importlib.import_module(path)
    except ModuleNotFoundError as error:
        if error.name and (path == error.name or path.startswith(error.name + ".")):
            return {}
        raise UnknownEnvironmentError(f"what it needs is not installed ({error})") from None
    makers = {PARALLEL: getattr(module, "parallel_env", None), AEC: getattr(module, "env", None)}
    return {kind: maker for kind, maker in makers.items() if callable(maker)}


def _nearest(name: str, candidates: list[str]) -> str | None:
    found = difflib.get_close_matches(name, candidates, n=1, cutoff=0.5)
    return found[0] if found else None


__all__ = ["AEC", "GYMNASIUM", "PARALLEL", "EnvSource", "UnknownEnvironmentError", "find_environment", "known_ids"]
