from __future__ import annotations

import os
import sys
import types

import pytest

from gym_gui.core.worker.errors import ConfigError
from gym_gui.trainer.inventory import read_inventory


def test_what_is_not_declared_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    found = read_inventory()
    assert found.cpus == len(os.sched_getaffinity(0))
    assert found.memory_mb > 0
    assert not found.declared_cpus
    assert not found.declared_memory
    monkeypatch.setenv("MOSAIC_INVENTORY", '{"cpus": 64, "gpus": 2}')
    declared = read_inventory()
    assert (declared.cpus, declared.declared_cpus, declared.gpus) == (64, True, ("0", "1"))
    assert (declared.memory_mb, declared.declared_memory) == (found.memory_mb, False)


@pytest.mark.parametrize(
    "text",
    [
        '{"cpus": 0}',
        '{"cpus": true}',
        '{"cpu": 1}',
        '{"gpus": -1}',
        '{"gpus": [0, "0"]}',
        '{"gpus": ["a,b"]}',
        "[]",
        "7",
    ],
)
def test_a_bad_declaration_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOSAIC_INVENTORY", text)
    with pytest.raises(ConfigError, match="inventory"):
        read_inventory()


def test_gpus_are_asked_of_the_driver_where_its_library_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    class BrokenError(Exception):
        pass

    library = types.ModuleType("pynvml")
    calls: list[str] = []
    library.NVMLError = BrokenError
    library.nvmlInit = lambda: calls.append("init")
    library.nvmlShutdown = lambda: calls.append("shutdown")
    library.nvmlDeviceGetCount = lambda: 2
    library.nvmlDeviceGetHandleByIndex = lambda index: index
    library.nvmlDeviceGetUUID = lambda handle: f"GPU-{handle}".encode() if handle else "GPU-first"
    monkeypatch.setitem(sys.modules, "pynvml", library)
    assert read_inventory().gpus == ("GPU-first", "GPU-1")
    assert calls == ["init", "shutdown"]

    def no_driver() -> None:
        raise BrokenError

    library.nvmlInit = no_driver
    assert read_inventory().gpus == ()
