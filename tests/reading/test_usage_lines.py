"""What a run's workers used over time, from the samples in its folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gym_gui.core.worker.errors import ConfigError
from gym_gui.proxy.usage_log import UsageLog
from gym_gui.reading.series import SeriesRequest, check_series
from gym_gui.reading.usage_lines import CPU, GPU_MEMORY, MEMORY, usage_lines, usage_values
from gym_gui.runs.folder import RunFolder
from gym_gui.supervision.facts import Usage

EVERYTHING = (float("-inf"), float("inf"))


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path)


def write(folder: RunFolder, *samples: tuple[float, str, int, Usage]) -> None:
    for at, worker_id, attempt, usage in samples:
        UsageLog(folder).add(at, {(worker_id, attempt): usage})


def test_cpu_is_a_share_of_one_core_between_two_samples(folder: RunFolder) -> None:
    write(folder, (100.0, "a", 1, Usage(1.0, 10)), (105.0, "a", 1, Usage(11.0, 20)), (110.0, "a", 1, Usage(12.0, 30)))
    (cpu,) = usage_lines(folder.usage, CPU, 100.0, EVERYTHING, 100)
    assert (cpu.worker_id, cpu.attempt, cpu.first_x, cpu.mean) == ("a", 1, [5.0, 10.0], [200.0, 20.0])
    (memory,) = usage_lines(folder.usage, MEMORY, 0.0, (101.0, 106.0), 100)
    assert (memory.first_x, memory.mean) == ([105.0], [20.0])
    assert usage_lines(folder.usage, GPU_MEMORY, 0.0, EVERYTHING, 100) == []


def test_each_worker_and_attempt_is_a_curve(folder: RunFolder) -> None:
    write(folder, *((float(at), worker, attempt, Usage(float(at), at, at)) for at in (1, 2)
                    for worker, attempt in (("a", 1), ("a", 2), ("b", 1))))  # fmt: skip
    lines = usage_lines(folder.usage, GPU_MEMORY, 0.0, EVERYTHING, 100)
    assert [(line.worker_id, line.attempt, line.mean) for line in lines] == [
        ("a", 1, [1.0, 2.0]), ("a", 2, [1.0, 2.0]), ("b", 1, [1.0, 2.0])
    ]  # fmt: skip


def test_thinning_keeps_every_extreme(folder: RunFolder) -> None:
    write(folder, *((float(at), "a", 1, Usage(0.0, 10**9 if at == 333 else 5)) for at in range(1000)))
    (line,) = usage_lines(folder.usage, MEMORY, 0.0, EVERYTHING, 50)
    assert len(line.mean) <= 50
    assert (max(line.high), min(line.low)) == (10**9, 5)


@pytest.mark.parametrize("line", ["", "{", "[1]", "[1,2,3,4,5,6,7]", '["x","a",1,2,3,null]', "[NaN,'a']", "[" * 9999])
def test_a_damaged_line_costs_itself_alone(folder: RunFolder, line: str) -> None:
    write(folder, (1.0, "a", 1, Usage(0.0, 7)))
    with folder.usage.open("a") as stream:
        stream.write(f"{line}\n{json.dumps([2.0, 'a', 1, 1.0, 8, None])}\n")
    values: Any = usage_values(folder.usage)[MEMORY]["a", 1]
    assert values == ([1.0, 2.0], [7, 8])


def test_a_run_without_samples_has_none(folder: RunFolder) -> None:
    assert usage_values(folder.usage) == {}


@pytest.mark.parametrize("x", ["step", "episode"])
def test_usage_has_no_steps(x: str) -> None:
    with pytest.raises(ConfigError) as refused:
        check_series(SeriesRequest(names=(CPU,), x=x))
    assert [(problem.path, problem.allowed) for problem in refused.value.problems] == [("x", "wall or relative")]
    check_series(SeriesRequest(names=(CPU, MEMORY), x="relative"))


def test_a_disk_that_refuses_costs_a_sample_and_nothing_else(folder: RunFolder) -> None:
    folder.usage.mkdir()
    write(folder, (1.0, "a", 1, Usage(0.0, 7)))
