"""Orphans that carry no mark of their run are ended with it, whoever is killed; nobody else's process is."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gym_gui.runs.states import RunState
from gym_gui.supervision.identity import ProcessIdentity

C, F = RunState.COMPLETED, RunState.FAILED
KINDS = ("nothing", "log", "lock")
VICTIMS = (
    (),
    ("worker",),
    ("launcher",),
    ("launcher", "worker"),
    ("worker", "launcher"),
    ("proxy", "launcher", "worker"),
    ("daemon", "proxy", "launcher"),
    ("daemon", "proxy", "launcher", "worker"),
)


def strays_of(run) -> list[int]:
    """The strays of a run, by a word of their command line that MOSAIC does not look at."""
    word, found = f"stray-{run.run_id}".encode(), []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if (
                    word in (entry / "cmdline").read_bytes().split(b"\0")
                    and ProcessIdentity.of(int(entry.name)).alive()
                ):
                    found.append(int(entry.name))
    return found


def cells():
    for kind in KINDS:
        for victims in VICTIMS:
            quick = (kind, victims) == ("nothing", ("launcher", "worker"))
            yield pytest.param(
                kind, victims, id=f"{kind}-{'+'.join(victims) or 'nobody'}", marks=[] if quick else [pytest.mark.fault]
            )


@pytest.fixture
def end_strays():
    """Kill what a test that failed leaves behind."""
    runs = []
    yield runs.append
    for run in runs:
        for pid in strays_of(run):
            subprocess.run(["kill", "-9", str(pid)], check=False)


@pytest.mark.parametrize(("kind", "victims"), list(cells()))
def test_no_stray_outlives_its_run(cluster, until, tmp_path, end_strays, kind, victims):
    go = tmp_path / "go"
    run = cluster.submit("started", f"stray:{kind}", f"stray:{kind}", "step:10", f"wait_for:{go}", "completed")
    end_strays(run)
    until(lambda: run.log().count(b"\n") == 11 and run.started())
    assert len(strays_of(run)) == 2
    pids = {name: cluster.daemon_pid() if name == "daemon" else run.victim(name) for name in victims}
    for name in victims:
        assert pids[name] is not None
        cluster.kill(pids[name])
    go.touch()
    summary = cluster.wait(run)
    assert summary.state is (F if "worker" in victims else C), summary.cause
    assert strays_of(run) == []


@pytest.mark.fault
def test_whoever_only_reads_is_left_alone(cluster, until, tmp_path):
    """Somebody follows the log and looks at the lock file: both outlive the run, though its launcher was killed."""
    run = cluster.submit("started", "stray:lock", "step:10", "sleep:600")
    until(lambda: run.log().count(b"\n") == 11 and run.started())
    follow = subprocess.Popen(["tail", "-f", str(run.folder.stdout_log("a", 1))], stdout=subprocess.DEVNULL)
    code = "import sys, time; stream = open(sys.argv[1], 'r+'); time.sleep(600)"
    look = subprocess.Popen([sys.executable, "-c", code, str(run.folder.launch_lock("a", 1))])
    try:
        until(lambda: len(list(Path(f"/proc/{look.pid}/fd").iterdir())) > 3)
        cluster.kill(run.victim("launcher"))
        cluster.kill(run.victim("worker"))
        assert cluster.wait(run).state is F
        assert strays_of(run) == []
        assert (follow.poll(), look.poll()) == (None, None)
    finally:
        for one in (follow, look):
            one.send_signal(signal.SIGKILL)
            one.wait()
