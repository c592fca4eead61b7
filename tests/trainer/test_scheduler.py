from __future__ import annotations

from collections import Counter

import pytest
from capacities import one_machine, queued_run
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from gym_gui.trainer.allocation import Allocation, QueuedRun
from gym_gui.trainer.demand import Demand
from gym_gui.trainer.scheduler import MAX_PASSES, Decision, Memory, decide

GPUS = ("0", "1")
SLOTS = 4
MACHINE = one_machine(max_running_runs=SLOTS, cpus=4, memory_mb=4000, gpus=GPUS)
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
    return [allocation.run_id for allocation in decision.start]


def allocations(number: int) -> list[Allocation]:
    return [Allocation(f"going-{n}") for n in range(number)]


@given(queues, st.integers(0, 20), st.integers(0, 20))
def test_slots_are_filled_and_never_exceeded(queued: list[QueuedRun], running: int, slots: int) -> None:
    decision = decide(queued, allocations(running), one_machine(max_running_runs=slots))
    free = max(0, slots - running)
    assert len(decision.start) == min(free, len(queued))
    assert {*started(decision), *decision.waiting} == {run.run_id for run in queued}
    assert len(decision.start) + len(decision.waiting) == len(queued)
    assert sorted(item.before for item in decision.waiting.values()) == list(range(len(decision.waiting)))


@given(queues, st.integers(1, 20))
def test_no_run_overtakes_an_earlier_one_of_its_priority(queued: list[QueuedRun], slots: int) -> None:
    start = started(decide(queued, [], one_machine(max_running_runs=slots)))
    by_id = {run.run_id: run for run in queued}
    for waiting in set(by_id) - set(start):
        for run_id in start:
            assert by_id[run_id].priority >= by_id[waiting].priority
            if by_id[run_id].priority == by_id[waiting].priority:
                assert by_id[run_id].sequence < by_id[waiting].sequence


def test_a_waiting_run_says_what_it_waits_for() -> None:
    queued = [queued_run("first", 1), queued_run("second", 2), queued_run("urgent", 3, priority=1)]
    decision = decide(queued, [], one_machine(max_running_runs=1))
    assert started(decision) == ["urgent"]
    assert {run_id: str(waiting) for run_id, waiting in decision.waiting.items()} == {
        "first": "waits for one of 1 slots, 0 queued before it",
        "second": "waits for one of 1 slots, 1 queued before it",
    }


def test_mandatory_gpus_wait_and_others_start_without() -> None:
    queued = [
        queued_run("holder", 1, demand=Demand(gpus=2, mandatory=True)),
        queued_run("must", 2, demand=Demand(gpus=1, mandatory=True)),
        queued_run("may", 3, demand=Demand(gpus=1)),
        queued_run("plain", 4),
    ]
    decision = decide(queued, [], MACHINE)
    assert [(allocation.run_id, allocation.gpus) for allocation in decision.start] == [
        ("holder", GPUS),
        ("may", ()),
        ("plain", ()),
    ]
    (short,) = decision.waiting["must"].shortages
    assert (short.resource, short.needed, short.free, short.total, short.holders) == ("gpus", 1, 0, 2, (("holder", 2),))
    assert str(decision.waiting["must"]) == "waits for 1 of 2 GPUs, 0 free, 0 queued before it"


def test_what_a_big_run_needs_is_reserved_for_it() -> None:
    going = [Allocation("going", demand=Demand(cpus=2))]
    big, small, other = (
        queued_run("big", 1, demand=Demand(cpus=4)),
        queued_run("small", 2, demand=Demand(cpus=1)),
        queued_run("other", 3, demand=Demand(memory_mb=1000)),
    )
    decision = decide([big, small, other], going, MACHINE)
    assert started(decision) == ["other"]
    assert str(decision.waiting["small"]) == ("waits for 1 of 4 cores, 2 free (reserved for big), 1 queued before it")
    assert started(decide([big, small], decision.start, MACHINE, decision.memory)) == ["big"]


def test_a_submitter_at_its_quota_stops_nobody_else() -> None:
    capacity = one_machine(max_running_runs=4, max_per_submitter=1)
    queued = [queued_run(f"{who}-{n}", n, submitter=who) for n, who in enumerate("aaab")]
    decision = decide(queued, [], capacity)
    assert started(decision) == ["a-0", "b-3"]
    assert str(decision.waiting["a-1"]) == "waits for one of its submitter's own 1 slots, 0 queued before it"


def test_submitters_take_turns_whoever_came_first() -> None:
    queued = [queued_run(f"{who}{n}", 10 * "abc".index(who) + n, submitter=who) for who in "abc" for n in range(3)]
    capacity = one_machine(max_running_runs=1)
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
    big = queued_run("big", 0, submitter="a", demand=needs)
    going = [Allocation("first", "b", Demand(cpus=2)), Allocation("second", "b", Demand(cpus=1))]
    queued, memory, sequence = [big], Memory(), 1
    bound = 4 * MAX_PASSES + 2 * rounds
    for number in range(bound):
        gpu = Demand(0, 1000, 1, mandatory=True)
        for who, demand in (("a", Demand()), ("b", Demand(cpus=1)), ("b", Demand(cpus=3)), ("b", gpu)):
            queued.append(queued_run(f"{who}{sequence}", sequence, submitter=who, demand=demand))
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
    machine = one_machine(max_running_runs=2, gpus=("0",))
    going = [Allocation("training", "carol", gpus=("0",))]
    waits = queued_run("bob", 0, submitter="bob", demand=Demand(gpus=1, mandatory=True))
    memory = Memory()
    for number in range(1, 20):
        queued = [waits, queued_run(f"ann-{number}", number, submitter="ann")]
        decision = decide(queued, going, machine, memory)
        assert started(decision) == [f"ann-{number}"]
        memory = decision.memory
    queued = [waits, *(queued_run(f"ann-{number}", number, submitter="ann") for number in range(20, 30))]
    decision = decide(queued, [Allocation("ann-19", "ann")], machine, memory)
    assert started(decision) == ["bob"]


def test_what_a_run_waits_for_next_is_reserved_when_it_has_what_is_scarcer() -> None:
    """It waits for GPU, cores, and a slot; meanwhile others have what it would not use yet."""
    machine = one_machine(max_running_runs=3, cpus=4, gpus=("0",))
    big = queued_run("big", 0, submitter="a", demand=Demand(cpus=4, gpus=1, mandatory=True))
    small = [queued_run(f"small-{number}", number, submitter="b", demand=Demand(cpus=1)) for number in range(1, 9)]
    gpu, other = Allocation("gpu", "c", gpus=("0",)), Allocation("other", "c")
    first = decide([big, *small], [gpu, other], machine)
    assert started(first) == ["small-1"]
    second = decide([big, *small[1:]], [other, *first.start], machine, first.memory)
    assert started(second) == []
    assert str(second.waiting["small-2"]).startswith("waits for 1 of 4 cores, 3 free (reserved for big)")
    idle = [queued_run(f"idle-{number}", 20 + number, submitter="b") for number in range(2)]
    third = decide([big, *idle, *small[1:]], [other, *first.start], machine, second.memory)
    assert started(third) == ["idle-0"]
    fourth = decide([big, *idle[1:], *small[1:]], [other, *third.start], machine, third.memory)
    assert started(fourth) == ["big"]


@given(demands, st.integers(1, 4), st.lists(st.integers(0, 3), min_size=4, max_size=12))
@settings(max_examples=40)
def test_two_submitters_with_the_same_runs_get_the_same(demand: Demand, slots: int, ends: list[int]) -> None:
    """Whatever the runs need and whichever end, neither is ever more than one start ahead."""
    machine = one_machine(slots, 4, 4000, GPUS)
    queued = [
        queued_run(f"{who}{place}", 100 * (who == "b") + place, submitter=who, demand=demand)
        for who in "ab"
        for place in range(4)
    ]
    going: list[Allocation] = []
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
        self.going: dict[str, Allocation] = {}
        self.memory = Memory()
        self.decision = Decision((), {}, self.memory)
        self.number = 0
        # By priority and pair of submitters: runs of the first and the second started since both wait for a slot.
        self.counts: dict[tuple[int, str, str], list[int]] = {}

    @rule(priority=st.sampled_from([0, 0, 0, 1]), who=st.sampled_from("abc"), demand=st.just(Demand()) | demands)
    def submit(self, priority: int, who: str, demand: Demand) -> None:
        self.number += 1
        run_id = f"{who}{self.number}"
        self.queue[run_id] = queued_run(run_id, self.number, priority, who, demand)
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
        for allocation in self.decision.start:
            run = self.queue.pop(allocation.run_id)
            self.going[allocation.run_id] = allocation
            for (priority, first, second), pair in self.counts.items():
                if run.priority == priority and run.submitter in (first, second):
                    pair[run.submitter == second] += 1
        for pair in self.counts.values():
            assert abs(pair[0] - pair[1]) <= 1, self.counts
        self.forget()

    def forget(self) -> None:
        """Count starts from now on for each two submitters that began to wait for nothing but a slot."""
        full = one_machine(len(self.going), 4, 4000, GPUS)
        stated = decide(self.queue.values(), self.going.values(), full, self.memory).waiting
        waiting = {
            (run.priority, run.submitter)
            for run in self.queue.values()
            if {short.resource for short in stated[run.run_id].shortages} == {"slots"}
        }
        both = {(p, a, b) for p, a in waiting for q, b in waiting if p == q and a < b}
        self.counts = {key: self.counts.get(key, [0, 0]) for key in both}

    @invariant()
    def nothing_is_given_twice(self) -> None:
        assert len(self.going) <= SLOTS
        assert sum(allocation.demand.cpus for allocation in self.going.values()) <= 4
        assert sum(allocation.demand.memory_mb for allocation in self.going.values()) <= 4000
        assert (
            max(Counter(gpu for allocation in self.going.values() for gpu in allocation.gpus).values(), default=1) == 1
        )

    @invariant()
    def mandatory_gpus_are_granted_whole(self) -> None:
        for allocation in self.going.values():
            assert (
                len(allocation.gpus) == allocation.demand.gpus
                if allocation.demand.mandatory
                else len(allocation.gpus) <= allocation.demand.gpus
            )

    @invariant()
    def an_idle_machine_starts_something(self) -> None:
        assert self.going or not self.queue

    @invariant()
    def every_waiting_run_knows_why(self) -> None:
        assert self.decision.waiting.keys() == self.queue.keys()
        for waiting in self.decision.waiting.values():
            assert waiting.shortages
            for short in waiting.shortages:
                if short.resource in ("slots", "cpus", "memory_mb", "gpus"):
                    assert short.holders or short.reserved_for
                    assert short.needed > short.free or short.reserved_for

    @invariant()
    def higher_priorities_come_first(self) -> None:
        urgent = [run for run in self.queue.values() if run.priority]
        assert all(self.decision.waiting[run.run_id].before < len(urgent) for run in urgent)


TestScheduling = pytest.mark.long(Scheduling.TestCase)
TestScheduling.settings = settings(max_examples=60, stateful_step_count=30)
