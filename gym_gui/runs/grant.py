"""Where a run was placed, and the GPUs granted to its workers: recorded before the first launch, read at each one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from gym_gui.core.regular_files import read_regular
from gym_gui.runs.files import READ_ERRORS, write_json_atomic
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.plan import RunPlan, WorkerPlan

VISIBLE_DEVICES = "CUDA_VISIBLE_DEVICES"


class _Grant(msgspec.Struct, frozen=True):
    """The content of ``control/grant.json``."""

    gpus: dict[str, list[str]] = {}
    on_cpu: dict[str, str] = {}
    machine: str = ""


def share_out_gpus(gpus: Sequence[str], wanted: Mapping[str, int]) -> dict[str, list[str]]:
    """Distribute GPUs to workers in order, as requested, while there are some.

    Args:
        gpus: The run's.
        wanted: By worker, the number that it requested.
    """
    left = list(gpus)
    shared = {}
    for worker_id, count in wanted.items():
        shared[worker_id], left = left[:count], left[count:]
    return shared


def write_grant(
    folder: RunFolder,
    gpus: Mapping[str, Sequence[str]],
    on_cpu: Mapping[str, str] | None = None,
    machine: str = "",
) -> None:
    """Record where a run was placed and which GPUs each worker may use; with nothing to record there is no file.

    Args:
        folder: The run's folder.
        gpus: By worker, its GPUs.
        on_cpu: By worker that could use a GPU and has none, the reason.
        machine: Where the run was placed; empty: on the daemon's machine.

    Raises:
        OSError: The file cannot be written.
    """
    if any(gpus.values()) or on_cpu or machine:
        write_json_atomic(folder.grant, {"gpus": gpus, "on_cpu": on_cpu or {}, "machine": machine})
    else:
        folder.grant.unlink(missing_ok=True)


def read_grant(folder: RunFolder) -> dict[str, list[str]]:
    """Return each worker's GPUs; none without a readable grant."""
    return _read(folder).gpus


def read_machine(folder: RunFolder) -> str:
    """Return the machine that a run was placed on; empty: the daemon's, or none yet."""
    return _read(folder).machine


def read_cpu_reasons(folder: RunFolder) -> dict[str, str]:
    """Return, by worker without a GPU that could use one, the reason."""
    return _read(folder).on_cpu


def visible_devices(folder: RunFolder, plan: RunPlan, worker: WorkerPlan) -> dict[str, str]:
    """Return the variable that limits a worker to its granted GPUs.

    A worker that requests none keeps the GPUs of its own environment, which are not managed by MOSAIC; and those of the
    submitter's shell if the run does not specify a number.
    """
    granted = read_grant(folder).get(worker.worker_id, [])
    if not granted and not wanted_gpus(plan, worker):
        if VISIBLE_DEVICES in worker.env:
            return {}
        if _requested(plan) is None and VISIBLE_DEVICES in (plan.config.get("base_environment") or {}):
            return {}
    return {VISIBLE_DEVICES: ",".join(granted)}


def wanted_gpus(plan: RunPlan, worker: WorkerPlan) -> int:
    """Return the number of GPUs that a worker requests."""
    return (_requested(plan) or 0) if worker.gpus is None else worker.gpus


def _requested(plan: RunPlan) -> int | None:
    """Return the number of GPUs per worker in the run config."""
    requested = plan.config.get("resources", {}).get("gpus", {}).get("requested")
    return None if requested is None else int(requested)


def _read(folder: RunFolder) -> _Grant:
    try:
        return msgspec.json.decode(read_regular(folder.grant), type=_Grant)
    except READ_ERRORS:
        return _Grant()
