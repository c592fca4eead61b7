"""Two pid namespaces over one home, as when a container is restarted: the locks tell who lives, no pid does."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gym_gui.core.worker.errors import UsageError
from gym_gui.proxy.summary import read_summary
from gym_gui.rpc.client import TrainerClient
from gym_gui.runs.states import RunState
from gym_gui.supervision.launch_locks import check_nothing_lives
from gym_gui.supervision.processes import holding_processes
from gym_gui.trainer.home import DaemonHome

C, F, X = RunState.COMPLETED, RunState.FAILED, RunState.CANCELLED
PROXY = """
import sys; from pathlib import Path; from gym_gui.runs.folder import RunFolder
from gym_gui.proxy.proxy import Proxy
from gym_gui.proxy.reporter import NoReporter
sys.exit(Proxy(RunFolder(Path(sys.argv[1])), NoReporter()).run())
"""
UNSHARE = ["unshare", "--pid", "--fork", "--kill-child"]
pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or subprocess.run([*UNSHARE, "true"], capture_output=True).returncode != 0,
    reason="cannot make a pid namespace",
)
#: With a /proc of its own, and with that of the namespace outside.
PROCS = pytest.mark.parametrize("own_proc", [True, False], ids=["own-proc", "outer-proc"])


@pytest.fixture
def inside():
    """Start a program in a pid namespace of its own; everything in there is killed at the end."""
    started = []

    def start(*command: str, own_proc: bool = True) -> None:
        first = ["sh", "-c", '"$@" & exec sleep 600', "sh"]
        proc = ["--mount-proc"] if own_proc else []
        started.append(subprocess.Popen([*UNSHARE, *proc, *first, *command], stderr=subprocess.DEVNULL))

    yield start
    for process in started:
        process.kill()
        process.wait()


def pids_of(*words: str) -> list[int]:
    """The processes, seen from outside, whose command line has all of these words in it."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            line = (entry / "cmdline").read_bytes() if entry.name.isdigit() else b""
        except OSError:
            continue
        if all(word.encode() in line for word in words) and b"unshare" not in line and b'"$@"' not in line:
            found.append(int(entry.name))
    return found


def start_inside(run, inside, until, lines: int, own_proc: bool = True) -> None:
    inside(sys.executable, "-c", PROXY, str(run.folder.path), own_proc=own_proc)
    until(lambda: run.log().count(b"\n") >= lines and run.started())


def kill(pid: int) -> None:
    os.kill(pid, 9)


@PROCS
@pytest.mark.fault
def test_a_run_inside_is_supervised_to_its_end(new_run, until, inside, tmp_path, own_proc):
    run = new_run("started", "child:orphan_deaf", "child:setsid_deaf", "stray:log", f"wait_for:{tmp_path / 'go'}",
                  "completed")  # fmt: skip
    start_inside(run, inside, until, 1, own_proc)
    (tmp_path / "go").touch()
    until(lambda: read_summary(run.folder).state.terminal and not pids_of("NoReporter", run.folder.run_id))
    summary = run.check()
    assert (summary.state, summary.cause) == (C, "exit code 0")
    assert pids_of(f"stray-{run.folder.run_id}") == []


@PROCS
@pytest.mark.parametrize(
    "victims", [(), pytest.param(("launcher",), marks=pytest.mark.fault)], ids=["proxy", "proxy+launcher"]
)
def test_a_worker_inside_is_neither_doubled_nor_declared_dead(new_run, until, inside, tmp_path, victims, own_proc):
    run = new_run("started", "step:10", f"wait_for:{tmp_path / 'go'}", "completed",
                  limits={"max_attempts": 2, "heartbeat_timeout_s": 1.0, "wall_time_s": 60.0})  # fmt: skip
    start_inside(run, inside, until, 11, own_proc)
    for pid in [
        *pids_of("NoReporter", run.folder.run_id),
        *(pids_of("launcher.py", run.folder.run_id) if victims else []),
    ]:
        kill(pid)
    until(lambda: not pids_of("NoReporter", run.folder.run_id))
    run.start()
    until(lambda: len(run.events("proxy")) == 2)
    time.sleep(3.0)
    summary = read_summary(run.folder)
    assert summary.state is RunState.RUNNING
    assert len(run.events("launch")) == 1
    assert run.events("signal") == []
    with pytest.raises(UsageError, match="cannot be deleted") as refused:
        check_nothing_lives(run.folder, "it cannot be deleted", "mosaic runs delete")
    assert "held by pid" in refused.value.why
    (tmp_path / "go").touch()
    summary = run.finish()
    assert (summary.state, len(run.events("launch"))) == (C, 1)
    assert summary.cause.startswith("completed (exit code unknown" if victims else "exit code 0")


@pytest.mark.fault
def test_a_worker_inside_is_cancelled_from_outside(new_run, until, inside):
    run = new_run("polite_term:143", "started", "step:10", "sleep:600")
    start_inside(run, inside, until, 11)
    (pid,) = pids_of("NoReporter", run.folder.run_id)
    kill(pid)
    run.start()
    until(lambda: len(run.events("proxy")) == 2)
    run.cancel()
    summary = run.finish()
    assert (summary.state, summary.cause, summary.workers[0].exit.code) == (X, "cancelled by ann: enough", 143)


@pytest.mark.fault
def test_a_proxy_inside_sees_its_run_to_the_end_under_a_daemon_outside(cluster, until, inside, tmp_path):
    home = DaemonHome(cluster.home)
    home.prepare()
    inside(sys.executable, "-m", "gym_gui.rpc.daemon_main", "--home", str(cluster.home))
    until(lambda: home.daemon() is not None)
    run = cluster.submit("started", "step:10", f"wait_for:{tmp_path / 'go'}", "completed")
    until(lambda: run.log().count(b"\n") == 11 and run.started())
    (daemon,) = pids_of("gym_gui.rpc.daemon_main", str(cluster.home))
    kill(daemon)
    until(lambda: home.daemon() is None)
    with TrainerClient.connect(cluster.home) as client:
        time.sleep(2.0)
        assert client.get(run.run_id).state is RunState.RUNNING
    (tmp_path / "go").touch()
    summary = cluster.wait(run)
    assert (summary.state, summary.cause, len(run.events("proxy"))) == (C, "exit code 0", 1)


@pytest.mark.fault
def test_a_daemon_outside_takes_over_and_waits(cluster, until, inside, tmp_path):
    home = DaemonHome(cluster.home)
    home.prepare()
    inside(sys.executable, "-m", "gym_gui.rpc.daemon_main", "--home", str(cluster.home))
    until(lambda: home.daemon() is not None)
    run = cluster.submit("started", "step:10", f"wait_for:{tmp_path / 'go'}", "completed", limits={"max_attempts": 2})
    until(lambda: run.log().count(b"\n") == 11 and run.started())
    (daemon,) = pids_of("gym_gui.rpc.daemon_main", str(cluster.home))
    (proxy,) = holding_processes(run.folder.proxy_lock, ())
    for pid in (daemon, proxy.pid):
        kill(pid)
    until(lambda: home.daemon() is None)
    with TrainerClient.connect(cluster.home) as client:
        until(lambda: len(run.events("proxy")) == 2)
        until(lambda: "runs elsewhere" in client.get(run.run_id).cause)
        assert client.get(run.run_id).state is RunState.RUNNING
        with pytest.raises(UsageError):
            client.delete(run.run_id)
        assert len(run.events("launch")) == 1
    (tmp_path / "go").touch()
    summary = cluster.wait(run)
    assert (summary.state, summary.cause, len(run.events("launch"))) == (C, "exit code 0", 1)
