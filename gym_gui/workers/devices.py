"""How many GPUs each worker of a run requests, and why one requests none."""

from __future__ import annotations

from typing import Any, NamedTuple

from gym_gui.runs import VISIBLE_DEVICES, TrainRunConfig
from gym_gui.workers.record import WorkerRecord

#: Fields by which a worker's config says where it computes.
_SWITCHES = ("cuda", "use_cuda", "use_gpu", "gpu")
_NAMES = ("device", "torch_device")
_COUNTS = ("num_gpus", "n_gpus")
_COMMAND = "a bare command gets a GPU only where its run asks for one: --gpus 1"


class GpuRequest(NamedTuple):
    """The GPUs that one worker requests."""

    gpus: int
    """How many; where they are not needed, only those that are free."""
    needed: bool
    """The worker does not start without them."""
    cpu_reason: str
    """Why a worker that could use a GPU gets none."""


def gpu_request(config: TrainRunConfig, record: WorkerRecord | None, settings: dict[str, Any]) -> GpuRequest:
    """Return how many GPUs a worker requests: as many as its run says, else one if it can use one.

    Args:
        config: The run config.
        record: The worker; ``None`` for a bare command.
        settings: The worker's settings.
    """
    wanted = config.resources.gpus
    able = record is not None and can_use_gpu(record)
    if wanted.requested is not None:
        reason = "the run asks for no GPU (--gpus 0)" if able and not wanted.requested else ""
        return GpuRequest(wanted.requested, wanted.mandatory and wanted.requested > 0, reason)
    if record is None:
        return GpuRequest(0, False, "" if VISIBLE_DEVICES in config.variables() else _COMMAND)
    if record.capabilities.get("requires_gpu") is True:
        return GpuRequest(1, True, "")
    if not able:
        return GpuRequest(0, False, "")
    visible = config.variables().get(VISIBLE_DEVICES)
    if visible is not None:
        reason = f"{VISIBLE_DEVICES} is {visible!r}" if visible.strip() in ("", "-1") else ""
        return GpuRequest(0, False, reason)
    unwanted = _unwanted(record, settings)
    return GpuRequest(0, False, unwanted) if unwanted else GpuRequest(1, False, "")


def can_use_gpu(record: WorkerRecord) -> bool:
    """Return whether a worker can compute on a GPU, as it declares or as its config lets one choose."""
    declared = record.capabilities
    if declared.get("supports_gpu") is True or declared.get("requires_gpu") is True or declared.get("gpu_memory_mb"):
        return True
    return any(record.has_field(name) for name in (*_SWITCHES, *_NAMES, *_COUNTS)) if record.schema else False


def _unwanted(record: WorkerRecord, settings: dict[str, Any]) -> str:
    """Return which setting says that a worker is not to use a GPU."""
    for name in (*_SWITCHES, *_NAMES, *_COUNTS):
        if record.schema is None or not record.has_field(name):
            continue
        value = settings.get(name, record.properties[name].get("default"))
        off = value is False if name in _SWITCHES else value == 0 if name in _COUNTS else str(value).startswith("cpu")
        if off:
            return f"its config has {name}={value}"
    return ""
