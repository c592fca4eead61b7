"""Parameters of a run's Slurm jobs, in its environment as the variables that ``sbatch`` itself knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gym_gui.core.worker.errors import UsageError
from gym_gui.runs import SLURM_EXECUTOR


def with_slurm_parameters(payload: dict[str, Any], given: Sequence[str]) -> dict[str, Any]:
    """Return a run config whose Slurm jobs have parameters.

    Args:
        payload: The run config.
        given: ``KEY=VALUE`` each, the key a long option of ``sbatch``.

    Raises:
        UsageError: One cannot be used, or the run is for another executor.
    """
    if not given:
        return payload
    from gym_gui.fleet import SBATCH_PREFIX, parameter_name

    if payload.get("executor") != SLURM_EXECUTOR:
        raise UsageError(
            "--slurm needs --executor slurm", where="command line", next_step="add --executor slurm, or leave it out"
        )
    environment = dict(payload.get("environment") or {})
    for word in given:
        name, separator, value = word.partition("=")
        if not separator:
            raise UsageError(
                f"--slurm {word!r} has no value", where="command line", next_step="write it like --slurm partition=gpu"
            )
        environment[SBATCH_PREFIX + parameter_name(name).upper()] = value
    return {**payload, "environment": environment}
