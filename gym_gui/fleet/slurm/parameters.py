"""Parameters of jobs: long options of ``sbatch`` by name, from the settings and from a run's environment."""

from __future__ import annotations

import re
from collections.abc import Mapping

from gym_gui.core.worker.errors import UsageError

#: Variables of a run's environment that are parameters of its jobs: those that ``sbatch`` itself reads.
SBATCH_PREFIX = "SBATCH_"
#: What MOSAIC itself decides.
RESERVED = frozenset(
    {"array", "chdir", "error", "input", "job_name", "open_mode", "output", "requeue", "signal", "wait"}
)
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_OTHERWISE_CALLED = {"timelimit": "time", "no_requeue": "requeue"}


def parameter_name(name: str) -> str:
    """Return the name of a parameter as it is written in a job: ``gpus-per-node`` and ``GPUS_PER_NODE`` are one.

    Args:
        name: A long option of ``sbatch``, without the dashes in front.

    Raises:
        UsageError: It is none, or MOSAIC's own to set.
    """
    found = name.strip().lstrip("-").lower().replace("-", "_")
    found = _OTHERWISE_CALLED.get(found, found)
    if not _NAME.fullmatch(found):
        raise UsageError(
            f"{name!r} is no parameter of Slurm jobs",
            next_step="use a long option of sbatch: --slurm partition=gpu, --slurm time=4:00:00",
        )
    if found in RESERVED:
        raise UsageError(
            f"the parameter {found.replace('_', '-')} of Slurm jobs is not yours to set",
            why="MOSAIC depends on it",
            next_step="leave it out",
        )
    return found


def job_parameters(setting: object, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters of a run's jobs; those of the run override those of the setting.

    Args:
        setting: The value of the setting ``slurm_parameters``.
        environment: The run's, with ``SBATCH_PARTITION`` and the like; an empty one takes the setting's away.

    Raises:
        UsageError: A name or a value cannot be used.
    """
    if setting is not None and not isinstance(setting, dict):
        raise UsageError(
            "the setting slurm_parameters is not an object",
            where="settings.json",
            why=f"it is {setting!r}",
            next_step='write it like {"partition": "gpu", "time": "4:00:00"}',
        )
    own = {name[len(SBATCH_PREFIX) :]: value for name, value in environment.items() if name.startswith(SBATCH_PREFIX)}
    found: dict[str, str] = {}
    for name, value in [*(setting or {}).items(), *own.items()]:
        text = str(value)
        if "\n" in text or "\0" in text:
            raise UsageError(
                f"the value of the Slurm parameter {name} has several lines", next_step="write it in one line"
            )
        found[parameter_name(str(name))] = text
    return {name: text for name, text in found.items() if text}
