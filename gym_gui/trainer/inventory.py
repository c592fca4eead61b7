"""What the daemon's machine has for runs: as declared in the setting ``inventory``, else as found."""

from __future__ import annotations

import os
from typing import Any

import psutil

from gym_gui.config.settings import get_setting
from gym_gui.core.worker.errors import ConfigError, Problem, nearest
from gym_gui.trainer.gpus import FoundGpus, find_gpus
from gym_gui.trainer.machine import Inventory

_KEYS = ("cpus", "memory_mb", "gpus")
_MAX_GPUS = 1024
_DECLARED = "declared (setting inventory)"
_NONE_DECLARED = "the declared inventory has no GPU"


def read_inventory() -> Inventory:
    """Return what the setting ``inventory`` declares, and for what it leaves out what the machine has.

    Raises:
        ConfigError: The setting is not valid; every problem is listed.
    """
    declared = get_setting("inventory")
    declared = {} if declared is None else declared
    problems = _problems(declared)
    if problems:
        raise ConfigError(
            "the declared inventory is not valid",
            problems,
            where="setting inventory",
            next_step='declare like {"cpus": 8, "memory_mb": 16000, "gpus": 2}, or leave it out',
        )
    found = FoundGpus(_names(declared["gpus"]), _DECLARED, _NONE_DECLARED) if "gpus" in declared else find_gpus()
    return Inventory(
        cpus=declared["cpus"] if "cpus" in declared else len(os.sched_getaffinity(0)),
        memory_mb=declared["memory_mb"] if "memory_mb" in declared else psutil.virtual_memory().total >> 20,
        gpus=found.names,
        declared_cpus="cpus" in declared,
        declared_memory="memory_mb" in declared,
        gpus_how=found.how,
        no_gpus=found.why + (f"; {found.next_step}" if found.next_step else ""),
    )


def _names(gpus: Any) -> tuple[str, ...]:
    return tuple(str(gpu) for gpu in (range(gpus) if isinstance(gpus, int) else gpus))


def _problems(declared: Any) -> list[Problem]:
    if not isinstance(declared, dict):
        return [Problem("inventory", "is not an object", value=declared, allowed=f"an object of {', '.join(_KEYS)}")]
    problems = [
        Problem(
            f"inventory.{key}", "is unknown", value=value, allowed=" or ".join(_KEYS), nearest=nearest(str(key), _KEYS)
        )
        for key, value in declared.items()
        if key not in _KEYS
    ]
    problems += [
        Problem(f"inventory.{key}", "is not a valid number", value=declared[key], allowed="an integer >= 1")
        for key in ("cpus", "memory_mb")
        if key in declared and (type(declared[key]) is not int or declared[key] < 1)
    ]
    gpus = declared.get("gpus", 0)
    count = type(gpus) is int and 0 <= gpus <= _MAX_GPUS
    names = isinstance(gpus, list) and all(_is_gpu_name(gpu) for gpu in gpus) and len(set(_names(gpus))) == len(gpus)
    if not count and not names:
        allowed = f"how many (0 to {_MAX_GPUS}), or a list of different indices or UUIDs"
        problems.append(Problem("inventory.gpus", "is not a list of GPUs", value=gpus, allowed=allowed))
    return problems


def _is_gpu_name(gpu: Any) -> bool:
    if isinstance(gpu, str):
        return bool(gpu) and gpu.isascii() and gpu.replace("-", "").replace("/", "").replace(":", "").isalnum()
    return type(gpu) is int and gpu >= 0
