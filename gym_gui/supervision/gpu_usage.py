"""Memory that processes of this machine use on NVIDIA's GPUs, where the package ``nvidia-ml-py`` is installed."""

from __future__ import annotations

import functools
import importlib
from typing import Any


def gpu_memory() -> dict[int, int]:
    """Return bytes of GPU memory by pid, over all GPUs; empty where there is none, or where it cannot be asked."""
    nvml = _library()
    if nvml is None:
        return {}
    found: dict[int, int] = {}
    try:
        for index in range(nvml.nvmlDeviceGetCount()):
            handle = nvml.nvmlDeviceGetHandleByIndex(index)
            seen: dict[int, int] = {}
            for ask in (nvml.nvmlDeviceGetComputeRunningProcesses, nvml.nvmlDeviceGetGraphicsRunningProcesses):
                # A process that computes and draws stands in both lists, with all that it uses in each.
                seen |= {each.pid: each.usedGpuMemory or 0 for each in ask(handle)}
            for pid, used in seen.items():
                found[pid] = found.get(pid, 0) + used
    except nvml.NVMLError:
        return {}
    return found


@functools.cache
def _library() -> Any:
    """Return NVIDIA's management library, ready to be asked; ``None`` without a package or a driver."""
    try:
        nvml: Any = importlib.import_module("pynvml")
    except ImportError:
        return None
    try:
        nvml.nvmlInit()
    except nvml.NVMLError:
        return None
    return nvml
