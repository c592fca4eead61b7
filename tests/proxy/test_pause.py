"""Workers that stand still and go on, through real processes."""

from __future__ import annotations

import os
import signal
import time

import pytest

from gym_gui.proxy.summary import read_summary
from gym_gui.runs.intents import read_pause, write_pause
from gym_gui.runs.states import RunState
from gym_gui.supervision.identity import ProcessIdentity
from gym_gui.supervision.processes import marked_processes


def pause(run) -> None:
    write_pause(run.folder, paused=True, by="ann", reason="lunch")


def unpause(run) -> None:
    write_pause(run.folder, paused=False, by="ann", reason="")


def still(run) -> bool:
    """Whether the run is paused on record and every process of its worker stands still."""
    processes = marked_processes(run.folder.run_id)
    return (
        read_summary(run.folder).state is RunState.PAUSED
        and bool(processes)
        and all(process.stopped() for process in processes)
    )


@pytest.fixture
def flag(tmp_path):
    return tmp_path / "flag"


def test_paused_and_continued(new_run, until, flag):
    """Children in other sessions stand still, too, and so does every time limit."""
    limits = {"wall_time_s": 5.0, "heartbeat_timeout_s": 4.0}
    words = ["child:setsid", "started", "heartbeat", f"wait_for:{flag}", "completed"]
    run = new_run(*words, pausable=True, limits=limits)
    run.start()
    until(lambda: run.log().count(b"\n") == 2)
    pause(run)
    until(lambda: still(run))
    summary = read_summary(run.folder)
    assert (summary.cause, summary.workers[0].state) == ("paused by ann: lunch", RunState.PAUSED)
    paused_at = run.events("state")[-1]["at"]
    until(lambda: time.time() - paused_at > 6.0)
    flag.touch()
    assert still(run)
    unpause(run)
    summary = run.finish()
    assert (summary.state, summary.cause) == (RunState.COMPLETED, "exit code 0")
    states = [(event["state"], event["cause"]) for event in run.events("state")]
    assert states[2:4] == [("paused", "paused by ann: lunch"), ("running", "goes on after a pause")]


def test_a_paused_run_can_be_cancelled(new_run, until):
    run = new_run("polite_term:143", "started", "sleep:600", pausable=True)
    run.start()
    until(lambda: run.log())
    pause(run)
    until(lambda: still(run))
    run.cancel()
    summary = run.finish()
    assert (summary.state, summary.exit.code) == (RunState.CANCELLED, 143)


@pytest.mark.parametrize("victims", [["proxy"], ["launcher"], ["proxy", "launcher"]])
def test_a_pause_outlives_those_who_keep_it(new_run, until, flag, victims):
    run = new_run("started", f"wait_for:{flag}", "completed", pausable=True)
    proxy = run.start()
    until(lambda: run.log() and run.started())
    pause(run)
    until(lambda: still(run))
    if "launcher" in victims:
        os.kill(run.pid("launcher"), signal.SIGKILL)
    if "proxy" in victims:
        proxy.kill()
        proxy.wait()
        run.start()
        until(lambda: len(run.events("proxy")) == 2)
    flag.touch()
    assert still(run)
    unpause(run)
    assert run.finish().state is RunState.COMPLETED
    assert len(run.events("paused")) == len(run.events("unpaused")) == 1


def test_somebody_else_continues_it_and_it_is_stopped_again(new_run, until):
    run = new_run("started", "sleep:600", pausable=True)
    run.start()
    until(lambda: run.log() and run.started())
    pause(run)
    until(lambda: still(run))
    worker = ProcessIdentity.of(run.pid("worker"))
    worker.signal(signal.SIGCONT)
    until(lambda: not worker.stopped() or still(run))
    until(lambda: still(run))
    run.cancel()
    assert run.finish().state is RunState.CANCELLED


def test_a_wish_is_ignored_where_a_worker_does_not_allow_it(new_run):
    run = new_run("started", "step:10", "completed")
    pause(run)
    assert run.finish().state is RunState.COMPLETED
    assert run.events("paused") == []


def test_an_intent_that_is_no_intent(new_run):
    run = new_run("started")
    assert read_pause(run.folder) is None
    for text in ("", "[]", '{"paused": 1}', '{"paused": true}'):
        run.folder.pause_intent.write_text(text)
        assert read_pause(run.folder) is None
