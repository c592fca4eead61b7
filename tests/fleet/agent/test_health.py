"""What is used of a machine, as it reports it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gym_gui.fleet.agent import health
from gym_gui.fleet.agent.health import ProcessorMeter, machine_load, memory_mb, nvidia, read_processor_times


def test_processors_are_measured_from_one_call_to_the_next() -> None:
    readings = iter([(100, 1000), (150, 1100), (150, 1100), None, (400, 1300), (600, 1500)])
    meter = ProcessorMeter(lambda: next(readings))
    assert [meter.percent() for _ in range(5)] == [50.0, None, None, None, 100.0]


def test_this_machine() -> None:
    times = read_processor_times()
    assert times is not None
    assert 0 < times[0] <= times[1]
    total, used = memory_mb()
    assert used is not None
    assert 0 < used < total
    assert {"memory_used_mb", "load_average"} <= set(machine_load(ProcessorMeter()))


def test_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "memory_status", lambda: (8 << 30, 3 << 30))
    monkeypatch.setattr(health, "processor_times", lambda: (1, 2))
    assert memory_mb(windows=True) == (8192, 5120)
    assert read_processor_times(windows=True) == (1, 2)
    monkeypatch.setattr(health, "memory_status", lambda: None)
    assert memory_mb(windows=True) == (0, None)


@pytest.mark.process
def test_graphics_cards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert nvidia("name") == []
    assert "gpus" not in machine_load(ProcessorMeter())
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho '37, 1024, 81559'\necho '[N/A], 2048, 81559'\n")
    program.chmod(0o755)
    assert machine_load(ProcessorMeter())["gpus"] == [
        {"percent": 37.0, "memory_used_mb": 1024.0, "memory_mb": 81559.0},
        {"percent": 0.0, "memory_used_mb": 2048.0, "memory_mb": 81559.0},
    ]
    program.write_text("#!/bin/sh\nexit 9\n")
    assert nvidia("name") == []
