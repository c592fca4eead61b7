"""Finding GPUs. None of the machines that run these tests has one: what NVIDIA brings is stood in for."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from gym_gui.trainer.gpus import FoundGpus, find_gpus
from gym_gui.trainer.inventory import read_inventory

UUIDS = ("GPU-11111111-2222-3333-4444-555555555555", "GPU-99999999-2222-3333-4444-555555555555")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without the management library, and with nothing in /proc and /dev."""
    monkeypatch.setitem(sys.modules, "pynvml", None)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    for name in ("bin", "dev", "proc"):
        (tmp_path / name).mkdir()
    return tmp_path


def smi(root: Path, script: str) -> None:
    (root / "bin" / "nvidia-smi").write_text(f"#!/bin/sh\n{script}\n")
    (root / "bin" / "nvidia-smi").chmod(0o755)


def test_a_machine_without_any(root: Path) -> None:
    assert find_gpus(root) == FoundGpus(why="no GPU found")


@pytest.mark.process
def test_nvidia_smi_is_asked(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    smi(root, f"printf '{UUIDS[0]}\\n{UUIDS[1]}\\n'")
    assert find_gpus(root) == FoundGpus(UUIDS, "nvidia-smi")
    found = read_inventory()
    assert (found.gpus, found.gpus_how) == (UUIDS, "nvidia-smi")
    monkeypatch.setenv("MOSAIC_INVENTORY", '{"gpus": 0}')
    assert read_inventory().no_gpus == "the declared inventory has no GPU"


def test_the_drivers_files_are_read(root: Path) -> None:
    for place, uuid in zip(("0000:01", "0000:02"), UUIDS, strict=True):
        folder = root / "proc" / "driver" / "nvidia" / "gpus" / place
        folder.mkdir(parents=True)
        (folder / "information").write_text(f"Model: \t stand-in\nGPU UUID: \t {uuid}\n")
    assert find_gpus(root).names == UUIDS
    (folder / "information").write_text("GPU UUID: \t GPU-????????-????-????-????-????????????\n")
    for number in (1, 0, 10):
        (root / "dev" / f"nvidia{number}").touch()
    (root / "dev" / "nvidiactl").touch()
    assert find_gpus(root) == FoundGpus(("0", "1", "10"), "/dev/nvidia*")


@pytest.mark.process
def test_a_driver_that_does_not_work_is_told(root: Path) -> None:
    smi(root, "echo 'Failed to initialize NVML: Driver/library version mismatch'; exit 18")
    found = find_gpus(root)
    assert found.names == ()
    assert "Driver/library version mismatch" in found.why
    assert "nvidia-smi" in found.next_step


def test_a_loaded_driver_without_gpus_names_the_extra(root: Path) -> None:
    (root / "proc" / "driver" / "nvidia").mkdir(parents=True)
    (root / "proc" / "driver" / "nvidia" / "version").touch()
    assert "mosaic-rl[gpu]" in find_gpus(root).next_step
