from __future__ import annotations

import json
from pathlib import Path

import pytest

from gym_gui.core.worker.errors import MosaicError
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.ids import new_run_id
from gym_gui.runs.plan import Limits, RunPlan, WorkerPlan, load_plan, save_plan


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    folder = RunFolder.of(tmp_path, new_run_id())
    folder.create()
    return folder


def plan_of(folder: RunFolder) -> RunPlan:
    worker = WorkerPlan(
        worker_no=1,
        worker_id="000001",
        worker_type="tiny",
        argv=["python"],
        env={"A": "ü"},
        config={"lr": 1e-3},
        seed=3,
    )
    return RunPlan(
        run_id=folder.run_id, run_name="n", digest="d", created_at=1.5, config={"a": [1]}, workers=[worker],
        limits=Limits(wall_time_s=5, max_attempts=2), seed=3, tags=["t"], provenance={"git": None},
    )  # fmt: skip


def test_a_plan_is_read_as_it_was_written(folder: RunFolder) -> None:
    save_plan(folder, plan_of(folder))
    assert load_plan(folder) == plan_of(folder)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"run_id": 3}', b"\xff\xfe"])
def test_what_is_no_plan(folder: RunFolder, content: bytes) -> None:
    folder.run_json.write_bytes(content)
    with pytest.raises(MosaicError, match="cannot be read"):
        load_plan(folder)


def test_no_plan(folder: RunFolder) -> None:
    with pytest.raises(MosaicError, match=r"has no run\.json"):
        load_plan(folder)


def test_the_plan_of_a_newer_version(folder: RunFolder) -> None:
    save_plan(folder, plan_of(folder))
    folder.run_json.write_text(json.dumps({**json.loads(folder.run_json.read_text()), "schema": 2}))
    with pytest.raises(MosaicError, match="schema 2"):
        load_plan(folder)
