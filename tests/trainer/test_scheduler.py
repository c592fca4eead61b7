from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gym_gui.trainer.scheduler import Capacity, QueuedRun, decide

queues = st.lists(
    st.builds(QueuedRun, run_id=st.uuids().map(str), sequence=st.integers(1, 10**6), priority=st.integers(-3, 3)),
    unique_by=(lambda run: run.run_id, lambda run: run.sequence),
    max_size=30,
)


@given(queues, st.integers(0, 20), st.integers(0, 20))
def test_slots_are_filled_and_never_exceeded(queued: list[QueuedRun], running: int, slots: int) -> None:
    decision = decide(queued, running, Capacity(max_running_runs=slots))
    free = max(0, slots - running)
    assert len(decision.start) == min(free, len(queued))
    assert {*decision.start, *decision.waiting} == {run.run_id for run in queued}
    assert len(decision.start) + len(decision.waiting) == len(queued)


@given(queues, st.integers(1, 20))
def test_no_run_overtakes_an_earlier_one_of_its_priority(queued: list[QueuedRun], slots: int) -> None:
    start = decide(queued, 0, Capacity(max_running_runs=slots)).start
    by_id = {run.run_id: run for run in queued}
    for waiting in set(by_id) - set(start):
        for started in start:
            assert by_id[started].priority >= by_id[waiting].priority
            if by_id[started].priority == by_id[waiting].priority:
                assert by_id[started].sequence < by_id[waiting].sequence


def test_a_waiting_run_says_what_it_waits_for() -> None:
    queued = [QueuedRun("first", 1), QueuedRun("second", 2), QueuedRun("urgent", 3, priority=1)]
    decision = decide(queued, 0, Capacity(max_running_runs=1))
    assert decision.start == ("urgent",)
    assert decision.waiting == {
        "first": "waits for one of 1 slots, 0 queued before it",
        "second": "waits for one of 1 slots, 1 queued before it",
    }
