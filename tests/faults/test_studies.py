"""The daemon is killed while a study is created: each of its assignments is submitted exactly once all the same."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from waiting import eventually

from gym_gui.fleet import StudyFolder, StudySpec, StudyState, study_ids
from gym_gui.rpc.client import TrainerClient
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.plan import load_plan
from gym_gui.trainer.home import DaemonHome

COUNT = 12


def submitted(home: Path) -> int:
    return sum(1 for _ in home.glob("runs/*/run.json"))


#: When the daemon is killed: once this is true.
MOMENTS: dict[str, Callable[[Path], bool]] = {
    "before anything is written": lambda home: True,
    "study written": lambda home: any(home.glob("studies/*/study.json")),
    "first run written": lambda home: submitted(home) >= 1,
    "half of the runs written": lambda home: submitted(home) >= COUNT // 2,
    "last run written": lambda home: submitted(home) >= COUNT,
}
QUICK = ("study written", "half of the runs written")


@pytest.mark.process
@pytest.mark.parametrize(
    "moment", [pytest.param(name, marks=[] if name in QUICK else [pytest.mark.fault]) for name in MOMENTS]
)
def test_a_killed_daemon_submits_each_assignment_once(client: TrainerClient, daemon_home: Path, moment: str) -> None:
    daemon = DaemonHome(daemon_home).daemon()
    assert daemon is not None
    spec = StudySpec(name="rates", base_config={"x": 1}, command="true {config}", seeds=list(range(COUNT)))
    made: list[StudyState] = []
    creating = threading.Thread(target=lambda: made.append(client.create_study(spec)))
    creating.start()
    while not MOMENTS[moment](daemon_home):
        pass
    os.kill(daemon.pid, signal.SIGKILL)
    creating.join(60)
    assert [state.total for state in made] == [COUNT]  # made again with the next daemon, or found there
    with TrainerClient.connect(daemon_home) as again:
        eventually(lambda: again.study("rates").counts == {"completed": COUNT}, "all runs complete", 60)
        found = again.study("rates")
        assert (found.study_id, found.submitting) == (made[0].study_id, False)
        listed = sorted(run.run_id for run in again.list(limit=None))
    (study_id,) = study_ids(daemon_home)
    study = StudyFolder(daemon_home, study_id).load()
    wanted = [each.runs[0].run_id for each in study.assignments]
    assert [len(each.runs) for each in study.assignments] == [1] * COUNT
    assert listed == sorted(wanted)
    assert sorted(path.name for path in (daemon_home / "runs").glob("0*")) == sorted(wanted)
    for assignment, run_id in zip(study.assignments, wanted, strict=True):
        marks = load_plan(RunFolder.of(daemon_home, run_id)).config["metadata"]["study"]
        assert (marks["study_id"], marks["index"]) == (study_id, assignment.index)
