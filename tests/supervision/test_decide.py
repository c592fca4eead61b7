"""Supervision without processes, decision by decision."""

from __future__ import annotations

from msgspec.structs import replace

from gym_gui.runs.plan import Limits
from gym_gui.runs.states import RunState
from gym_gui.supervision.decide import MAX_LAUNCHES, decide
from gym_gui.supervision.facts import (
    AttemptFacts,
    ExitFacts,
    Kill,
    Launch,
    Pause,
    RunFacts,
    RunTransition,
    Stop,
    StopFacts,
    StopKind,
    Unpause,
    WorkerFacts,
    WorkerTransition,
)

LIMITS = Limits(wall_time_s=100.0, startup_timeout_s=60.0, heartbeat_timeout_s=300.0, shutdown_timeout_s=30.0)
ALIVE = AttemptFacts(1, launches=1, launcher_alive=True, worker_alive=True, spawning=True, pid=9, drained=True)
ENDED = AttemptFacts(1, launches=1, spawning=True, pid=9, drained=True, closed=True)


def run_of(*workers: WorkerFacts, state=RunState.RUNNING, **changes) -> RunFacts:
    return RunFacts(**{"state": state, "limits": LIMITS, "workers": workers, **changes})


def running(attempt=ALIVE, worker_id="a", **changes) -> WorkerFacts:
    return WorkerFacts(worker_id, RunState.RUNNING, replace(attempt, **changes))


def queued(worker_id="a", **changes) -> WorkerFacts:
    return WorkerFacts(worker_id, RunState.QUEUED, AttemptFacts(1, **changes))


def test_launches_what_is_queued():
    assert decide(run_of(queued(), queued("b"), state=RunState.QUEUED)) == [Launch("a", 1), Launch("b", 1)]


def test_nothing_is_launched_on_a_full_disk():
    assert decide(run_of(queued(), state=RunState.QUEUED, disk_full=True)) == []


def test_a_cancelled_run_is_never_launched():
    first, second = decide(run_of(queued(), state=RunState.QUEUED, cancel="cancelled by ann"))[:1], None
    assert first == [WorkerTransition("a", 1, RunState.CANCELLED, "cancelled by ann, before it was launched")]
    worker = WorkerFacts("a", RunState.CANCELLED, AttemptFacts(1), "cancelled by ann, before it was launched")
    second = decide(run_of(worker, state=RunState.QUEUED, cancel="cancelled by ann"))
    assert second == [RunTransition(RunState.CANCELLED, "cancelled by ann, before it was launched")]


def test_a_launcher_that_dies_before_its_worker_begins_is_replaced_a_few_times():
    starting = WorkerFacts("a", RunState.STARTING, AttemptFacts(1, launches=1))
    assert decide(run_of(starting, state=RunState.STARTING)) == [Launch("a", 1)]
    last = WorkerFacts("a", RunState.STARTING, AttemptFacts(1, launches=MAX_LAUNCHES))
    (failed,) = decide(run_of(last, state=RunState.STARTING))
    assert isinstance(failed, WorkerTransition)
    assert failed.state is RunState.FAILED


def test_a_launcher_that_had_to_be_killed_is_not_replaced():
    stop = StopFacts(StopKind.LIMIT, "hung at startup", 50.0)
    starting = WorkerFacts("a", RunState.STARTING, AttemptFacts(1, launches=1, stop=stop))
    (failed,) = decide(run_of(starting, state=RunState.STARTING))
    assert isinstance(failed, WorkerTransition)
    assert (failed.state, failed.cause) == (RunState.FAILED, "hung at startup: its launcher never started it")


def test_starting_ends_when_every_worker_has_a_pid():
    starting = WorkerFacts("b", RunState.STARTING, AttemptFacts(1, launches=1, launcher_alive=True))
    assert decide(run_of(running(), starting, state=RunState.STARTING)) == []
    assert decide(run_of(running(), running(worker_id="b"), state=RunState.STARTING)) == [
        RunTransition(RunState.RUNNING, "every worker has been started")
    ]


def test_cancel_stops_then_kills():
    first = decide(run_of(running(), cancel="cancelled"))
    assert first == [Stop("a", 1, StopKind.CANCEL, "cancelled")]

    def at(age_s, **changes):
        stop = StopFacts(StopKind.CANCEL, "cancelled", age_s)
        return decide(run_of(running(stop=stop, **changes), cancel="cancelled"))

    assert at(None) == [Stop("a", 1, StopKind.CANCEL, "cancelled", recorded=True)]
    assert at(29.0) == at(34.0) == []  # the launcher is at it
    (kill,) = at(36.0)
    assert isinstance(kill, Kill)
    assert not kill.launcher
    (kill,) = at(41.0)
    assert isinstance(kill, Kill)
    assert kill.launcher
    assert at(29.0, launcher_alive=False) == []
    assert isinstance(at(31.0, launcher_alive=False)[0], Kill)


def test_limits_are_judged_only_when_the_log_is_drained():
    silent = {"heartbeat_seen": True, "output_seen": True, "quiet_s": 301.0, "idle_s": 301.0}
    (stop,) = decide(run_of(running(**silent)))
    assert isinstance(stop, Stop)
    assert stop.cause == "heartbeat lost: nothing printed for 300 s"
    assert decide(run_of(running(**silent, drained=False))) == []


def test_limits():
    def cause(**changes):
        actions = decide(run_of(running(**changes)))
        assert all(isinstance(action, Stop) and action.kind is StopKind.LIMIT for action in actions)
        return actions[0].cause if actions else ""

    assert "hung at startup" in cause(idle_s=61.0)
    assert cause(idle_s=61.0, output_seen=True) == ""
    assert cause(idle_s=301.0, output_seen=True).startswith("hung: neither")
    assert cause(quiet_s=301.0, output_seen=True) == ""  # silent, but it computes, and never sent a heartbeat
    assert cause(age_s=101.0) == ""  # its launcher sees to that
    assert cause(age_s=101.0, launcher_alive=False) == "wall-time limit of 100 s reached"


def test_what_an_orphaned_worker_leaves_behind_is_killed():
    (kill,) = decide(run_of(running(launcher_alive=False, worker_alive=False, survivors=2)))
    assert kill == Kill("a", 1, launcher=False, cause="left behind by the worker")


def test_the_end_is_judged_only_when_the_log_is_closed():
    done = ExitFacts(0, None, "exited")
    assert decide(run_of(running(ENDED, exit=done, closed=False))) == []
    (end,) = decide(run_of(running(ENDED, exit=done, final_event="run_completed")))
    assert isinstance(end, WorkerTransition)
    assert end.state is RunState.COMPLETED


def test_a_failed_attempt_goes_back_to_the_queue_and_never_through_failed():
    retrying = Limits(max_attempts=2)
    failed = running(ENDED, exit=ExitFacts(1, None, "exited"))
    (back,) = decide(run_of(failed, limits=retrying))
    assert isinstance(back, WorkerTransition)
    assert (back.state, back.attempt) == (RunState.QUEUED, 1)
    assert back.exit is not None
    second = WorkerFacts("a", RunState.QUEUED, AttemptFacts(2), retry_in_s=1.0)
    assert decide(run_of(second, limits=retrying)) == [RunTransition(RunState.QUEUED, "")]
    ready = WorkerFacts("a", RunState.QUEUED, AttemptFacts(2))
    assert decide(run_of(ready, limits=retrying, state=RunState.QUEUED)) == [Launch("a", 2)]
    last = running(replace(ENDED, number=2), exit=ExitFacts(1, None, "exited"))
    (end,) = decide(run_of(last, limits=retrying))
    assert isinstance(end, WorkerTransition)
    assert end.state is RunState.FAILED


def test_one_failure_stops_the_others_or_does_not():
    broken = WorkerFacts("a", RunState.FAILED, AttemptFacts(1), "exit code 1")
    (stop,) = decide(run_of(broken, running(worker_id="b")))
    assert stop == Stop("b", 1, StopKind.FAIL_FAST, "stopped because worker a failed")
    assert decide(run_of(broken, running(worker_id="b"), fail_fast=False)) == []
    done = WorkerFacts("b", RunState.COMPLETED, AttemptFacts(1))
    assert decide(run_of(broken, done, fail_fast=False)) == [
        RunTransition(RunState.FAILED, "1 of 2 workers failed; a: exit code 1")
    ]


def paused(attempt=ALIVE, worker_id="a", **changes) -> WorkerFacts:
    return WorkerFacts(worker_id, RunState.PAUSED, replace(attempt, stopped=True, **changes), "paused by ann")


def test_a_pause_is_written_down_and_its_signals_are_sent_until_they_are_heeded():
    assert decide(run_of(running(), pause="paused by ann")) == [Pause("a", 1, "paused by ann")]
    unheeded = replace(paused(), attempt=replace(ALIVE, stopped=False))
    run = run_of(unheeded, state=RunState.PAUSED, pause="paused by ann")
    assert decide(run) == [Pause("a", 1, "paused by ann", recorded=True)]
    assert decide(run_of(paused(), state=RunState.PAUSED, pause="paused by ann")) == []


def test_a_run_is_paused_when_nothing_of_it_runs():
    half = run_of(paused(), running(worker_id="b"), pause="paused by ann")
    assert decide(half) == [Pause("b", 1, "paused by ann")]
    whole = run_of(paused(), paused(worker_id="b"), pause="paused by ann")
    assert decide(whole) == [RunTransition(RunState.PAUSED, "2 of 2 workers paused; a: paused by ann")]
    assert decide(run_of(paused(), state=RunState.PAUSED)) == [Unpause("a", 1)]
    assert decide(run_of(running(), state=RunState.PAUSED)) == [
        RunTransition(RunState.RUNNING, "goes on after a pause")
    ]


def test_no_limit_is_judged_in_a_pause_and_nothing_is_launched():
    silent = {"heartbeat_seen": True, "output_seen": True, "quiet_s": 301.0, "idle_s": 301.0, "age_s": 1000.0}
    run = {"state": RunState.PAUSED, "pause": "paused by ann"}
    assert decide(run_of(paused(**silent), **run)) == []
    assert decide(run_of(paused(**silent, launcher_alive=False), **run)) == []
    assert decide(run_of(queued(), state=RunState.QUEUED, pause="paused by ann")) == []


def test_a_paused_run_can_be_cancelled():
    (stop,) = decide(run_of(paused(), state=RunState.PAUSED, pause="paused by ann", cancel="cancelled by bob"))
    assert stop == Stop("a", 1, StopKind.CANCEL, "cancelled by bob")


def test_what_holds_the_lock_lives_whoever_it_is():
    """Nothing of the attempt is seen, and its lock is held: no end and no other attempt."""
    held = {"launcher_alive": False, "worker_alive": False, "locked": True}
    ended = ExitFacts(code=1, signal=None, reason="exited")
    assert decide(run_of(running(**held, exit=ended, closed=True))) == []
    assert decide(run_of(running(**held, exit=ended, closed=True), limits=replace(LIMITS, max_attempts=3))) == []
    assert decide(run_of(running(**held, idle_s=1e6, output_seen=True, age_s=1e6))) == []
    assert decide(run_of(queued(locked=True, launches=1), state=RunState.QUEUED))[0].state is RunState.STARTING


def test_an_attempt_elsewhere_breaks_no_limit_and_is_not_paused_from_here():
    there = running(elsewhere=True, locked=True, output_seen=True, drained=True, idle_s=1e6, quiet_s=1e6, age_s=1e6)
    assert decide(run_of(there)) == []
    assert decide(run_of(there, pause="lunch")) == []
    (stop,) = decide(run_of(there, cancel="enough"))
    assert stop.kind is StopKind.CANCEL


def test_a_launcher_that_obeyed_by_itself_ends_the_run_as_it_was_asked_for():
    ended = ExitFacts(code=143, signal=None, reason="cancelled", signalled=True)
    gone = running(launcher_alive=False, worker_alive=False, exit=ended, closed=True)
    (transition,) = decide(run_of(gone, cancel="cancelled by ann: enough"))
    assert (transition.state, transition.cause) == (RunState.CANCELLED, "cancelled by ann: enough")
