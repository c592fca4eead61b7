from __future__ import annotations

import pytest
from capacities import one_machine, queued_run
from hypothesis import given
from hypothesis import strategies as st

from gym_gui.rpc.messages import explanation_from_pb, explanation_to_pb
from gym_gui.runs.states import RunState
from gym_gui.runs.summary import RunSummary, WorkerSummary
from gym_gui.trainer.allocation import Allocation, Capacity, QueuedRun
from gym_gui.trainer.demand import Demand
from gym_gui.trainer.scheduler import MAX_PASSES, Memory, decide
from gym_gui.trainer.waiting import Shortage, Waiting
from gym_gui.trainer.why import explain_state, stalled_since

amounts = st.integers(0, 2**31)
shortages = st.builds(
    Shortage,
    resource=st.sampled_from(["slots", "cpus", "memory_mb", "gpus", "fair_share", "disk", "machine"]),
    needed=amounts,
    free=amounts,
    total=amounts,
    holders=st.lists(st.tuples(st.text(max_size=5), amounts), unique_by=lambda pair: pair[0]).map(tuple),
    reserved_for=st.lists(st.text(max_size=5)).map(tuple),
    machine=st.none() | st.text(max_size=5),
)


@pytest.mark.parametrize("state", list(RunState))
def test_every_state_has_a_meaning_and_a_next_step(state: RunState) -> None:
    told = explain_state(RunSummary(run_id="R", state=state, cause="because"))
    assert told.meaning
    assert told.next_step.startswith("mosaic ")
    assert (told.state, told.cause, told.before, told.waits_for) == (state, "because", None, [])


def test_of_a_cancelled_run_who_when_and_what_next() -> None:
    run = RunSummary(
        run_id="R", state=RunState.CANCELLED, cause="cancelled by ada: enough", started_at=1.0, ended_at=1.7e9
    )
    told = explain_state(run)
    assert "cancelled by ada: enough at 2023-11-1" in told.meaning
    assert told.next_step.startswith("mosaic resume R")
    never = explain_state(RunSummary(run_id="R", state=RunState.CANCELLED, cause="cancelled by ada"))
    assert "never started" in never.meaning


def test_of_many_workers_the_one_that_failed_is_asked() -> None:
    states = {"a": RunState.CANCELLED, "b": RunState.FAILED, "c": RunState.CANCELLED}
    workers = [WorkerSummary(worker_id=name, worker_type="t", state=state) for name, state in states.items()]
    run = RunSummary(run_id="R", state=RunState.FAILED, workers=workers)
    assert explain_state(run).next_step == "mosaic runs logs R --worker b --stderr"
    alone = RunSummary(run_id="R", state=RunState.FAILED, workers=workers[1:2])
    assert explain_state(alone).next_step == "mosaic runs logs R --stderr"


@given(st.lists(shortages, min_size=1, max_size=3).map(tuple), amounts)
def test_an_explanation_travels_whole(lacking: tuple[Shortage, ...], before: int) -> None:
    told = explain_state(RunSummary(run_id="R", cause="c"), Waiting(before, lacking))
    assert all(item.sentence.endswith(".") for item in told.waits_for)
    assert explanation_from_pb(explanation_to_pb(told)) == told


def sentences(
    queued: list[QueuedRun], going: list[Allocation], capacity: Capacity, memory: Memory, run_id: str
) -> list[str]:
    waiting = decide(queued, going, capacity, memory).waiting[run_id]
    return [item.sentence for item in explain_state(RunSummary(run_id=run_id), waiting).waits_for]


def test_words_with_numbers() -> None:
    machine = one_machine(3, cpus=4, max_per_submitter=1)
    going = [Allocation("A", "ann", Demand(cpus=3))]
    wide, small = queued_run("W", 1, submitter="bob", demand=Demand(cpus=2)), queued_run("S", 2, demand=Demand(cpus=1))
    own = queued_run("O", 3, submitter="ann")
    queued = [wide, small, own]
    assert sentences(queued, going, machine, Memory(), "W") == ["It needs 2 of 4 cores: 1 is free; held by A (3)."]
    assert "and reserved for W; held by A (3)." in sentences(queued, going, machine, Memory(), "S")[0]
    assert sentences([own], going, machine, Memory(), "O") == [
        "Its submitter ann has 1 of its runs under way, of 1 allowed at once."
    ]
    full = [Allocation(f"R{number}") for number in range(7)]
    assert sentences([small], full, one_machine(7), Memory(), "S") == [
        "It needs one of 7 slots: 0 are free; held by R0, R1, R2, R3 and 3 more."
    ]


def test_a_used_up_share_is_named() -> None:
    """Ann's small runs have passed her big one for as long as they may, and bob wants cores, too."""
    big, small = queued_run("B", 1, submitter="ann", demand=Demand(cpus=2)), queued_run("S", 2, submitter="ann")
    other = queued_run("O", 3, submitter="bob", demand=Demand(cpus=2))
    going = [Allocation("A", "ann", Demand(cpus=1))]
    memory = Memory({0: ("ann", "bob")}, {"B": MAX_PASSES})
    decision = decide([big, small, other], going, one_machine(9, cpus=2), memory)
    assert decision.start == ()
    told = explain_state(RunSummary(run_id="S"), decision.waiting["S"])
    assert told.waits_for[0].sentence == "Run B of the same submitter was passed often enough and goes first."
    assert str(decision.waiting["S"]).startswith("waits for run B of the same submitter")


def test_a_worker_that_lives_and_tells_of_no_step_is_told_of() -> None:
    workers = [
        WorkerSummary(worker_id=name, worker_type="t", state=RunState.RUNNING, last_step_at=at)
        for name, at in (("a", 1000.0), ("b", 1085.0), ("c", None))
    ]
    run = RunSummary(run_id="R", state=RunState.RUNNING, workers=workers)
    assert stalled_since(run, now=1030.0) == ""
    assert stalled_since(run, now=1090.0) == "no step for 90 s (1 of 3 workers)"
    assert "But: no step for" in explain_state(run).meaning
    assert explain_state(run).next_step == "mosaic runs logs R --stderr"
    run.workers = workers[:1]
    assert stalled_since(run, now=1090.0) == "no step for 90 s"
    run.workers[0].state = RunState.PAUSED
    assert stalled_since(run, now=1090.0) == ""
