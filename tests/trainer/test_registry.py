from __future__ import annotations

import contextlib
import sqlite3
import time
from pathlib import Path

import msgspec
import pytest

from gym_gui.runs.filter import RunFilter
from gym_gui.runs.states import RunState
from gym_gui.runs.summary import CurvePoint, RunSummary, WorkerSummary
from gym_gui.trainer.home import DaemonHome
from gym_gui.trainer.registry import Registry
from gym_gui.trainer.registry_reader import open_registry_readonly


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(DaemonHome(tmp_path).registry)


def run(name: str, **fields: object) -> RunSummary:
    return RunSummary(run_id=name, **fields)  # type: ignore[arg-type]


def curve(length: int) -> list[CurvePoint]:
    return [
        CurvePoint(step=step, episodes=1, mean_return=float("nan"), min_return=-1.0, max_return=float("inf"))
        for step in range(length)
    ]


def test_runs_are_numbered_in_order_and_listed_newest_first(registry: Registry) -> None:
    entered = [registry.add(run(name)) for name in "ABC"]
    assert [each.sequence for each in entered] == [1, 2, 3]
    assert [each.run_id for each in registry.list()] == ["C", "B", "A"]
    assert [each.run_id for each in registry.list(limit=1)] == ["C"]
    assert registry.count() == 3


def test_the_number_of_a_removed_run_is_not_used_again(registry: Registry) -> None:
    registry.add(run("A"))
    registry.add(run("B"))
    registry.remove(["B"])
    assert registry.add(run("C")).sequence == 3
    assert registry.reserve(0) == 4


def test_pages_filters_and_prefixes(registry: Registry) -> None:
    for number in range(10):
        state = RunState.RUNNING if number % 2 else RunState.COMPLETED
        registry.add(run(f"R{number}", state=state, group="even" if number % 2 == 0 else "", tags=[f"t{number % 3}"]))
    first = registry.list(limit=4)
    second = registry.list(limit=4, before=first[-1].sequence)
    assert [each.run_id for each in [*first, *second]] == [f"R{number}" for number in range(9, 1, -1)]
    assert {each.run_id for each in registry.list(RunFilter(states=(RunState.RUNNING,)))} == {
        "R1",
        "R3",
        "R5",
        "R7",
        "R9",
    }
    assert len(registry.list(RunFilter(group="even", tag="t0"))) == 2
    assert list(registry.run_ids("R3")) == ["R3"]
    assert list(registry.run_ids("_")) == []


def test_only_newer_reports_count(registry: Registry) -> None:
    entered = registry.add(run("A"))
    newer = msgspec.structs.replace(entered, report=5, steps=50)
    registry.update([newer])
    registry.update([msgspec.structs.replace(entered, report=4, steps=40)])
    found = registry.get("A")
    assert found == newer


def test_the_end_of_a_run_is_final(registry: Registry) -> None:
    entered = registry.add(run("A"))
    registry.update([msgspec.structs.replace(entered, state=RunState.COMPLETED, report=1)])
    registry.update([msgspec.structs.replace(entered, state=RunState.RUNNING, report=9)])
    found = registry.get("A")
    assert found is not None
    assert found.state is RunState.COMPLETED


def test_curves_are_read_when_asked_for(registry: Registry) -> None:
    workers = [WorkerSummary(worker_id=f"w{number}", worker_type="t", curve=curve(number)) for number in range(3)]
    registry.add(run("A", workers=workers))
    assert [len(worker.curve) for worker in registry.list()[0].workers] == [0, 0, 0]
    assert [len(worker.curve) for worker in registry.list(curves=True)[0].workers] == [0, 1, 2]
    assert [len(worker.curve) for worker in workers] == [0, 1, 2], "the given summary is not changed"


def test_a_reader_sees_what_the_daemon_writes_and_writes_nothing(registry: Registry, tmp_path: Path) -> None:
    registry.add(run("A"))
    reader = open_registry_readonly(tmp_path)
    assert reader is not None
    registry.add(run("B"))
    assert [each.run_id for each in reader.list()] == ["B", "A"]
    reader.close()
    registry.close()
    reader = open_registry_readonly(tmp_path)
    assert reader is not None
    assert reader.count() == 2
    reader.close()


def test_there_is_no_reader_where_there_is_no_registry(tmp_path: Path) -> None:
    assert open_registry_readonly(tmp_path) is None
    DaemonHome(tmp_path).registry.write_bytes(b"not a database, but long enough to look at it" * 10)
    assert open_registry_readonly(tmp_path) is None


@pytest.mark.parametrize("damage", [b"rubbish" * 1000, b""])
def test_a_damaged_registry_is_replaced(tmp_path: Path, damage: bytes) -> None:
    path = DaemonHome(tmp_path).registry
    first = Registry(path)
    first.add(run("A"))
    first.close()
    path.write_bytes(damage)
    second = Registry(path)
    assert second.count() == 0
    second.close()


def test_a_registry_of_another_version_is_replaced(tmp_path: Path) -> None:
    path = DaemonHome(tmp_path).registry
    first = Registry(path)
    first.add(run("A"))
    first._db.execute("PRAGMA user_version = 99")
    first.close()
    second = Registry(path)
    assert second.count() == 0
    second.close()


def test_thousands_of_runs_are_quick_to_list(registry: Registry) -> None:
    workers = [WorkerSummary(worker_id="000001", worker_type="t", curve=curve(200))]
    for number in range(2000):
        registry.add(run(f"R{number}", workers=workers, tags=["a", "b"]))
    assert len(registry.list(limit=1000)) == 1000

    def cheapest(*, curves: bool) -> float:
        used = []
        for _ in range(5):
            started = time.process_time()
            registry.list(limit=1000, curves=curves)
            used.append(time.process_time() - started)
        return min(used)

    assert cheapest(curves=False) < cheapest(curves=True), "a list without curves must not pay for them"


def test_numbers_that_are_set_aside_are_given_to_nobody_else(registry: Registry) -> None:
    assert registry.reserve(0) == 1
    assert registry.reserve(3) == 1
    assert registry.add(run("A")).sequence == 4
    assert registry.reserve(2) == 5
    assert registry.add(run("B")).sequence == 7
    registry.add(run("C", sequence=2))
    assert [found.run_id for found in registry.list()] == ["B", "A", "C"]


def test_a_registry_that_is_locked_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gym_gui.trainer.registry.BUSY_MS", 50)
    path = DaemonHome(tmp_path).registry
    first = Registry(path)
    first.add(run("A"))
    first.close()
    with contextlib.closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            Registry(path)
    second = Registry(path)
    assert second.count() == 1
    second.close()
