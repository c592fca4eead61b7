"""Memory on GPUs by process, as NVIDIA's library tells it; here one stands in for it."""

from __future__ import annotations

import os
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from gym_gui.supervision import gpu_usage
from gym_gui.supervision.process_usage import sample_usage


class NVMLError(Exception):
    """Of the library."""


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Any:
    def processes(index: int) -> list[Any]:
        here = SimpleNamespace(pid=os.getpid(), usedGpuMemory=100 * (index + 1))
        return [here, SimpleNamespace(pid=1, usedGpuMemory=None)]

    fake = SimpleNamespace(
        NVMLError=NVMLError,
        nvmlInit=lambda: None,
        nvmlDeviceGetCount=lambda: 2,
        nvmlDeviceGetHandleByIndex=lambda index: index,
        nvmlDeviceGetComputeRunningProcesses=processes,
        nvmlDeviceGetGraphicsRunningProcesses=processes,
    )
    monkeypatch.setitem(sys.modules, "pynvml", fake)
    gpu_usage._library.cache_clear()
    yield fake
    gpu_usage._library.cache_clear()


def test_memory_on_all_gpus_is_summed_once_a_process(library: Any) -> None:
    assert gpu_usage.gpu_memory() == {os.getpid(): 300, 1: 0}
    assert sample_usage([os.getpid()])[os.getpid()].gpu_memory_bytes == 300


def test_a_driver_that_fails_is_no_usage(library: Any) -> None:
    def fail() -> int:
        raise NVMLError("GPU is lost")

    library.nvmlDeviceGetCount = fail
    assert gpu_usage.gpu_memory() == {}
    assert sample_usage([os.getpid()])[os.getpid()].gpu_memory_bytes is None


def test_without_the_library_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    gpu_usage._library.cache_clear()
    assert gpu_usage.gpu_memory() == {}
    gpu_usage._library.cache_clear()
