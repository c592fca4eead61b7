from __future__ import annotations

from pathlib import Path

from gym_gui.analysis.interpreters import pythons_in_use
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.ids import new_run_id
from gym_gui.runs.plan import RunPlan, WorkerPlan, save_plan
from gym_gui.runs.states import RunState
from gym_gui.runs.summary import RunSummary, WorkerSummary
from gym_gui.trainer.home import DaemonHome
from gym_gui.trainer.registry import Registry


def add(home: Path, registry: Registry, python: str, state: RunState) -> None:
    run_id = new_run_id()
    folder = RunFolder.of(home, run_id)
    folder.create()
    worker = WorkerPlan(worker_no=1, worker_id="000001", worker_type="random", argv=[python, "-m", "x.cli"])
    save_plan(folder, RunPlan(run_id=run_id, run_name="a", digest="d", created_at=0.0, config={}, workers=[worker]))
    summary = WorkerSummary(worker_id="000001", worker_type="random", state=state)
    registry.add(RunSummary(run_id=run_id, state=state, workers=[summary]))


def test_runs_that_have_not_ended_need_theirs(home: Path) -> None:
    paths = DaemonHome(home)
    paths.prepare()
    registry = Registry(paths.registry)
    add(home, registry, "/home/envs/mine/1/bin/python", RunState.COMPLETED)
    add(home, registry, "/home/envs/mine/2/bin/python", RunState.QUEUED)
    registry.close()
    assert pythons_in_use(home) == {"/home/envs/mine/2/bin/python"}


def test_an_empty_home(home: Path) -> None:
    assert pythons_in_use(home) == set()
