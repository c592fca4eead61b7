"""kill -9 of each process in each phase of a run: the right state with the right reason, and nothing is lost."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest

from gym_gui.runs.states import RunState

C, F, X = RunState.COMPLETED, RunState.FAILED, RunState.CANCELLED
#: In which states a run may end, and what its cause then tells, by victims and phase. Where the victim may have got its
#: work done just before it was killed, there are two.
EXPECTED = {
    ("worker", "starting"): {F: "killed by SIGKILL"},
    ("worker", "first_line"): {F: "killed by SIGKILL"},
    ("worker", "full_speed"): {F: "killed by SIGKILL"},
    ("worker", "at_exit"): {F: "killed by SIGKILL", C: "exit code 0"},
    ("launcher", "starting"): {C: ""},
    ("launcher", "first_line"): {C: "exit code unknown"},
    ("launcher", "full_speed"): {C: "exit code unknown"},
    ("launcher", "at_exit"): {C: ""},
    ("proxy", "starting"): {C: "exit code 0"},
    ("proxy", "first_line"): {C: "exit code 0"},
    ("proxy", "full_speed"): {C: "exit code 0"},
    ("proxy", "at_exit"): {C: "exit code 0"},
    ("worker+launcher", "starting"): {F: "exit unknown", C: ""},
    ("worker+launcher", "first_line"): {F: "exit unknown"},
    ("worker+launcher", "full_speed"): {F: "exit unknown"},
    ("worker+launcher", "at_exit"): {C: ""},
    ("proxy+launcher", "starting"): {C: ""},
    ("proxy+launcher", "first_line"): {C: "exit code unknown"},
    ("proxy+launcher", "full_speed"): {C: "exit code unknown"},
    ("proxy+launcher", "at_exit"): {C: ""},
    ("proxy+worker", "starting"): {F: "killed by SIGKILL"},
    ("proxy+worker", "first_line"): {F: "killed by SIGKILL"},
    ("proxy+worker", "full_speed"): {F: "killed by SIGKILL"},
    ("proxy+worker", "at_exit"): {F: "killed by SIGKILL", C: "exit code 0"},
    ("proxy+worker+launcher", "starting"): {F: "exit unknown", C: ""},
    ("proxy+worker+launcher", "first_line"): {F: "exit unknown"},
    ("proxy+worker+launcher", "full_speed"): {F: "exit unknown"},
    ("proxy+worker+launcher", "at_exit"): {C: ""},
    **{(victims, "cancelling"): {X: "cancelled by ann: enough"} for victims in (
        "worker", "launcher", "proxy", "worker+launcher", "proxy+launcher", "proxy+worker", "proxy+worker+launcher",
    )},
}  # fmt: skip
FAST = {
    ("worker", "first_line"),
    ("launcher", "full_speed"),
    ("proxy", "full_speed"),
    ("worker+launcher", "cancelling"),
}


def cells():
    for victims, phase in EXPECTED:
        yield pytest.param(victims, phase, marks=() if (victims, phase) in FAST else pytest.mark.fault)


def words(phase: str, flag: Path) -> list[str]:
    if phase == "cancelling":
        return ["ignore_term", "child:setsid_deaf", "started", "full_speed:600"]
    return ["started", "child:orphan_deaf", "full_speed:1", "completed", f"touch:{flag}"]


def reach(run, phase: str, flag: Path, until) -> None:
    """Wait until the run is in a phase."""
    if phase == "starting":
        until(run.folder.started_record("a", 1).exists)
    elif phase == "first_line":
        until(lambda: run.log() and run.started())
    elif phase == "full_speed":
        until(lambda: len(run.log()) > 200_000 and run.started())
    elif phase == "at_exit":
        until(flag.exists)
    else:
        until(lambda: run.log() and run.started())
        run.cancel()
        until(lambda: run.events("signal"))


def launcher_pid(run) -> int:
    """From the first record on, before there is a worker."""
    pid: int = json.loads(run.folder.started_record("a", 1).read_bytes())["launcher"]["pid"]
    return pid


def kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


@pytest.mark.parametrize(("victims", "phase"), list(cells()))
def test_kill(new_run, until, tmp_path, victims, phase):
    flag = tmp_path / "flag"
    run = new_run(*words(phase, flag), limits={"shutdown_timeout_s": 1.0, "startup_timeout_s": 5.0})
    proxy = run.start()
    reach(run, phase, flag, until)
    launcher = launcher_pid(run)
    if "proxy" in victims:
        proxy.kill()
    if "launcher" in victims:
        kill(launcher)
    if "worker" in victims and (phase != "starting" or "launcher" not in victims):
        kill(until(lambda: run.started() and run.pid("worker")))
    elif "worker" in victims and run.started():
        kill(run.pid("worker"))
    if "proxy" in victims:
        proxy.wait()
    summary = run.finish()
    allowed = EXPECTED[victims, phase]
    assert summary.state in allowed, summary.cause
    assert allowed[summary.state] in summary.cause
    assert len(run.events("exit")) == 1
    if phase == "full_speed":
        assert summary.ledger.lines > 1000


@pytest.mark.fault
def test_proxies_killed_again_and_again_at_full_speed(new_run, until):
    run = new_run("started", "burst:300000", "sleep:1", "full_speed:3", "completed")
    deadline = time.monotonic() + 90
    while run.start().poll() is None and time.monotonic() < deadline:
        time.sleep(0.35 + 0.1 * (len(run.proxies) % 5))
        if run.folder.exit_record("a", 1).exists():
            break
        run.proxies[-1].kill()
        run.proxies[-1].wait()
    summary = run.finish()
    assert summary.state is C
    assert summary.ledger.stored == summary.ledger.lines
    assert len(run.events("launch")) == 1


@pytest.mark.fault
def test_launchers_killed_before_they_can_start_anything(new_run, until):
    """Each dies before its worker begins: three are tried, and the run says so."""
    run = new_run("started", argv=["/bin/sleep", "600"])
    exit_record = run.folder.exit_record("a", 1)
    exit_record.with_name(exit_record.name + ".0.tmp").mkdir()  # no launcher can make room for its record
    summary = run.finish()
    assert summary.state is F
    assert "launcher died 3 times" in summary.cause
    assert len(run.events("launch")) == 3
    assert run.log() == b""


@pytest.mark.fault
def test_an_orphan_is_held_to_its_wall_time(new_run, until):
    run = new_run("ignore_term", "started", "full_speed:600", limits={"wall_time_s": 3.0, "shutdown_timeout_s": 0.5})
    run.start()
    until(lambda: run.log() and run.started())
    kill(run.pid("launcher"))
    summary = run.finish()
    assert summary.state is F
    assert summary.cause.startswith("wall-time limit of 3 s reached")


@pytest.mark.fault
@pytest.mark.parametrize("victim", ["launcher", "worker"])
def test_a_stopped_process_is_cancelled_all_the_same(new_run, until, victim):
    run = new_run("started", "full_speed:600", limits={"shutdown_timeout_s": 0.5})
    run.start()
    until(lambda: run.log() and run.started())
    os.kill(run.pid(victim), signal.SIGSTOP)
    run.cancel()
    assert run.finish().state is X


@pytest.mark.fault
def test_a_proxy_that_was_stopped_does_not_take_its_own_sleep_for_silence(new_run, until):
    run = new_run("started", "heartbeat", "sleep:4", "text:awake", "completed", limits={"heartbeat_timeout_s": 6.0})
    proxy = run.start()
    until(lambda: b"heartbeat" in run.log())
    proxy.send_signal(signal.SIGSTOP)
    until(run.folder.exit_record("a", 1).exists)
    proxy.send_signal(signal.SIGCONT)
    assert run.finish().state is C
