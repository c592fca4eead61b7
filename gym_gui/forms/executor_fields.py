"""Fields of single executors: variables of the run's environment by which each is told where and how to run it."""

from __future__ import annotations

from collections.abc import Sequence

from gym_gui.forms.spec import DefaultRule, Field
from gym_gui.runs import RAY_EXECUTOR, SLURM_EXECUTOR


def executor_fields(executors: Sequence[str]) -> tuple[list[Field], list[Field]]:
    """Return the fields of the executors that there are, each shown while its executor is chosen.

    Args:
        executors: Names of those that runs may use.

    Returns:
        Those that most users need, and the others.
    """
    usual = [
        _variable(
            RAY_EXECUTOR,
            "RAY_ADDRESS",
            "Ray cluster",
            "Where the cluster is reached: HOST:PORT of its head, or ray://HOST:10001.",
            "the daemon's RAY_ADDRESS, or the cluster of its machine",
        ),
        _variable(
            SLURM_EXECUTOR,
            "SBATCH_PARTITION",
            "Partition",
            "Partition of the cluster for the jobs.",
            "the cluster's own",
        ),
        _variable(
            SLURM_EXECUTOR,
            "SBATCH_TIMELIMIT",
            "Time limit",
            "After how long Slurm ends each job, as 4:00:00 or 2-00:00:00; any other option is an environment "
            "variable SBATCH_… as well.",
            "the partition's own",
        ),
    ]
    advanced = [
        _variable(
            RAY_EXECUTOR,
            "MOSAIC_RAY_IMAGE",
            "Container image",
            "Image in which the workers run on the nodes, which need podman.",
            "none",
        )
    ]
    there = [{"executor": [name]} for name in executors]
    return [each for each in usual if each.applies in there], [each for each in advanced if each.applies in there]


def _variable(executor: str, name: str, label: str, text: str, otherwise: str) -> Field:
    return Field(
        name=f"environment.{name}",
        path=["environment", name],
        label=label,
        kind="text",
        help=text,
        default=None,
        default_by=[DefaultRule(label=otherwise)],
        applies={"executor": [executor]},
        schema={"type": "string"},
    )
