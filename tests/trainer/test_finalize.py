from __future__ import annotations

import sys
from pathlib import Path

import pytest

from gym_gui.core.worker.errors import MosaicError
from gym_gui.proxy.summary import read_summary
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.lock import FileLock
from gym_gui.runs.plan import RunPlan, WorkerPlan, save_plan
from gym_gui.runs.states import RunState
from gym_gui.trainer.finalize import finalize_run, is_finished


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    folder = RunFolder.of(tmp_path, "01M80KJGYCS8QFSXHWQ3ASDF6G")
    folder.create()
    workers = [
        WorkerPlan(worker_no=number, worker_id=f"{number:06d}", worker_type="x", argv=[sys.executable])
        for number in (1, 2)
    ]
    save_plan(
        folder, RunPlan(run_id=folder.run_id, run_name="x", digest="", created_at=1.0, config={}, workers=workers)
    )
    return folder


def test_run_and_workers_end_with_the_cause(folder: RunFolder) -> None:
    run = finalize_run(folder, RunState.CANCELLED, "nobody wants it")
    assert run.state is RunState.CANCELLED
    assert run.cause == "nobody wants it"
    assert run.ended_at is not None
    assert [worker.state for worker in run.workers] == [RunState.CANCELLED] * 2
    assert read_summary(folder) == run
    assert is_finished(folder), "there is no database to be finished"


def test_an_end_is_final(folder: RunFolder) -> None:
    first = finalize_run(folder, RunState.CANCELLED, "first")
    assert finalize_run(folder, RunState.LOST, "second") == first


def test_a_run_that_somebody_holds_is_left_alone(folder: RunFolder) -> None:
    lock = FileLock(folder.proxy_lock)
    assert lock.acquire()
    with pytest.raises(MosaicError, match="is held by a telemetry proxy"):
        finalize_run(folder, RunState.LOST, "x")
    assert read_summary(folder).state is RunState.QUEUED
    lock.release()
