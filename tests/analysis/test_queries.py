"""Finding runs: from the registry, from the folders, by any reference."""

from __future__ import annotations

from pathlib import Path

import pytest

from gym_gui.analysis.queries import get_run, get_run_summary, list_runs, resolve_run, run_ids, short_id_length
from gym_gui.core.worker.errors import UsageError
from gym_gui.runs.filter import RunFilter
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.ids import new_run_id
from gym_gui.runs.plan import RunPlan, WorkerPlan, save_plan
from gym_gui.runs.states import RunState
from gym_gui.runs.summary import RunSummary, WorkerSummary
from gym_gui.trainer.home import DaemonHome
from gym_gui.trainer.registry import Registry


def add_folder(home: Path, run_id: str, *, created_at: float = 0.0, tags: list[str] | None = None) -> None:
    folder = RunFolder.of(home, run_id)
    folder.create()
    worker = WorkerPlan(worker_no=1, worker_id="000001", worker_type="random", argv=["true"])
    save_plan(folder, RunPlan(run_id=run_id, run_name=f"run {created_at}", digest="d", created_at=created_at, config={},
                              workers=[worker], tags=tags or []))  # fmt: skip


def summary(run_id: str, state: RunState = RunState.COMPLETED) -> RunSummary:
    worker = WorkerSummary(worker_id="000001", worker_type="random", state=state, episodes=3, steps=30, attempt=1)
    return RunSummary(run_id=run_id, state=state, workers=[worker], episodes=3, steps=30)


def test_an_empty_home(home: Path) -> None:
    assert list_runs(home) == []
    with pytest.raises(UsageError, match="no run 'latest'"):
        resolve_run(home, "latest")


def test_folders_alone_are_enough(home: Path) -> None:
    ids = [new_run_id() for _ in range(3)]
    for number, run_id in enumerate(ids):
        add_folder(home, run_id, created_at=float(10 - number), tags=[f"t{number}"])
    assert [run.run_id for run in list_runs(home)] == ids
    assert resolve_run(home, "latest") == ids[0]
    assert [run.run_id for run in list_runs(home, RunFilter(tag="t2"))] == [ids[2]]
    assert [run.run_id for run in list_runs(home, limit=2)] == ids[:2]
    assert list_runs(home, RunFilter(worker="cleanrl")) == []
    assert get_run(home, ids[1]).state is RunState.QUEUED


def test_the_registry_orders_and_what_it_does_not_know_comes_first(home: Path) -> None:
    ids = [new_run_id() for _ in range(3)]
    for run_id in ids:
        add_folder(home, run_id)
    registry = Registry(DaemonHome(home).registry)
    registry.add(summary(ids[1]))
    registry.add(summary(ids[0], RunState.FAILED))
    registry.add(summary(new_run_id()))  # its folder is gone
    assert [run.run_id for run in list_runs(home)] == [ids[2], ids[0], ids[1]]
    assert [run.run_id for run in list_runs(home, RunFilter(states=(RunState.FAILED,)))] == [ids[0]]
    assert get_run(home, ids[1]).episodes == 3
    grouped = get_run_summary(home, ids[1])
    assert grouped["workers"]["000001"]["steps"] == 30
    registry.close()


def test_what_a_living_worker_uses_comes_from_the_registry(home: Path) -> None:
    run_id = new_run_id()
    add_folder(home, run_id)
    reported = summary(run_id, RunState.RUNNING)
    reported.workers[0].attempt = 0  # as in the folder: nothing was launched there
    reported.workers[0].cpu_seconds, reported.workers[0].memory_bytes = 2.5, 1 << 20
    registry = Registry(DaemonHome(home).registry)
    registry.add(reported)
    registry.close()
    (worker,) = get_run(home, run_id).workers
    assert (worker.cpu_seconds, worker.memory_bytes) == (2.5, 1 << 20)


def test_references(home: Path) -> None:
    for run_id in ("01ARZ3NDEKTSV4RRFFQ69G5FAV", "01ARZ3NDEKTSV4RRFFQ69G5FAW", "01BRZ3NDEKTSV4RRFFQ69G5FAV"):
        add_folder(home, run_id)
    assert resolve_run(home, "01arz3ndektsv4rrffq69g5faw") == "01ARZ3NDEKTSV4RRFFQ69G5FAW"
    assert resolve_run(home, "01b") == "01BRZ3NDEKTSV4RRFFQ69G5FAV"
    with pytest.raises(UsageError, match="2 runs begin or end with '01A'"):
        resolve_run(home, "01A")
    with pytest.raises(UsageError, match="did you mean 01ARZ3NDEKTSV4RRFFQ69G5FAW"):
        resolve_run(home, "01ARZ3NDEKTSV4RRFFQ69G5FWW")
    for reference in ("", "../etc", "zzz"):
        with pytest.raises(UsageError):
            resolve_run(home, reference)


def test_a_run_is_found_by_its_name_and_by_the_end_of_its_id(home: Path) -> None:
    ids = ["01ARZ3NDEKTSV4RRFFQ69G5FAV", "01ARZ3NDEKTSV4RRFFQ69G5FAW", "01ARZ3NDEKTSV4RRFFQ69GZZZW"]
    for number, run_id in enumerate(ids):
        add_folder(home, run_id, created_at=float(number // 2))
    assert short_id_length(run_ids(home)) == 6
    assert resolve_run(home, "9g5faw") == ids[1]
    assert resolve_run(home, "run 1.0") == ids[2]
    with pytest.raises(UsageError, match=r"2 runs are named 'run 0\.0'"):
        resolve_run(home, "run 0.0")
    with pytest.raises(UsageError, match=r"did you mean run 1\.0"):
        resolve_run(home, "run 1.1")
    with pytest.raises(UsageError, match="there is no run"):
        resolve_run(home, "w")  # too little to stand for an id's end


def test_short_ids_are_as_long_as_it_takes(home: Path) -> None:
    for run_id in ("01ARZ3NDEKTSV4RRFFQ69G5FAV", "01ARZ3NDEKTSV4RRFFQ79G5FAV"):
        add_folder(home, run_id)
    assert short_id_length(run_ids(home)) == 7


def test_a_run_that_was_restored_stands_where_its_submission_stood(home: Path) -> None:
    ids = [new_run_id() for _ in range(3)]
    for number, run_id in enumerate(ids):
        add_folder(home, run_id, created_at=float(number))
    registry = Registry(DaemonHome(home).registry)
    for run_id in (ids[0], ids[2]):
        registry.add(get_run(home, run_id))
    registry.close()
    assert [run.run_id for run in list_runs(home)] == list(reversed(ids))
    assert resolve_run(home, "latest") == ids[2]


def test_a_folder_without_run_json_is_no_run(home: Path) -> None:
    RunFolder.of(home, new_run_id()).create()
    assert list_runs(home) == []
