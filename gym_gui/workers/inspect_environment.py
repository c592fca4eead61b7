"""Finds facts about an environment in a worker's own interpreter. A script.

    python inspect_environment.py ENV_ID ENV_KWARGS_JSON WORKER_PACKAGE OUTPUT.json

Standard library alone, Python 3.8 or later; Gymnasium and PettingZoo are used where the interpreter has them.
"""

from __future__ import annotations

import contextlib
import difflib
import importlib
import importlib.util
import json
import pkgutil
import re
import sys
from pathlib import Path
from typing import Any, Dict, List  # noqa: UP035 - annotations at run time need them on 3.8

Report = Dict[str, Any]  # noqa: UP006

PETTINGZOO = re.compile(r"(?:pettingzoo[./:])?(?:([a-z][a-z0-9_]*)[./])?([a-z][a-z0-9_]*_v\d+)")
_PLACES = ("butterfly", "classic", "mpe", "sisl", "atari")
_NAMESPACES = {"ALE": "ale_py"}
_KINDS = {
    "Discrete": "discrete",
    "MultiDiscrete": "multi_discrete",
    "MultiBinary": "multi_binary",
    "Dict": "dict",
    "Text": "text",
    "Sequence": "sequence",
    "Graph": "graph",
}


def inspect(env_id: str, kwargs: Report, package: str) -> Report:
    """Return the facts about an environment.

    ``known`` is ``None`` if that cannot be found out here. Each entry of ``actions`` and ``observations`` is a list of
    words of which a worker must declare one.
    """
    with contextlib.suppress(Exception):
        importlib.import_module(package)  # it may register environments of its own
    found = PETTINGZOO.fullmatch(env_id)
    return _pettingzoo(found[1] or "", found[2], kwargs) if found else _gymnasium(env_id, kwargs)


def _gymnasium(env_id: str, kwargs: Report) -> Report:
    try:
        import gymnasium
    except ImportError as error:
        return _undecided(error)
    namespace = env_id.partition("/")[0] if "/" in env_id else ""
    with contextlib.suppress(Exception):
        if namespace:
            importlib.import_module(_NAMESPACES.get(namespace, namespace.lower()))
    ids = _env_ids()
    name = ids.parse_env_id(env_id)[1]
    try:
        spec = ids.find_env_spec(env_id)
    except ids.EnvironmentPackageError as error:
        return {"known": False, "nearest": [], "reason": str(error)[:300]}
    except Exception as error:  # noqa: BLE001 - an unknown name has many
        near = ids.nearest_env_ids(env_id, map(str, gymnasium.registry))
        return {"known": False, "nearest": near, "reason": _text(error)}
    report = {"known": True, "families": _families(spec), "agents": 1}
    try:
        env = gymnasium.make(name, disable_env_checker=True, **kwargs)
    except Exception as error:  # noqa: BLE001 - the worker may make it otherwise
        return {**report, "reason": _text(error)}
    try:
        return {**report, "actions": [_action(env.action_space)], "observations": [_observation(env.observation_space)]}
    except Exception as error:  # noqa: BLE001 - without spaces it is none yet
        return {**report, "reason": _text(error)}
    finally:
        with contextlib.suppress(Exception):
            env.close()


def _env_ids() -> Any:
    """Return the SDK's module of environment ids, by its path: the interpreter may have no SDK, or an older one."""
    path = Path(__file__).resolve().parents[1] / "core" / "worker" / "envs" / "ids.py"
    spec = importlib.util.spec_from_file_location("_mosaic_env_ids", path)
    module = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]
    spec.loader.exec_module(module)  # type: ignore[union-attr]
    return module


def _families(spec: Any) -> List[str]:  # noqa: UP006
    """Return the names under which a worker may declare an environment of Gymnasium's registry."""
    source = getattr(spec, "entry_point", None) or ""
    place = source.partition(":")[0] if isinstance(source, str) else str(getattr(source, "__module__", "") or "")
    module = place.split(".")
    if module[:2] == ["gymnasium", "envs"] and len(module) > 2:
        return ["gymnasium", module[2]]
    if module[0] in ("ale_py", "shimmy"):
        return ["gymnasium", "atari"]
    return ["gymnasium", module[0]] if module[0] else ["gymnasium"]


def _pettingzoo(place: str, name: str, kwargs: Report) -> Report:
    if importlib.util.find_spec("pettingzoo") is None and (not place or importlib.util.find_spec(place) is None):
        return _undecided(ImportError("pettingzoo is not installed"))
    places = [place] if place else [*_PLACES, "mpe2"]
    for module in [f"{prefix}{each}.{name}" for each in places for prefix in ("pettingzoo.", "")]:
        try:
            made = importlib.import_module(module)
        except ModuleNotFoundError as error:
            if error.name and module.startswith(error.name):
                continue
            return _undecided(error)  # the environment is there, something that it needs is not
        except Exception as error:  # noqa: BLE001 - whatever an import does
            return _undecided(error)
        return _agents(made, module.split(".")[-2], kwargs)
    names = [f"{each}/{found}" for each in places for found in _members(each)]
    return _unknown(f"{place}/{name}" if place else name, names, ValueError(f"there is no {name}"))


def _agents(module: Any, place: str, kwargs: Report) -> Report:
    families = ["pettingzoo", place, *(["mpe"] if place == "mpe2" else [])]
    report: Report = {"known": True, "families": families}
    make = getattr(module, "parallel_env", None) or getattr(module, "env", None)
    try:
        env = make(**kwargs)  # type: ignore[misc]
        agents = list(env.possible_agents)
        actions = [_action(env.action_space(agent)) for agent in agents]
        observations = [_observation(env.observation_space(agent)) for agent in agents]
        env.close()
    except Exception as error:  # noqa: BLE001 - the worker may make it otherwise
        return {**report, "reason": _text(error)}
    return {**report, "agents": len(agents), "actions": _distinct(actions), "observations": _distinct(observations)}


def _members(place: str) -> List[str]:  # noqa: UP006
    for package in (f"pettingzoo.{place}", place):
        with contextlib.suppress(Exception):
            found = pkgutil.iter_modules(importlib.import_module(package).__path__)
            return [module.name for module in found if re.search(r"_v\d+$", module.name)]
    return []


def _action(space: Any) -> List[str]:  # noqa: UP006
    kind = type(space).__name__
    return ["continuous"] if kind == "Box" else _other(kind)


def _observation(space: Any) -> List[str]:  # noqa: UP006
    kind = type(space).__name__
    if kind != "Box":
        return _other(kind)
    if len(space.shape) < 2:
        return ["vector"]
    return ["image"] if str(space.dtype) == "uint8" else ["image", "vector"]


def _other(kind: str) -> List[str]:  # noqa: UP006
    return ["tuple", "dict"] if kind == "Tuple" else [_KINDS.get(kind, kind.lower())]


def _distinct(lists: List[List[str]]) -> List[List[str]]:  # noqa: UP006
    return [list(words) for words in sorted({tuple(words) for words in lists})]


def _unknown(name: str, names: List[str], error: Exception) -> Report:  # noqa: UP006
    by_key = {each.lower(): each for each in names}
    near = difflib.get_close_matches(name.lower(), list(by_key), n=3, cutoff=0.6)
    return {"known": False, "nearest": [by_key[key] for key in near], "reason": _text(error)}


def _undecided(error: Exception) -> Report:
    return {"known": None, "reason": _text(error)}


def _text(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:300]


def main(argv: List[str]) -> int:  # noqa: UP006
    """Write the report to the file named last."""
    # The folder of this script must not shadow a worker's own modules.
    here = Path(__file__).resolve().parent
    sys.path[:] = [item for item in sys.path if Path(item or ".").resolve() != here]
    env_id, kwargs, package, output = argv
    part = Path(output + ".part")
    part.write_text(json.dumps(inspect(env_id, json.loads(kwargs), package)), encoding="utf-8")
    part.replace(output)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
