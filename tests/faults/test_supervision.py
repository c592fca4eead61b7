"""Proxies and launchers that are killed again and again, orphans, and processes that stand still."""

from __future__ import annotations

import os
import signal
import time

import pytest

from gym_gui.runs.states import RunState

C, F, X = RunState.COMPLETED, RunState.FAILED, RunState.CANCELLED


def kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


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


@pytest.mark.fault
@pytest.mark.parametrize(
    ("words", "cause"),
    [
        (["phase:importing torch", "spin:8", "phase:", "spin:8", "step:1", "completed"], "exit code 0"),
        (["phase:importing torch", "heartbeat", "spin:600"], "heartbeat lost: nothing printed for 4 s"),
        (["phase:importing torch", "sleep:600"], "hung: neither output nor CPU time for 4 s"),
    ],
    ids=["busy", "heartbeats", "idle"],
)
def test_a_worker_that_announces_a_phase_may_take_its_time(new_run, words, cause):
    run = new_run("started", *words, limits={"heartbeat_timeout_s": 4.0})
    run.start()
    assert run.finish().cause == cause
