"""What a new daemon makes of the runs that it finds: whatever was started is looked after, whatever lies there now."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gym_gui.runs.folder import RunFolder
from gym_gui.runs.ids import new_run_id
from gym_gui.runs.plan import RunPlan, WorkerPlan, save_plan
from gym_gui.runs.states import RunState
from gym_gui.runs.summary import RunSummary
from gym_gui.runs.supervisor_log import SupervisorLog
from gym_gui.trainer.live_marks import LiveRuns
from gym_gui.trainer.reconcile import reconcile
from gym_gui.trainer.registry import Registry


@pytest.fixture
def registry(home: Path) -> Registry:
    return Registry(home / "registry.db")


@pytest.fixture
def started(home: Path) -> RunFolder:
    """A run that a proxy has had: its database is there, and its supervisor log says that it runs."""
    folder = RunFolder.of(home, new_run_id())
    folder.create()
    workers = [WorkerPlan(worker_no=1, worker_id="a", worker_type="t", argv=["true"])]
    plan = RunPlan(run_id=folder.run_id, run_name="r", digest="d", created_at=1.0, config={}, workers=workers)
    save_plan(folder, plan)
    log = SupervisorLog(folder.supervisor_log)
    log.append("state", state="running", cause="x")
    log.close()
    folder.proxy_lock.touch()
    LiveRuns(home / "runs").add(folder.run_id)
    return folder


@pytest.mark.parametrize(
    "row", [RunState.QUEUED, RunState.RUNNING, None], ids=["as queued", "as running", "not at all"]
)
@pytest.mark.parametrize("logs", ["a file", "removed", "a link to itself"])
def test_a_run_whose_folder_of_logs_is_none_is_looked_after(
    home: Path, registry: Registry, started: RunFolder, row: RunState | None, logs: str
) -> None:
    """However late the daemon that died had last written what it knew of it: nobody else would see to its worker."""
    if row is not None:
        registry.add(RunSummary(run_id=started.run_id, state=row))
    shutil.rmtree(started.logs)
    if logs == "a file":
        started.logs.write_text("x")
    elif logs == "a link to itself":
        started.logs.symlink_to(started.logs)
    found = reconcile(home, registry)
    assert not found.waiting, "it is not to be started again"
    ((run, plan),) = found.started
    assert run.run_id == started.run_id
    assert plan is not None
    assert plan.run_name == "r"


def test_a_run_of_a_later_version_is_left_out(home: Path, registry: Registry, started: RunFolder) -> None:
    with started.supervisor_log.open("a") as log:
        log.write('{"event": "state", "state": "of a later version", "at": 1}\n')
    found = reconcile(home, registry)
    assert (found.started, found.waiting, found.ended) == ([], [], [])
    assert started.run_json.exists()
