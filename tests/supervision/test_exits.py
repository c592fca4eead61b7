"""How attempts end: every kind of end has its state and its reason."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from gym_gui.runs.states import RunState
from gym_gui.supervision.exits import classify
from gym_gui.supervision.facts import AttemptFacts, ExitFacts, StopFacts, StopKind

BASE = AttemptFacts(number=1, launches=1, spawning=True, pid=7, closed=True, drained=True)
CANCEL = StopFacts(StopKind.CANCEL, "cancelled by ann", 1.0)
LATE = StopFacts(StopKind.OVERSTAYED, "it did not exit within 30 s and was stopped", 1.0)


def ended(code=None, signal=None, reason="exited", *, signalled=False, spawn_error="", **facts):
    record = ExitFacts(code, signal, reason, spawn_error, signalled)
    return classify(replace(BASE, exit=record, **facts), wall_time_s=60.0)


@pytest.mark.parametrize(
    ("classification", "state", "cause"),
    [
        (ended(0, final_event="run_completed"), "completed", "exit code 0"),
        (ended(0), "completed", "exit code 0, without run_completed"),
        (ended(0, steps=10), "completed", "exit code 0, without run_completed"),
        (ended(0, steps=10, target_steps=60), "completed", "exit code 0, without run_completed"),
        (ended(0, steps=60, target_steps=60, run_started=True), "completed", "exit code 0, without run_completed"),
        (
            ended(0, steps=10, target_steps=60, run_started=True),
            "failed",
            "exit code 0 at 10 of 60 steps (17%), without",
        ),
        (
            ended(0, steps=10, target_steps=60, run_started=True, final_event="run_completed"),
            "completed",
            "exit code 0",
        ),
        (ended(143, signalled=True, final_event="run_completed", stop=LATE), "completed", "did not exit"),
        (ended(None, 9, signalled=True, final_event="run_cancelled", stop=LATE), "cancelled", "did not exit"),
        (ended(None, 9, signalled=True, final_event="run_failed", error="KeyError", stop=LATE), "failed", "KeyError"),
        (ended(0, final_event="run_failed", error=""), "failed", "run_failed, though exit code 0"),
        (ended(0, final_event="run_cancelled"), "cancelled", "the worker cancelled itself"),
        (ended(1, final_event="run_completed"), "failed", "exit code 1"),
        (ended(143, final_event="run_cancelled"), "failed", "exit code 143"),
        (ended(None, 9), "failed", "killed by SIGKILL (9), not by MOSAIC: out of memory?"),
        (ended(None, 11), "failed", "killed by SIGSEGV (11), not by MOSAIC"),
        (ended(None, 64 - 1), "failed", "killed by signal 63"),
        (ended(120, disk_full=True), "failed", "stdout could not be flushed: disk full (exit code 120)"),
        (ended(120), "failed", "stdout could not be flushed: disk full, or stdout was closed"),
        (ended(reason="spawn_failed", spawn_error="no such file"), "failed", "could not be started: no such file"),
        (ended(None, 15, "wall_time", signalled=True), "failed", "wall-time limit of 60 s reached"),
        (ended(143, reason="terminated", signalled=True, stop=CANCEL), "cancelled", "cancelled by ann"),
        (ended(0, reason="cancelled", signalled=True), "cancelled", "cancelled"),
        (ended(143, reason="terminated", signalled=True), "failed", "stopped from outside"),
        # An exit before our first signal is the worker's own, whatever was asked for meanwhile.
        (ended(0, final_event="run_completed", stop=CANCEL), "completed", "exit code 0"),
        (ended(3, stop=CANCEL), "failed", "exit code 3"),
        # Our signal was on its way when it ended: a bad end is ours, a good one is its own.
        (classify(replace(BASE, exit=ExitFacts(None, 9, "exited", at=2.0), stop=CANCEL)), "cancelled", "by ann"),
        (classify(replace(BASE, exit=ExitFacts(0, None, "exited", at=2.0), stop=CANCEL)), "completed", "exit code 0"),
        # Nobody lived to see the exit.
        (classify(replace(BASE, final_event="run_completed")), "completed", "exit code unknown"),
        (classify(replace(BASE, final_event="run_failed")), "failed", "exit code unknown"),
        (classify(replace(BASE, final_event="run_cancelled")), "failed", "exit unknown"),
        (classify(BASE), "failed", "exit unknown"),
        (classify(replace(BASE, stop=CANCEL)), "cancelled", "cancelled by ann (exit code unknown)"),
        (classify(replace(BASE, same_boot=False)), "lost", "the machine was restarted"),
        (classify(replace(BASE, same_boot=False, final_event="run_completed")), "completed", "unknown"),
    ],
)
def test_exit_classifications(classification, state, cause):
    assert classification.state is RunState(state)
    assert cause in classification.cause


def test_a_broken_limit_is_a_failure():
    stop = StopFacts(StopKind.LIMIT, "hung: silent", 1.0)
    classification = ended(143, reason="terminated", signalled=True, stop=stop)
    assert (classification.state, classification.cause) == (RunState.FAILED, "hung: silent")


def test_the_error_that_the_worker_told_is_quoted():
    assert ended(1, error="ValueError: bad lr").cause == "exit code 1: ValueError: bad lr"
