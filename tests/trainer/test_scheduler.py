from __future__ import annotations

import dataclasses
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from gym_gui.trainer.demand import Demand
from gym_gui.trainer.scheduler import MAX_PASSES, Capacity, Decision, Hold, Memory, QueuedRun, decide

GPUS = ("0", "1")
MACHINE = Capacity(max_running_runs=4, cpus=4, memory_mb=4000, gpus=GPUS)
demands = st.builds(
    Demand,
    cpus=st.integers(0, 4),
    memory_mb=st.sampled_from([0, 1000, 4000]),
    gpus=st.integers(0, 2),
    mandatory=st.booleans(),
)
queues = st.lists(
    st.builds(QueuedRun, run_id=st.uuids().map(str), sequence=st.integers(1, 10**6), priority=st.integers(-3, 3)),
    unique_by=(lambda run: run.run_id, lambda run: run.sequence),
    max_size=30,
)


def started(decision: Decision) -> list[str]:
    return [hold.run_id for hold in decision.start]


def holds(number: int) -> list[Hold]:
    return [Hold(f"going-{n}") for n in range(number)]


@given(queues, st.integers(0, 20), st.integers(0, 20))
def test_slots_are_filled_and_never_exceeded(queued: list[QueuedRun], running: int, slots: int) -> None:
    decision = decide(queued, holds(running), Capacity(max_running_runs=slots))
    free = max(0, slots - running)
    assert len(decision.start) == min(free, len(queued))
    assert {*started(decision), *decision.waiting} == {run.run_id for run in queued}
    assert len(decision.start) + len(decision.waiting) == len(queued)
    assert sorted(item.before for item in decision.waiting.values()) == list(range(len(decision.waiting)))


@given(queues, st.integers(1, 20))
def test_no_run_overtakes_an_earlier_one_of_its_priority(queued: list[QueuedRun], slots: int) -> None:
    start = started(decide(queued, [], Capacity(max_running_runs=slots)))
    by_id = {run.run_id: run for run in queued}
    for waiting in set(by_id) - set(start):
        for run_id in start:
            assert by_id[run_id].priority >= by_id[waiting].priority
            if by_id[run_id].priority == by_id[waiting].priority:
                assert by_id[run_id].sequence < by_id[waiting].sequence


def test_a_waiting_run_says_what_it_waits_for() -> None:
    queued = [QueuedRun("first", 1), QueuedRun("second", 2), QueuedRun("urgent", 3, priority=1)]
    decision = decide(queued, [], Capacity(max_running_runs=1))
    assert started(decision) == ["urgent"]
    assert {run_id: str(waiting) for run_id, waiting in decision.waiting.items()} == {
        "first": "waits for one of 1 slots, 0 queued before it",
        "second": "waits for one of 1 slots, 1 queued before it",
    }


def test_mandatory_gpus_wait_and_others_start_without() -> None:
    queued = [
        QueuedRun("holder", 1, demand=Demand(gpus=2, mandatory=True)),
        QueuedRun("must", 2, demand=Demand(gpus=1, mandatory=True)),
        QueuedRun("may", 3, demand=Demand(gpus=1)),
        QueuedRun("plain", 4),
    ]
    decision = decide(queued, [], MACHINE)
    assert [(hold.run_id, hold.gpus) for hold in decision.start] == [("holder", GPUS), ("may", ()), ("plain", ())]
    (lack,) = decision.waiting["must"].lacks
    assert (lack.resource, lack.needed, lack.free, lack.total, lack.holders) == ("gpus", 1, 0, 2, (("holder", 2),))
    assert str(decision.waiting["must"]) == "waits for 1 of 2 GPUs, 0 free, 0 queued before it"


def test_what_a_big_run_needs_is_set_aside_for_it() -> None:
    going = [Hold("going", demand=Demand(cpus=2))]
    big, small, other = (
        QueuedRun("big", 1, demand=Demand(cpus=4)),
        QueuedRun("small", 2, demand=Demand(cpus=1)),
        QueuedRun("other", 3, demand=Demand(memory_mb=1000)),
    )
    decision = decide([big, small, other], going, MACHINE)
    assert started(decision) == ["other"]
    assert str(decision.waiting["small"]) == ("waits for 1 of 4 cores, 2 free (set aside for big), 1 queued before it")
    assert started(decide([big, small], decision.start, MACHINE, decision.memory)) == ["big"]


def test_a_submitter_at_its_quota_stops_nobody_else() -> None:
    capacity = Capacity(max_running_runs=4, max_per_submitter=1)
    queued = [QueuedRun(f"{who}-{n}", n, submitter=who) for n, who in enumerate("aaab")]
    decision = decide(queued, [], capacity)
    assert started(decision) == ["a-0", "b-3"]
    assert str(decision.waiting["a-1"]) == "waits for one of its submitter's own 1 slots, 0 queued before it"


def test_submitters_take_turns_whoever_came_first() -> None:
    queued = [QueuedRun(f"{who}{n}", 10 * "abc".index(who) + n, submitter=who) for who in "abc" for n in range(3)]
    capacity = Capacity(max_running_runs=1)
    memory, order = Memory(), []
    while queued:
        decision = decide(queued, [], capacity, memory)
        memory = decision.memory
        order += started(decision)
        queued = [run for run in queued if run.run_id not in order]
    assert order == ["a0", "b0", "c0", "a1", "b1", "c1", "a2", "b2", "c2"]


BIG = [Demand(cpus=2), Demand(cpus=3), Demand(cpus=4), Demand(4, 4000, 2, mandatory=True)]


@given(st.integers(1, 40), st.sampled_from(BIG))
def test_a_run_that_needs_the_whole_machine_starts_whatever_comes_later(rounds: int, needs: Demand) -> None:
    """Two submitters whose small runs never cease; one of them has a big run that lacks cores, or everything."""
    big = QueuedRun("big", 0, submitter="a", demand=needs)
    going = [Hold("first", "b", Demand(cpus=2)), Hold("second", "b", Demand(cpus=1))]
    queued, memory, sequence = [big], Memory(), 1
    bound = 4 * MAX_PASSES + 2 * rounds
    for number in range(bound):
        gpu = Demand(0, 1000, 1, mandatory=True)
        for who, demand in (("a", Demand()), ("b", Demand(cpus=1)), ("b", Demand(cpus=3)), ("b", gpu)):
            queued.append(QueuedRun(f"{who}{sequence}", sequence, submitter=who, demand=demand))
            sequence += 1
        decision = decide(queued, going, MACHINE, memory)
        memory = decision.memory
        if "big" in started(decision):
            return
        gone = set(started(decision))
        queued = [run for run in queued if run.run_id not in gone]
        going = [*going, *decision.start][1 if number % 2 else 2 :]
    raise AssertionError(f"the big run was not started within {bound} rounds")


def test_who_waits_for_a_gpu_holds_nobody_back() -> None:
    """Bob has nothing but a run that waits for a GPU: ann gets every slot, and bob his when the GPU is free."""
    machine = Capacity(max_running_runs=2, gpus=("0",))
    going = [Hold("training", "carol", gpus=("0",))]
    waits = QueuedRun("bob", 0, submitter="bob", demand=Demand(gpus=1, mandatory=True))
    memory = Memory()
    for number in range(1, 20):
        queued = [waits, QueuedRun(f"ann-{number}", number, submitter="ann")]
        decision = decide(queued, going, machine, memory)
        assert started(decision) == [f"ann-{number}"]
        memory = decision.memory
    queued = [waits, *(QueuedRun(f"ann-{number}", number, submitter="ann") for number in range(20, 30))]
    decision = decide(queued, [Hold("ann-19", "ann")], machine, memory)
    assert started(decision) == ["bob"]


def test_what_a_run_waits_for_next_is_set_aside_when_it_has_what_is_scarcer() -> None:
    """It waits for GPU, cores, and a slot; meanwhile others have what it would not use yet."""
    machine = Capacity(max_running_runs=3, cpus=4, gpus=("0",))
    big = QueuedRun("big", 0, submitter="a", demand=Demand(cpus=4, gpus=1, mandatory=True))
    small = [QueuedRun(f"small-{number}", number, submitter="b", demand=Demand(cpus=1)) for number in range(1, 9)]
    gpu, other = Hold("gpu", "c", gpus=("0",)), Hold("other", "c")
    first = decide([big, *small], [gpu, other], machine)
    assert started(first) == ["small-1"]
    second = decide([big, *small[1:]], [other, *first.start], machine, first.memory)
    assert started(second) == []
    assert str(second.waiting["small-2"]).startswith("waits for 1 of 4 cores, 3 free (set aside for big)")
    idle = [QueuedRun(f"idle-{number}", 20 + number, submitter="b") for number in range(2)]
    third = decide([big, *idle, *small[1:]], [other, *first.start], machine, second.memory)
    assert started(third) == ["idle-0"]
    fourth = decide([big, *idle[1:], *small[1:]], [other, *third.start], machine, third.memory)
    assert started(fourth) == ["big"]


@given(demands, st.integers(1, 4), st.lists(st.integers(0, 3), min_size=4, max_size=12))
@settings(max_examples=40)
def test_two_submitters_with_the_same_runs_get_the_same(demand: Demand, slots: int, ends: list[int]) -> None:
    """Whatever the runs need and whichever end, neither is ever more than one start ahead."""
    machine = dataclasses.replace(MACHINE, max_running_runs=slots)
    queued = [
        QueuedRun(f"{who}{place}", 100 * (who == "b") + place, submitter=who, demand=demand)
        for who in "ab"
        for place in range(4)
    ]
    going: list[Hold] = []
    memory = Memory()
    for end in ends:
        decision = decide(queued, going, machine, memory)
        memory = decision.memory
        gone = set(started(decision))
        queued = [run for run in queued if run.run_id not in gone]
        left = Counter(run.submitter for run in queued)
        assert abs(left["a"] - left["b"]) <= 1
        going = [*going, *decision.start]
        if going:
            del going[end % len(going)]


class Scheduling(RuleBasedStateMachine):
    """Runs come, go and are cancelled in any order; the queue looks at them after each."""

    def __init__(self) -> None:
        super().__init__()
        self.queue: dict[str, QueuedRun] = {}
        self.going: dict[str, Hold] = {}
        self.memory = Memory()
        self.decision = Decision((), {}, self.memory)
        self.number = 0
        # By priority and pair of submitters: runs of the first and the second started since both wait for a slot.
        self.counts: dict[tuple[int, str, str], list[int]] = {}

    @rule(priority=st.sampled_from([0, 0, 0, 1]), who=st.sampled_from("abc"), demand=st.just(Demand()) | demands)
    def submit(self, priority: int, who: str, demand: Demand) -> None:
        self.number += 1
        run_id = f"{who}{self.number}"
        self.queue[run_id] = QueuedRun(run_id, self.number, priority, who, demand)
        self.look()

    @precondition(lambda self: self.going)
    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        del self.going[data.draw(st.sampled_from(sorted(self.going)))]
        self.look()

    @precondition(lambda self: self.queue)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        del self.queue[data.draw(st.sampled_from(sorted(self.queue)))]
        self.look()

    def look(self) -> None:
        self.forget()
        self.decision = decide(self.queue.values(), self.going.values(), MACHINE, self.memory)
        self.memory = self.decision.memory
        for hold in self.decision.start:
            run = self.queue.pop(hold.run_id)
            self.going[hold.run_id] = hold
            for (priority, first, second), pair in self.counts.items():
                if run.priority == priority and run.submitter in (first, second):
                    pair[run.submitter == second] += 1
        for pair in self.counts.values():
            assert abs(pair[0] - pair[1]) <= 1, self.counts
        self.forget()

    def forget(self) -> None:
        """Count starts from now on for each two submitters that began to wait for nothing but a slot."""
        full = dataclasses.replace(MACHINE, max_running_runs=len(self.going))
        stated = decide(self.queue.values(), self.going.values(), full, self.memory).waiting
        waiting = {
            (run.priority, run.submitter)
            for run in self.queue.values()
            if {lack.resource for lack in stated[run.run_id].lacks} == {"slots"}
        }
        both = {(p, a, b) for p, a in waiting for q, b in waiting if p == q and a < b}
        self.counts = {key: self.counts.get(key, [0, 0]) for key in both}

    @invariant()
    def nothing_is_given_twice(self) -> None:
        assert len(self.going) <= MACHINE.max_running_runs
        assert sum(hold.demand.cpus for hold in self.going.values()) <= (MACHINE.cpus or 0)
        assert sum(hold.demand.memory_mb for hold in self.going.values()) <= (MACHINE.memory_mb or 0)
        assert max(Counter(gpu for hold in self.going.values() for gpu in hold.gpus).values(), default=1) == 1

    @invariant()
    def mandatory_gpus_are_granted_whole(self) -> None:
        for hold in self.going.values():
            assert len(hold.gpus) == hold.demand.gpus if hold.demand.mandatory else len(hold.gpus) <= hold.demand.gpus

    @invariant()
    def an_idle_machine_starts_something(self) -> None:
        assert self.going or not self.queue

    @invariant()
    def every_waiting_run_knows_why(self) -> None:
        assert self.decision.waiting.keys() == self.queue.keys()
        for waiting in self.decision.waiting.values():
            assert waiting.lacks
            for lack in waiting.lacks:
                if lack.resource in ("slots", "cpus", "memory_mb", "gpus"):
                    assert lack.holders or lack.aside_for
                    assert lack.needed > lack.free or lack.aside_for

    @invariant()
    def higher_priorities_come_first(self) -> None:
        urgent = [run for run in self.queue.values() if run.priority]
        assert all(self.decision.waiting[run.run_id].before < len(urgent) for run in urgent)


TestScheduling = pytest.mark.long(Scheduling.TestCase)
TestScheduling.settings = settings(max_examples=60, stateful_step_count=30)
