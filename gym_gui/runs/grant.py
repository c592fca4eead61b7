"""The GPUs that a run's workers were granted: written before its first launch, read at every one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from gym_gui.runs.files import write_json_atomic
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.plan import RunPlan, WorkerPlan

VISIBLE_DEVICES = "CUDA_VISIBLE_DEVICES"


def share_out(gpus: Sequence[str], worker_ids: Sequence[str], each: int) -> dict[str, list[str]]:
    """Return each worker's GPUs: in order of the workers, as many as each asked for, as long as there are some.

    Args:
        gpus: The run's.
        worker_ids: The workers.
        each: How many each asked for.
    """
    return {name: list(gpus[place * each : (place + 1) * each]) for place, name in enumerate(worker_ids)}


def write_grant(folder: RunFolder, gpus: Mapping[str, Sequence[str]]) -> None:
    """Put on record which GPUs each worker may use; where there are none there is no file.

    Raises:
        OSError: The disk refused.
    """
    if any(gpus.values()):
        write_json_atomic(folder.grant, {"gpus": gpus})
    else:
        folder.grant.unlink(missing_ok=True)


def read_grant(folder: RunFolder) -> dict[str, list[str]]:
    """Return each worker's GPUs; none where no grant can be read."""
    try:
        grant = json.loads(folder.grant.read_bytes())
    except (OSError, ValueError):
        return {}
    gpus: dict[str, list[str]] = grant["gpus"]
    return gpus


def visible_devices(folder: RunFolder, plan: RunPlan, worker: WorkerPlan) -> dict[str, str]:
    """Return the variable that shows a worker the GPUs that it was granted, and no others.

    Only where the run asks for none, and its own environment names some, that stands: nobody keeps books of those.
    """
    granted = read_grant(folder).get(worker.worker_id, [])
    if not granted and VISIBLE_DEVICES in worker.env and not requested_gpus(plan):
        return {}
    return {VISIBLE_DEVICES: ",".join(granted)}


def requested_gpus(plan: RunPlan) -> int:
    """Return how many GPUs each worker of a run asks for."""
    return int(plan.config.get("resources", {}).get("gpus", {}).get("requested", 0))
