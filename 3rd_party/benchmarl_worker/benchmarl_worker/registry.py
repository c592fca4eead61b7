"""The algorithms and tasks that there are, as BenchMARL's own config files name them."""

from __future__ import annotations

import difflib
import importlib.util
import re
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
#: Families of PettingZoo to BenchMARL's name of all of them.
_FAMILIES = {"mpe": "pettingzoo", "mpe2": "pettingzoo", "sisl": "pettingzoo"}
#: From this likeness on the name of an unknown family's environment is a slip: cliffwalking and flocking have 0.63.
_LIKE = 0.75
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
    family = _FAMILIES.get(family, family)
    stem, _, version = rest.rpartition("_v")
    candidates = (f"{family}/{rest}", f"{family}/{stem}" if version.isdigit() else "")
    return next((candidate for candidate in candidates if candidate in task_names()), None)


def family_tasks(env_id: str) -> list[str]:
    """Return the tasks of the family that an id names; none where it names no family of BenchMARL's."""
    family = env_id.lower().partition("/")[0]
    return [name for name in task_names() if name.startswith(f"{_FAMILIES.get(family, family)}/")]


def nearest_task(env_id: str) -> str | None:
    """Return the task that an id which names none was meant to name, ``None`` if there is no such.

    Args:
        env_id: The id. Its last part is compared with those of the tasks, so that the families count for nothing.
    """
    own = family_tasks(env_id)
    name = re.sub(r"_v\d+$", "", re.split("[/:]", env_id.lower().replace("-", "_"))[-1])
    for tasks, likeness in ((own, 0.6), (task_names(), _LIKE)):
        bare = {task.partition("/")[2]: task for task in reversed(tasks)}
        found = difflib.get_close_matches(name, bare, n=1, cutoff=likeness)
        found += [other for other in bare if name and other.startswith(f"{name}_")]
        if found:
            return bare[found[0]]
    return None


def actions_of(algo: str) -> tuple[str, ...]:
    """Return which actions an algorithm takes: ``discrete``, ``continuous`` or both."""
    if algo in _CONTINUOUS:
        return ("continuous",)
    return ("discrete",) if algo in _DISCRETE else ("discrete", "continuous")
