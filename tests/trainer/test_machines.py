"""Runs are placed on machines: the daemon's own, and those that executors report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gym_gui.logging_config.log_constants import LOG_DAEMON_MACHINES_REFUSED
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.summary import RunSummary
from gym_gui.trainer.allocation import Allocation, Capacity, Placement, QueuedRun
from gym_gui.trainer.demand import Demand, Request
from gym_gui.trainer.executors import Executor, Inventory, Machine
from gym_gui.trainer.machine import THIS_MACHINE
from gym_gui.trainer.machines import Machines
from gym_gui.trainer.scheduler import Memory, decide
from gym_gui.trainer.why import explain_state

HERE = Machine(THIS_MACHINE, 2, Inventory(4, 8000))
SMALL, LARGE = Machine("small", 2, Inventory(2, 4000)), Machine("large", 2, Inventory(8, 32000, ("0", "1")))
GPU = Demand(gpus=1, mandatory=True)


class Reporting(Executor):
    """An executor whose machines a test decides."""

    name = "cluster"

    def __init__(self, *machines: object) -> None:
        self.reported: object = list(machines)

    async def start(self, folder: RunFolder) -> None: ...

    async def alive(self, folder: RunFolder) -> bool:
        return False

    async def kill(self, folder: RunFolder) -> None: ...

    async def cleanup(self, folder: RunFolder) -> None: ...

    def machines(self) -> Sequence[Machine] | None:
        if isinstance(self.reported, Exception):
            raise self.reported
        return self.reported  # type: ignore[return-value]


class Sharing(Reporting):
    """An executor that takes from the daemon's own machine."""

    name = "sharing"

    def machines(self) -> Sequence[Machine] | None:
        return Executor.machines(self)


def on(demand: Demand, *machines: str) -> tuple[Placement, ...]:
    return tuple(Placement(machine, demand) for machine in machines)


def test_executors_that_report_none_share_the_daemons_machine() -> None:
    machines = Machines(HERE, {"a": Sharing(), "b": Sharing()})
    assert machines.candidates("a") == machines.candidates("b") == machines.capacity.machines == (HERE,)
    assert machines.candidates("unheard of") == ()


def test_a_run_is_placed_where_it_fits() -> None:
    machines = Machines(HERE, {"cluster": Reporting(SMALL, LARGE)})
    assert [machine.name for machine in machines.capacity.machines] == ["", "small", "large"]
    assert machines.slots == 6
    small, gpu = Request(cpus=2), Request(gpus=1, mandatory=True)
    assert [each.machine for each in machines.placements("cluster", small)] == ["small", "large"]
    assert [each.machine for each in machines.placements("cluster", gpu)] == ["large"]
    assert machines.placements("cluster", gpu) is machines.placements("cluster", gpu)
    wide = Request(workers=4, cpus=2)
    assert [each.demand.cpus for each in machines.placements("cluster", wide)] == [2, 8]


def test_machines_come_and_go() -> None:
    executor = Reporting(SMALL)
    machines = Machines(HERE, {"cluster": executor})
    assert not machines.look()
    executor.reported = [SMALL, LARGE]
    assert machines.look()
    assert len(machines.placements("cluster", Request())) == 2
    executor.reported = []
    assert machines.look()
    assert machines.placements("cluster", Request()) == ()


@pytest.mark.parametrize(
    ("reported", "there"),
    [
        (RuntimeError("no network"), []),
        (["small"], []),
        (7, []),
        ([SMALL, SMALL], ["small"]),
        ([Machine("", 1), LARGE], ["large"]),
    ],
)
def test_what_an_executor_reports_wrongly_is_logged_once(
    caplog: pytest.LogCaptureFixture, reported: object, there: list[str]
) -> None:
    executor = Reporting()
    executor.reported = reported
    machines = Machines(HERE, {"cluster": executor, "other": Sharing()})
    assert [each.name for each in machines.candidates("cluster")] == there
    assert machines.candidates("other") == (HERE,)
    machines.look()
    codes = [getattr(record, "log_code", "") for record in caplog.records]
    assert codes == [LOG_DAEMON_MACHINES_REFUSED.code]


def test_the_first_machine_with_room_is_taken_and_the_gpus_are_its_own() -> None:
    queued = [QueuedRun(f"r{number}", number, placements=on(GPU, "first", "second")) for number in range(3)]
    gpus = Inventory(2, 4000, ("0",))
    capacity = Capacity((Machine("first", 2, gpus), Machine("second", 2, gpus)))
    decision = decide(queued, [], capacity)
    assert [(each.run_id, each.machine, each.gpus) for each in decision.start] == [
        ("r0", "first", ("0",)),
        ("r1", "second", ("0",)),
    ]
    assert str(decision.waiting["r2"]) == "waits for 1 of 1 GPUs on machine first, 0 free, 0 queued before it"
    (told,) = explain_state(RunSummary(run_id="r2"), decision.waiting["r2"]).waits_for
    assert told.machine == "first"
    assert told.sentence == "It needs 1 of 1 GPUs on machine first: 0 are free; held by r0 (1)."


def test_the_daemons_machine_is_named_where_there_are_others() -> None:
    capacity = Capacity((Machine(THIS_MACHINE, 0), Machine("other", 1)))
    waiting = decide([QueuedRun("r", 1)], [], capacity).waiting["r"]
    assert str(waiting).startswith("waits for one of 0 slots on this machine,")


def test_a_run_waits_where_the_least_is_short() -> None:
    going = [
        Allocation("a", demand=Demand(cpus=3), machine="first"),
        Allocation("b", demand=Demand(cpus=2), machine="second"),
    ]
    capacity = Capacity((Machine("first", 4, Inventory(4, 4000)), Machine("second", 4, Inventory(4, 4000))))
    big = QueuedRun("big", 1, placements=on(Demand(cpus=4), "first", "second"))
    small = QueuedRun("small", 2, placements=on(Demand(cpus=1), "second", "first"))
    decision = decide([big, small], going, capacity)
    assert decision.waiting["big"].shortages[0].machine == "second"
    assert [(each.run_id, each.machine) for each in decision.start] == [("small", "first")]  # "second" is reserved


def test_without_a_machine_a_run_waits_for_one_and_delays_nobody() -> None:
    queued = [
        QueuedRun("nowhere", 1, placements=()),
        QueuedRun("gone", 2, placements=on(Demand(), "gone")),
        QueuedRun("here", 3),
    ]
    decision = decide(queued, [], Capacity((Machine(THIS_MACHINE, 1), Machine("other", 1))))
    assert [each.run_id for each in decision.start] == ["here"]
    for name in ("nowhere", "gone"):
        assert str(decision.waiting[name]).startswith("waits for a machine of its executor")
        assert explain_state(RunSummary(run_id=name), decision.waiting[name]).waits_for[0].sentence.endswith(".")


def test_what_a_vanished_machine_had_is_taken_from_no_other() -> None:
    going = [Allocation("old", machine="gone", demand=Demand(cpus=4))]
    decision = decide([QueuedRun("new", 1, placements=on(Demand(cpus=4), ""))], going, Capacity((HERE,)))
    assert [each.run_id for each in decision.start] == ["new"]


demands = st.builds(Demand, cpus=st.integers(0, 4), memory_mb=st.sampled_from([0, 4000]), gpus=st.integers(0, 2), mandatory=st.booleans())  # fmt: skip # noqa: E501
moves = st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 1), demands, st.integers(0, 5)), max_size=25)


@settings(max_examples=150)
@given(moves)
def test_machines_of_other_executors_change_nothing(moves: list[tuple[str, int, Demand, int]]) -> None:
    """Runs on one machine get the same decisions whether or not another machine and its runs stand beside it."""
    first, second = (Machine(name, 2, Inventory(4, 4000, ("0", "1"))) for name in ("first", "second"))
    queued: list[QueuedRun] = []
    going: list[Allocation] = []
    memory = {"alone": Memory(), "beside": Memory()}
    for number, (who, priority, demand, end) in enumerate(moves):
        machine = "first" if who == "a" else "second"
        queued.append(QueuedRun(f"{who}{number}", number, priority, who, on(demand, machine)))
        mine = [run for run in queued if run.submitter == "a"]
        alone = decide(mine, [each for each in going if each.machine == "first"], Capacity((first,)), memory["alone"])
        beside = decide(queued, going, Capacity((first, second)), memory["beside"])
        memory = {"alone": alone.memory, "beside": beside.memory}
        assert [each for each in beside.start if each.machine == "first"] == list(alone.start)
        for run_id, waiting in alone.waiting.items():
            other = beside.waiting[run_id]
            assert [(each.resource, each.needed, each.free) for each in waiting.shortages] == [
                (each.resource, each.needed, each.free) for each in other.shortages
            ]
        started = {each.run_id for each in beside.start}
        queued = [run for run in queued if run.run_id not in started]
        going += beside.start
        if going and end < 4:
            del going[end % len(going)]


@given(moves, st.integers(1, 3), st.integers(1, 3))
def test_nothing_is_allocated_twice_on_any_machine(
    moves: list[tuple[str, int, Demand, int]], first_slots: int, second_slots: int
) -> None:
    machines = (Machine("first", first_slots, Inventory(4, 4000, ("0",))), Machine("second", second_slots, Inventory(3, 8000, ("0", "1"))))  # fmt: skip # noqa: E501
    queued: list[QueuedRun] = []
    going: list[Allocation] = []
    memory = Memory()
    for number, (who, priority, demand, end) in enumerate(moves):
        queued.append(QueuedRun(f"r{number}", number, priority, who, on(demand, "second", "first")))
        decision = decide(queued, going, Capacity(machines), memory)
        memory = decision.memory
        started = {each.run_id for each in decision.start}
        queued = [run for run in queued if run.run_id not in started]
        going += decision.start
        for machine in machines:
            there = [each for each in going if each.machine == machine.name]
            assert len(there) <= machine.slots
            assert sum(each.demand.cpus for each in there) <= (machine.total("cpus") or 0)
            assert sum(each.demand.memory_mb for each in there) <= (machine.total("memory_mb") or 0)
            assert max(Counter(gpu for each in there for gpu in each.gpus).values(), default=1) == 1
            assert all(set(each.gpus) <= set(machine.gpus) for each in there)
        assert decision.waiting.keys() == {run.run_id for run in queued}
        if going and end < 4:
            del going[end % len(going)]


def test_where_a_run_was_placed_is_on_record(tmp_path: Path) -> None:
    from gym_gui.runs.grant import read_machine, write_grant

    folder = RunFolder(tmp_path)
    folder.control.mkdir()
    assert read_machine(folder) == ""
    write_grant(folder, {}, None, "large")
    assert read_machine(folder) == "large"
    write_grant(folder, {})
    assert not folder.grant.exists()
