"""SIGSTOP of each process for longer than anybody waits for it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

from gym_gui.core.worker.errors import MosaicError
from gym_gui.rpc.client import TrainerClient
from gym_gui.rpc.lifecycle import stop_daemon
from gym_gui.runs.states import RunState
from gym_gui.supervision.liveness import last_beat


@pytest.mark.fault
def test_a_worker_that_stands_still_is_hung(cluster, until):
    run = cluster.submit("started", "step:10", "sleep:600", limits={"heartbeat_timeout_s": 1.0})
    until(lambda: run.log() and run.started())
    cluster.kill(run.victim("worker"), signal.SIGSTOP)
    summary = cluster.wait(run)
    assert (summary.state, summary.cause) == (RunState.FAILED, "hung: neither output nor CPU time for 1 s")


@pytest.mark.fault
def test_a_launcher_that_stands_still_is_continued_and_tells_the_end(cluster, until):
    run = cluster.submit("started", "full_speed:0.5", "completed")
    until(lambda: run.log() and run.started())
    cluster.kill(run.victim("launcher"), signal.SIGSTOP)
    summary = cluster.wait(run)
    assert (summary.state, summary.cause) == (RunState.COMPLETED, "exit code 0")


@pytest.mark.fault
@pytest.mark.parametrize("size", [100_000, 400_000, 900_000])
def test_a_proxy_that_stands_still_is_replaced(cluster, until, size):
    """At full speed it is mostly stopped inside a transaction."""
    run = cluster.submit("started", "full_speed:2", "completed")
    until(lambda: len(run.log()) > size and run.started())
    first = run.victim("proxy")
    cluster.kill(first, signal.SIGSTOP)
    summary = cluster.wait(run)
    assert (summary.state, summary.cause) == (RunState.COMPLETED, "exit code 0")
    assert run.events("proxy")[0]["pid"] == first
    assert len(run.events("proxy")) == 2


@pytest.mark.fault
def test_a_proxy_that_hangs_is_replaced(cluster, until, monkeypatch):
    """It lives, holds the lock, and gets on with nothing: here its main thread is held by a tracer."""
    monkeypatch.setenv("MOSAIC_PROXY_TIMEOUT_S", "4")
    run = cluster.submit("started", "full_speed:1", "sleep:6", "full_speed:1", "completed")
    until(lambda: len(run.log()) > 100_000 and run.started())
    first, beat = run.victim("proxy"), last_beat(run.folder)
    until(lambda: last_beat(run.folder) != beat)  # it gives signs of its own
    tracer = subprocess.Popen([sys.executable, "-c", TRACER, str(first)], stdout=subprocess.PIPE, text=True)
    assert tracer.stdout is not None
    if tracer.stdout.readline() != "held\n":
        pytest.skip("this user may not trace its own processes (kernel.yama.ptrace_scope)")
    until(lambda: run.victim("proxy") not in (None, first), 60.0)
    tracer.communicate()
    summary = cluster.wait(run)
    assert (summary.state, summary.cause) == (RunState.COMPLETED, "exit code 0")
    assert run.events("proxy")[0]["pid"] == first
    assert len(run.events("proxy")) == 2
    assert "LOG1119" in (cluster.home / "logs" / "daemon.log").read_text()


#: Holds the main thread of a process until that is killed.
TRACER = """
import ctypes, os, sys
SEIZE, INTERRUPT, WALL = 0x4206, 0x4207, 0x40000000
pid, ptrace = int(sys.argv[1]), ctypes.CDLL(None, use_errno=True).ptrace
if ptrace(SEIZE, pid, None, None) or ptrace(INTERRUPT, pid, None, None):
    sys.exit("not allowed")
print("held", flush=True)
while os.WIFSTOPPED(os.waitpid(pid, WALL)[1]):
    pass
"""


@pytest.mark.fault
def test_a_daemon_that_stands_still_holds_up_nobody(cluster, until):
    run = cluster.submit("started", "full_speed:0.5", "completed")
    until(lambda: run.log() and run.started())
    daemon = cluster.daemon_pid()
    cluster.kill(daemon, signal.SIGSTOP)
    until(lambda: run.summary().state is RunState.COMPLETED)
    cluster.kill(daemon, signal.SIGCONT)
    assert cluster.wait(run).state is RunState.COMPLETED
    with TrainerClient.connect(cluster.home) as client:
        assert client.status().pid == daemon


@pytest.mark.fault
def test_a_daemon_that_stands_still_is_told_of_with_the_way_out(cluster):
    with TrainerClient.connect(cluster.home):
        pid = cluster.daemon_pid()
    cluster.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(MosaicError, match="did not end within") as told:
            stop_daemon(cluster.home, timeout_s=0.5)
        assert f"kill -9 {pid}" in told.value.next_step
    finally:
        cluster.kill(pid, signal.SIGCONT)


def everything(cluster, run) -> list[int]:
    """Worker, launcher, proxy and daemon, as far as they live; the daemon last: it would see the others stand still."""
    named = [run.victim(name) for name in ("worker", "launcher", "proxy")]
    return [pid for pid in (*named, cluster.daemon_pid()) if pid is not None]


def stand_still(cluster, run, seconds: float) -> None:
    """Stop everything for a while and let it go on, the observers first."""
    pids = everything(cluster, run)
    for pid in pids:
        cluster.kill(pid, signal.SIGSTOP)
    time.sleep(seconds)
    for pid in reversed(pids):
        cluster.kill(pid, signal.SIGCONT)


@pytest.mark.fault
@pytest.mark.parametrize("victim", [None, "launcher"])
def test_no_limit_counts_while_everything_stands_still(cluster, until, tmp_path, monkeypatch, victim):
    """As on a machine that sleeps, or in a frozen container: longer than any of the limits."""
    monkeypatch.setenv("MOSAIC_PROXY_TIMEOUT_S", "8")
    limits = {"wall_time_s": 10.0, "heartbeat_timeout_s": 8.0, "startup_timeout_s": 8.0}
    go = tmp_path / "go"
    run = cluster.submit("started", "heartbeat", f"wait_for:{go}", "completed", limits=limits)
    until(lambda: run.log().count(b"\n") == 2 and run.started())
    if victim is not None:
        cluster.kill(run.victim(victim))
    first = run.victim("proxy")
    stand_still(cluster, run, 13.0)
    time.sleep(1.5)
    go.touch()
    summary = cluster.wait(run)
    assert (summary.state, run.events("signal")) == (RunState.COMPLETED, []), summary.cause
    assert [event["pid"] for event in run.events("proxy")] == [first]


@pytest.mark.fault
def test_a_worker_that_did_not_start_yet_is_not_hung_at_startup_by_it(cluster, until, tmp_path):
    go = tmp_path / "go"
    run = cluster.submit(f"wait_for:{go}", "started", "completed", limits={"startup_timeout_s": 6.0})
    until(run.started)
    stand_still(cluster, run, 9.0)
    time.sleep(1.0)
    go.touch()
    assert cluster.wait(run).state is RunState.COMPLETED


@pytest.mark.fault
@pytest.mark.parametrize("victim", [None, "launcher"])
def test_the_grace_at_the_end_does_not_pass_meanwhile(cluster, until, tmp_path, victim):
    go = tmp_path / "go"
    run = cluster.submit(f"slow_term:{go}", "started", "sleep:600", limits={"shutdown_timeout_s": 6.0})
    until(lambda: run.log() and run.started())
    if victim is not None:
        cluster.kill(run.victim(victim))
    run.cancel()
    until(lambda: b"terminating" in run.log())
    stand_still(cluster, run, 9.0)
    time.sleep(1.0)
    go.touch()
    summary = cluster.wait(run)
    assert summary.state is RunState.CANCELLED
    assert b"run_cancelled" in run.log()
