"""Runs whose executor brings a provisioner: it is recorded with the run, and nothing else takes its place."""

from __future__ import annotations

import importlib
import sys

import msgspec
import pytest

from gym_gui.proxy.proxy import EXIT_DRAINED, EXIT_ENDED, Proxy
from gym_gui.proxy.reporter import NoReporter
from gym_gui.proxy.summary import read_summary
from gym_gui.runs.plan import load_plan, save_plan
from gym_gui.runs.states import RunState
from gym_gui.supervision.processes import marked_processes
from gym_gui.supervision.provisioners import NoProvisioner
from gym_gui.trainer.unplanned import why_unsupervised

#: As a third party writes it: it leaves a file for each start.
PLACE = """
from gym_gui.supervision.local_provisioner import LocalProvisioner

class Noting(LocalProvisioner):
    def __init__(self, folder, plan, clock):
        super().__init__(folder, plan, clock)
        self.notes = folder.control

    def start(self, attempt, argv):
        (self.notes / f"started-{attempt.worker_id}").touch()
        return super().start(attempt, argv)
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder of modules that this process and those that it starts find."""
    folder = tmp_path / "place"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("PYTHONPATH", str(folder))

    def write(code: str = PLACE):
        sys.modules.pop("noting_place", None)
        (folder / "noting_place.py").write_text(code)
        importlib.invalidate_caches()
        return folder / "noting_place.py"

    yield write
    sys.modules.pop("noting_place", None)


def through(run, target: str = "noting_place:Noting"):
    """Record a provisioner with a run."""
    run.plan = msgspec.structs.replace(run.plan, executor="noting", provisioner=target)
    save_plan(run.folder, run.plan)
    return run


def test_the_recorded_one_starts_the_workers_for_this_proxy_and_for_a_later_one(new_run, until, place):
    place()
    run = through(new_run("started", "full_speed:0.5", "completed"))
    proxy = run.start()
    until(lambda: run.log())
    proxy.terminate()
    assert proxy.wait(20) == EXIT_DRAINED
    assert (run.folder.control / "started-a").exists()
    assert load_plan(run.folder).provisioner == "noting_place:Noting"
    assert run.finish().state is RunState.COMPLETED


@pytest.mark.process
@pytest.mark.parametrize(
    ("code", "target", "reason"),
    [
        (None, "noting_place:Noting", "ModuleNotFoundError: No module named 'noting_place'"),
        ("raise SystemError('no cluster')", "noting_place:Noting", "SystemError: no cluster"),
        (PLACE, "noting_place:Other", "has no attribute 'Other'"),
        ("class Noting: pass", "noting_place:Noting", "is not a subclass of"),
        (
            "from gym_gui.supervision.provisioner import Provisioner\nclass Noting(Provisioner): pass",
            "noting_place:Noting",
            "lacks observe, release, signal, start, usage",
        ),
        (PLACE + "        raise OSError('x')\n    def __init__(self, *a): 1/0", "noting_place:Noting", "ZeroDivision"),
    ],
)
def test_without_it_a_run_fails_before_anything_is_started(new_run, place, code, target, reason):
    if code is not None:
        place(code)
    run = through(new_run("started", "completed"), target)
    assert Proxy(run.folder, NoReporter()).run() == EXIT_ENDED
    summary = read_summary(run.folder)
    assert (summary.state, summary.workers[0].state) == (RunState.FAILED, RunState.FAILED)
    for part in (f"the provisioner {target} of executor 'noting' cannot be used", reason, "mosaic doctor"):
        assert part in summary.cause
    assert run.log() == b""
    assert not run.events("launch")


def test_workers_that_only_it_can_find_are_left_until_it_is_back(new_run, until, place):
    module = place()
    run = through(new_run("started", "full_speed:3", "completed"))
    proxy = run.start()
    until(lambda: run.log())
    proxy.terminate()
    assert proxy.wait(20) == EXIT_DRAINED
    module.unlink()
    sys.modules.pop("noting_place", None)
    importlib.invalidate_caches()
    with pytest.raises(NoProvisioner):
        Proxy(run.folder, NoReporter()).run()
    assert not read_summary(run.folder).state.terminal
    assert "the provisioner noting_place:Noting of executor 'noting'" in why_unsupervised(run.folder)
    assert marked_processes(run.folder.run_id)
    place()
    assert run.finish().state is RunState.COMPLETED
    assert why_unsupervised(run.folder) == ""
    assert len(run.events("launch")) == 1


def test_a_run_that_has_ended_is_indexed_without_it(new_run, place):
    module = place()
    run = through(new_run("started", "step:5", "completed"))
    run.finish()
    run.folder.database.unlink()
    module.unlink()
    summary = run.finish()
    assert (summary.state, summary.steps) == (RunState.COMPLETED, 5)
