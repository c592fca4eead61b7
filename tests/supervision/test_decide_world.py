"""Supervision without processes: a small world that is driven at random."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gym_gui.runs.plan import Limits
from gym_gui.runs.states import RunState, may_follow
from gym_gui.supervision.decide import decide
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


TestWorld = pytest.mark.long(World.TestCase)
TestWorld.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
