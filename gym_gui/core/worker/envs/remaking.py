"""Makes an environment again as a worker made it, and its actions again as they were recorded.

Runs in the worker's interpreter; Gymnasium, PettingZoo and NumPy are imported when they are used.
"""

from __future__ import annotations

import contextlib
import importlib
import re
from typing import Any, Callable, NamedTuple

_PETTINGZOO = re.compile(r"(?:pettingzoo[./:])?(?:((?:\w+[./])*\w+)[./])?(\w+_v\d+)")
_FAMILIES = ("butterfly", "classic", "mpe", "sisl", "atari", "mpe2")
PARALLEL, AEC, GYMNASIUM = "parallel", "aec", "gymnasium"
#: Module of a worker's package that makes its environments again, where a plain ``gymnasium.make`` would not do.
HOOK = "replay"


class Remade(NamedTuple):
    """An environment that was made again."""

    env: Any
    api: str
    """``gymnasium``, ``parallel`` or ``aec``."""
    no_pictures: str
    """Why it draws none; empty: it does."""


def remake(request: dict[str, Any]) -> Remade:
    """Make an environment, one that draws if it can.

    Args:
        request: ``env_id``, ``env_kwargs``, ``api`` (``parallel`` or ``aec`` where several agents acted), the worker's
            ``package`` and ``config``, and the ``phase``.

    Raises:
        Exception: Whatever the environment's package or constructor raises.
    """
    hook = _hook(request["package"])
    no_pictures = ""
    for mode in ("rgb_array", None):
        try:
            env = hook(request["config"], request["phase"], mode) if hook else _make(request, mode)
        except Exception as error:
            if mode is None:
                raise
            no_pictures = f"{type(error).__name__}: {error}"
            continue
        if not no_pictures and getattr(env, "render_mode", None) != "rgb_array":
            no_pictures = 'it has no render mode "rgb_array"'
        return Remade(env, _api_of(env), no_pictures)
    raise AssertionError


def as_action(value: Any, space: Any) -> Any:
    """Return a recorded action as the environment takes it.

    Args:
        value: What JSON made of it.
        space: The action space.

    Raises:
        TypeError: It is no action of this space.
        ValueError: Likewise.
    """
    kind = type(space).__name__
    if kind == "Discrete":
        return int(value[0] if isinstance(value, list) else value)
    if kind == "Dict":
        return {name: as_action(value[name], part) for name, part in space.spaces.items()}
    if kind == "Tuple":
        return tuple(as_action(each, part) for each, part in zip(value, space.spaces))
    if kind in ("Box", "MultiBinary", "MultiDiscrete"):
        return importlib.import_module("numpy").asarray(value, dtype=space.dtype).reshape(space.shape)
    return value


def _hook(package: str) -> Callable[[dict[str, Any], str, str | None], Any] | None:
    """Import a worker's package, which may register environments; return its ``replay.make_env`` if it has one."""
    if not package:
        return None
    with contextlib.suppress(Exception):
        importlib.import_module(package)
    try:
        module = importlib.import_module(f"{package}.{HOOK}")
    except ModuleNotFoundError as error:
        if error.name in (package, f"{package}.{HOOK}"):
            return None
        raise
    return getattr(module, "make_env", None)


def _make(request: dict[str, Any], mode: str | None) -> Any:
    kwargs = {name: value for name, value in request["env_kwargs"].items() if name != "render_mode"}
    if mode is not None:
        kwargs["render_mode"] = mode
    found = _PETTINGZOO.fullmatch(request["env_id"])
    if found:
        return _make_pettingzoo(found[1] or "", found[2], request["api"], kwargs)
    return _make_gymnasium(request["env_id"], kwargs)


def _make_gymnasium(env_id: str, kwargs: dict[str, Any]) -> Any:
    import gymnasium

    from gym_gui.core.worker.envs.ids import import_env_package

    name = import_env_package(env_id)
    if name not in gymnasium.registry:  # games under their old names
        with contextlib.suppress(ImportError):
            importlib.import_module("ale_py")
    return gymnasium.make(name, disable_env_checker=True, **kwargs)


def _make_pettingzoo(place: str, name: str, api: str, kwargs: dict[str, Any]) -> Any:
    places = [place.replace("/", ".")] if place else list(_FAMILIES)
    # PettingZoo's own families moved to packages of their own: "mpe" to "mpe2".
    names = [f"{prefix}{each}.{name}" for each in places for prefix in ("pettingzoo.", "")]
    names += [f"mpe2.{name}" for each in places if each == "mpe"]
    for each in names:
        try:
            module = importlib.import_module(each)
        except ModuleNotFoundError as error:
            if error.name and (each == error.name or each.startswith(f"{error.name}.")):
                continue
            raise
        make = getattr(module, "env" if api == AEC else "parallel_env", None) or getattr(module, "env", None)
        if make is not None:
            return make(**kwargs)
    raise ModuleNotFoundError(f"there is no environment {place}/{name} here" if place else f"there is no {name} here")


def _api_of(env: Any) -> str:
    if hasattr(env, "agent_iter"):
        return AEC
    return PARALLEL if hasattr(env, "possible_agents") else GYMNASIUM


__all__ = ["AEC", "GYMNASIUM", "HOOK", "PARALLEL", "Remade", "as_action", "remake"]
