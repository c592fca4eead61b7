"""Parameters of a run's Slurm jobs, in its environment as the variables that ``sbatch`` itself knows."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from gym_gui.core.worker.errors import UsageError
from gym_gui.runs import SLURM_EXECUTOR


def with_slurm_parameters(payload: dict[str, Any], named: Sequence[str]) -> dict[str, Any]:
    """Return a run config whose Slurm jobs have parameters: the named ones, else those of the caller's variables.

    Args:
        payload: The run config; one for another executor is returned as it is.
        named: What the user named, ``KEY=VALUE`` each, the key a long option of ``sbatch``.

    Raises:
        UsageError: One cannot be used, or the run is for another executor.
    """
    if payload.get("executor") != SLURM_EXECUTOR:
        if named:
            raise UsageError(
                "--slurm needs --executor slurm",
                where="command line",
                next_step="add --executor slurm, or leave it out",
            )
        return payload
    from gym_gui.fleet import SBATCH_PREFIX, parameter_name

    own = {name: value for name, value in os.environ.items() if name.startswith(SBATCH_PREFIX)}
    environment = {**own, **(payload.get("environment") or {})}
    for word in named:
        name, separator, value = word.partition("=")
        if not separator:
            raise UsageError(
                f"--slurm {word} has no value", where="command line", next_step="write it like --slurm partition=gpu"
            )
        variable = SBATCH_PREFIX + parameter_name(name).upper()
        environment = {
            **{each: text for each, text in environment.items() if not _same(each, name)},
            variable: value,
        }
    return {**payload, "environment": environment} if environment else payload


def _same(variable: str, name: str) -> bool:
    """Whether a variable of the environment is a parameter by another spelling (``SBATCH_TIMELIMIT`` is ``time``)."""
    from gym_gui.fleet import SBATCH_PREFIX, parameter_name

    if not variable.startswith(SBATCH_PREFIX):
        return False
    try:
        return parameter_name(variable[len(SBATCH_PREFIX) :]) == parameter_name(name)
    except UsageError:
        return False
