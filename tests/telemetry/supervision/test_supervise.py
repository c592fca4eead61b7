"""Supervision without processes: single decisions, and a small world that is driven at random."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec.structs import replace

from gym_gui.runs.plan import Limits
from gym_gui.runs.states import RunState, may_follow
from gym_gui.telemetry.facts import (
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
from gym_gui.telemetry.supervise import MAX_LAUNCHES, decide

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


@dataclass
class Simulated:
    """One worker of a small world: what is true of its processes, and what is on record."""

    state: RunState = RunState.QUEUED
    number: int = 1
    launches: int = 0
    launcher: bool = False
    worker: bool = False
    strays: int = 0
    spawning: bool = False
    pid: int | None = None
    exit: ExitFacts | None = None
    words: str = ""
    stop: tuple[StopKind, str] | None = None
    sent_at: float | None = None
    launcher_told: bool = False
    held: bool = False
    launched: list[int] = field(default_factory=list)

    def next_attempt(self) -> None:
        assert not any((self.launcher, self.worker, self.strays))
        self.number += 1
        self.launches, self.spawning, self.pid, self.exit, self.words = 0, False, None, None, ""
        self.stop, self.sent_at, self.launcher_told, self.held = None, None, False, False


class World(RuleBasedStateMachine):
    """Workers, launchers and supervisors that start, end and die in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.cancel: str | None = None
        self.pause: str | None = None
        self.run_state = RunState.QUEUED
        self.sims: dict[str, Simulated] = {}
        self.limits = LIMITS
        self.fail_fast = True

    @initialize(count=st.integers(1, 3), attempts=st.integers(1, 3), fail_fast=st.booleans())
    def begin(self, count, attempts, fail_fast):
        self.sims = {f"w{number}": Simulated() for number in range(count)}
        self.limits = Limits(max_attempts=attempts, shutdown_timeout_s=30.0)
        self.fail_fast = fail_fast

    def facts(self) -> RunFacts:
        workers = []
        for name, sim in self.sims.items():
            stop = None
            if sim.stop is not None:
                stop = StopFacts(*sim.stop, None if sim.sent_at is None else self.now - sim.sent_at)
            over = not (sim.launcher or sim.worker or sim.strays)
            attempt = AttemptFacts(
                number=sim.number, launches=sim.launches, launcher_alive=sim.launcher, worker_alive=sim.worker,
                survivors=0 if sim.launcher else sim.strays, spawning=sim.spawning, pid=sim.pid, exit=sim.exit,
                stopped=sim.held, drained=True, closed=over and (sim.spawning or sim.exit is not None),
                final_event=sim.words, stop=stop,
            )  # fmt: skip
            workers.append(WorkerFacts(name, sim.state, attempt))
        return RunFacts(self.run_state, self.limits, tuple(workers), self.fail_fast, self.cancel, pause=self.pause)

    @rule()
    def supervise(self):
        for _ in range(50):
            actions = decide(self.facts())
            done = [self.act(action) for action in actions]
            if not any(done):
                return
        raise AssertionError("supervision never comes to rest")

    def act(self, action) -> bool:
        if isinstance(action, RunTransition):
            assert may_follow(self.run_state, action.state)
            self.run_state = action.state
            return True
        sim = self.sims[action.worker_id]
        assert not sim.state.terminal
        assert action.attempt == sim.number
        if isinstance(action, WorkerTransition):
            assert may_follow(sim.state, action.state) or sim.state is action.state
            sim.state = action.state
            if action.state is RunState.QUEUED:
                sim.next_attempt()
            if action.state.terminal:
                assert not any((sim.launcher, sim.worker, sim.strays))
                if action.exit is not None and sim.exit is not None and not sim.exit.signalled and sim.exit.code == 0:
                    assert action.state is (RunState.FAILED if sim.words == "run_failed" else RunState.COMPLETED)
            return True
        if isinstance(action, Launch):
            assert self.cancel is None
            assert self.pause is None
            assert not any((sim.launcher, sim.worker, sim.spawning))
            sim.launcher, sim.launches, sim.state = True, sim.launches + 1, RunState.STARTING
            sim.launched.append(sim.number)
            return True
        if isinstance(action, Stop):
            sim.sent_at = self.now
            sim.launcher_told = sim.launcher_told or sim.launcher
            new = sim.stop is None
            sim.stop = sim.stop or (action.kind, action.cause)
            sim.held = False
            return new
        if isinstance(action, Pause):
            assert self.pause is not None
            new = not action.recorded
            assert new == (sim.state is RunState.RUNNING)
            sim.state, sim.held = RunState.PAUSED, True
            return new
        if isinstance(action, Unpause):
            assert self.pause is None
            sim.state, sim.held = RunState.RUNNING, False
            return True
        assert isinstance(action, Kill)
        sim.worker, sim.strays = False, 0
        if action.launcher:
            sim.launcher = False
        elif sim.launcher and sim.spawning and sim.exit is None:
            self.record_exit(sim, None, 9)
        return False

    def record_exit(self, sim, code, signal):
        sim.worker, sim.strays, sim.launcher = False, 0, False
        sim.exit = ExitFacts(code, signal, "exited", signalled=sim.launcher_told)

    def some(self, index, wanted):
        found = [sim for sim in self.sims.values() if wanted(sim)]
        return found[index % len(found)] if found else None

    @rule(index=st.integers(0, 2))
    def launcher_spawns(self, index):
        sim = self.some(index, lambda sim: sim.launcher and not sim.spawning)
        if sim is not None:
            sim.spawning = sim.worker = True
            sim.pid = 9

    @rule(index=st.integers(0, 2), code=st.sampled_from([0, 0, 1, 120]), words=st.sampled_from(["", "run_completed", "run_failed"]))  # fmt: skip # noqa: E501
    def worker_ends(self, index, code, words):
        sim = self.some(index, lambda sim: sim.worker and not sim.words and not sim.held)
        if sim is not None:
            sim.words = words
            if sim.launcher:
                self.record_exit(sim, code, None)
            sim.worker = False

    @rule(index=st.integers(0, 2))
    def worker_leaves_a_stray(self, index):
        sim = self.some(index, lambda sim: sim.worker)
        if sim is not None:
            sim.strays += 1

    @rule(index=st.integers(0, 2))
    def launcher_is_killed(self, index):
        sim = self.some(index, lambda sim: sim.launcher)
        if sim is not None:
            sim.launcher = False

    @rule()
    def supervisor_is_replaced(self):
        for sim in self.sims.values():
            sim.sent_at = None

    @precondition(lambda self: self.cancel is None)
    @rule()
    def somebody_cancels(self):
        self.cancel = "cancelled"

    @rule(wish=st.sampled_from(["paused by ann", None]))
    def somebody_pauses_or_unpauses(self, wish):
        self.pause = wish

    @rule(index=st.integers(0, 2))
    def somebody_else_continues_it(self, index):
        sim = self.some(index, lambda sim: sim.held)
        if sim is not None:
            sim.held = False

    @rule(seconds=st.sampled_from([1.0, 20.0, 50.0]))
    def time_passes(self, seconds):
        self.now += seconds

    @invariant()
    def attempts_are_launched_in_order_and_never_too_often(self):
        for sim in self.sims.values():
            assert sim.launched == sorted(sim.launched)
            assert sim.number <= self.limits.max_attempts

    @invariant()
    def a_run_that_has_ended_has_no_living_worker(self):
        if self.run_state.terminal:
            assert all(sim.state.terminal for sim in self.sims.values())

    def teardown(self):
        """Whatever happened: once cancelled and given time, every run comes to its end."""
        if not self.sims:
            return
        self.cancel = self.cancel or "cancelled"
        for _ in range(12):
            self.supervise()
            self.now += 25.0
        assert self.run_state.terminal


TestWorld = World.TestCase
TestWorld.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
