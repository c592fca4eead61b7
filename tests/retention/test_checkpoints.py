from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gym_gui.retention.checkpoints import drop_checkpoints, has_checkpoints_to_drop
from gym_gui.retention.main import main
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.plan import RunPlan, WorkerPlan, save_plan
from gym_gui.runs.supervisor_log import SupervisorLog


def ended(home: Path, state: str, config: dict[str, Any]) -> RunFolder:
    folder = RunFolder.of(home, "01M819JWYE3851994083KBY3QX")
    folder.create()
    worker = WorkerPlan(worker_no=1, worker_id="a", worker_type="t", argv=["true"])
    save_plan(
        folder,
        RunPlan(run_id=folder.run_id, run_name="r", digest="d", created_at=1.0, config=config, workers=[worker]),
    )
    log = SupervisorLog(folder.supervisor_log)
    log.append("state", state=state, cause="x")
    log.close()
    manifest = {"artifacts": {"checkpoints": {"files": ["step_10.pt"]}, "tensorboard": "tensorboard/a"}}
    folder.analytics.write_text(json.dumps({"schema": 1, "run_id": folder.run_id, "workers": {"a": manifest}}))
    folder.checkpoints("a").mkdir(parents=True)
    (folder.checkpoints("a") / "step_10.pt").write_bytes(b"weights")
    return folder


@pytest.fixture
def keep(monkeypatch: pytest.MonkeyPatch) -> Callable[[RunFolder], int]:
    """What the daemon has done about a run that has ended; here it does not end with stdin."""
    monkeypatch.setattr("gym_gui.retention.main._end_with_stdin", lambda: None)
    monkeypatch.setattr("gym_gui.retention.main._NICENESS", 0)
    return lambda folder: main([str(folder.path)])


def test_those_of_a_completed_run_go_if_it_does_not_keep_them(home: Path) -> None:
    folder = ended(home, "completed", {"artifacts": {"keep_checkpoints": False}})
    assert has_checkpoints_to_drop(folder)
    assert drop_checkpoints(folder)
    assert not folder.all_checkpoints.exists()
    assert json.loads(folder.analytics.read_bytes())["workers"] == {
        "a": {"artifacts": {"tensorboard": "tensorboard/a"}}
    }
    assert not has_checkpoints_to_drop(folder)
    assert not drop_checkpoints(folder)


@pytest.mark.parametrize("state", ["failed", "cancelled", "lost", "running"])
def test_a_run_that_may_be_resumed_keeps_them(home: Path, state: str) -> None:
    folder = ended(home, state, {"artifacts": {"keep_checkpoints": False}})
    assert not drop_checkpoints(folder)
    assert (folder.checkpoints("a") / "step_10.pt").exists()


@pytest.mark.parametrize("config", [{}, {"artifacts": {}}, {"artifacts": {"keep_checkpoints": True}}])
def test_they_are_kept_by_default(home: Path, config: dict[str, Any], keep: Callable[[RunFolder], int]) -> None:
    folder = ended(home, "completed", config)
    assert keep(folder) == 0
    assert (folder.checkpoints("a") / "step_10.pt").exists()


def test_the_keeper_removes_them(home: Path, keep: Callable[[RunFolder], int]) -> None:
    folder = ended(home, "completed", {"artifacts": {"keep_checkpoints": False}})
    assert keep(folder) == 0
    assert not folder.all_checkpoints.exists()


@pytest.mark.process
def test_the_keeper_ends_well_while_whoever_started_it_lives(home: Path) -> None:
    folder = ended(home, "completed", {"artifacts": {"keep_checkpoints": False}})
    command = [sys.executable, "-m", "gym_gui.retention.main", str(folder.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as keeper:
        assert keeper.stderr is not None
        assert (keeper.stderr.read(), keeper.wait(60)) == (b"", 0)
    assert not folder.all_checkpoints.exists()
