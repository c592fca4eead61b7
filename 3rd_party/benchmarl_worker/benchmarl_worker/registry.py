"""The algorithms and tasks that there are, as BenchMARL's own config files name them."""

from __future__ import annotations

import importlib.util
from functools import lru_cache
from pathlib import Path

#: Families of tasks, or tasks, to the module that they need beside the worker's own, and how it is installed.
NEEDS = {
    "pettingzoo/multiwalker": ("Box2D", "mosaic workers install 'benchmarl[sisl]'"),
    "pettingzoo/waterworld": ("pettingzoo.sisl.waterworld_v4", "PettingZoo 1.27 no longer has it"),
    "magent": ("magent2", "pip install magent2"),
    "meltingpot": ("meltingpot", "pip install dm-meltingpot"),
    "smacv2": ("smacv2", "StarCraft II and pip install git+https://github.com/oxwhirl/smacv2.git"),
}
ALGORITHMS = ("iddpg", "ippo", "iql", "isac", "maddpg", "mappo", "masac", "qmix", "vdn")
ON_POLICY = ("ippo", "mappo")
OFF_POLICY = tuple(name for name in ALGORITHMS if name not in ON_POLICY)
_CONTINUOUS = ("iddpg", "maddpg")
_DISCRETE = ("iql", "qmix", "vdn")


def config_folder() -> Path | None:
    """Return the folder of BenchMARL's config files, without importing it; ``None`` where it is not installed."""
    spec = importlib.util.find_spec("benchmarl")
    return Path(spec.origin).parent / "conf" if spec is not None and spec.origin else None


@lru_cache(maxsize=1)
def algorithm_names() -> tuple[str, ...]:
    """Return the names of all algorithms; none where BenchMARL is not installed."""
    folder = config_folder()
    return tuple(sorted(path.stem for path in (folder / "algorithm").glob("*.yaml"))) if folder else ()


@lru_cache(maxsize=1)
def task_names() -> tuple[str, ...]:
    """Return the names of all tasks, as ``vmas/balance``; none where BenchMARL is not installed."""
    folder = config_folder()
    if folder is None:
        return ()
    return tuple(sorted(f"{path.parent.name}/{path.stem}" for path in (folder / "task").glob("*/*.yaml")))


def find_task(env_id: str) -> str | None:
    """Return a task's name as BenchMARL writes it, or ``None``: PettingZoo's versions may stand behind it."""
    name = env_id.lower().replace("-", "_")
    family, _, rest = name.partition("/")
    family = {"mpe": "pettingzoo", "mpe2": "pettingzoo", "sisl": "pettingzoo"}.get(family, family)
    stem, _, version = rest.rpartition("_v")
    candidates = (f"{family}/{rest}", f"{family}/{stem}" if version.isdigit() else "")
    return next((candidate for candidate in candidates if candidate in task_names()), None)


def actions_of(algo: str) -> tuple[str, ...]:
    """Return which actions an algorithm takes: ``discrete``, ``continuous`` or both."""
    if algo in _CONTINUOUS:
        return ("continuous",)
    return ("discrete",) if algo in _DISCRETE else ("discrete", "continuous")
