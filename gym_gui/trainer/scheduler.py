"""Which queued runs to start now, where, and what the others wait for. Pure: no clock, no disk, no process.

Higher priorities come first; at one priority submitters get fair shares, and each one's runs go in order of submission.
A run starts on the first of its machines that has all that it needs. One that none has waits for the machine where the
least is short. It does not stop those behind it: they get what is left. But one resource after the other, the
scarcest first, is reserved for it on that machine as it becomes free: it keeps what has been reserved until it has the
next. So it delays only those who want the very resource that it is short of, and starts at the latest when, for each of
these, what was under way there has ended. (It changes to another machine only where less is short: what is reserved for
it never becomes less.)
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import zip_longest

from gym_gui.trainer.allocation import Allocation, Capacity, Placement, QueuedRun
from gym_gui.trainer.machine import Machine
from gym_gui.trainer.waiting import Shortage, Waiting

#: So many runs of its own submitter may pass a run for which something is reserved that other submitters want, too:
#: each pass uses up the submitter's share, and with it the reservation.
MAX_PASSES = 8
#: The order in which runs get what they are short of. A slot comes last: none is idle while its run waits for more.
SCARCEST_FIRST = ("gpus", "memory_mb", "cpus", "slots")


class FairShare:
    """Order in which submitters whose runs wait at one priority are served.

    The submitter that was served (or arrived) longest ago, and has a run that can start, is served first, and comes
    last from then on. So of two who both have such runs, neither ever gets two starts while the other gets none. One
    that has only runs that cannot start is passed, and keeps its place.

    Args:
        order: Submitters that wait, the one served (or arrived) longest ago first.
    """

    def __init__(self, order: Iterable[str] = ()) -> None:
        self.order = list(order)

    def wait(self, submitters: Iterable[str]) -> None:
        """Have exactly these submitters wait: new ones come last, others are forgotten."""
        waiting = dict.fromkeys(submitters)
        there = [submitter for submitter in self.order if submitter in waiting]
        self.order = list(dict.fromkeys([*there, *waiting]))

    def serve(self, submitter: str) -> None:
        """Note that a run of a submitter was started."""
        self.order.remove(submitter)
        self.order.append(submitter)


@dataclass(frozen=True)
class Memory:
    """What a decision must know of those before it.

    Args:
        shares: By priority, the submitters that wait, the one served longest ago first.
        passes: How often a waiting run was passed by one of its own submitter, to its loss.
    """

    shares: dict[int, tuple[str, ...]] = field(default_factory=dict)
    passes: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Decision:
    """What to do now.

    Args:
        start: What is allocated to the runs to start, in this order.
        waiting: For every other queued run, what it waits for.
        memory: For the next decision.
    """

    start: tuple[Allocation, ...]
    waiting: dict[str, Waiting]
    memory: Memory


def decide(
    queued: Iterable[QueuedRun], allocations: Iterable[Allocation], capacity: Capacity, memory: Memory | None = None
) -> Decision:
    """Return which queued runs to start, and where.

    Args:
        queued: The runs that wait.
        allocations: What the runs under way have.
        capacity: What may be under way at once.
        memory: That of the decision before.
    """
    scene = _Scene(list(allocations), capacity, memory or Memory())
    levels: dict[int, list[QueuedRun]] = {}
    for run in sorted(queued, key=lambda run: (-run.priority, run.sequence)):
        levels.setdefault(run.priority, []).append(run)
    before = 0
    waiting: dict[str, Waiting] = {}
    shares: dict[int, tuple[str, ...]] = {}
    for priority, runs in levels.items():
        level = _Level(scene, runs, FairShare((memory or Memory()).shares.get(priority, ())))
        found = level.decide()
        for run in level.in_order():
            waiting[run.run_id] = Waiting(before, found[run.run_id])
            before += 1
        if level.shares.order:
            shares[priority] = tuple(level.shares.order)
    passes = {run_id: count for run_id, count in scene.passes.items() if run_id in waiting}
    return Decision(tuple(scene.started), waiting, Memory(shares, passes))


@dataclass(frozen=True)
class _Prospect:
    """Where a run can start, or waits.

    Args:
        placement: The best of its placements; ``None`` where it has no machine.
        shortages: What is short there; empty: it can start.
    """

    placement: Placement | None
    shortages: tuple[Shortage, ...] = ()


@dataclass(frozen=True)
class _Reservation:
    """What is reserved on a machine for a run that waits.

    Args:
        run: The run.
        placement: Where.
        resources: Which resources, each as much as the run needs.
    """

    run: QueuedRun
    placement: Placement
    resources: frozenset[str]


_NO_MACHINE = _Prospect(None, (Shortage("machine", 1, 0, 0),))


class _Scene:
    """What is free on each machine, and what is reserved for runs that wait."""

    def __init__(self, allocations: list[Allocation], capacity: Capacity, memory: Memory) -> None:
        self.capacity = capacity
        self.started: list[Allocation] = []
        self.passes = dict(memory.passes)
        self.under_way = Counter(allocation.submitter for allocation in allocations)
        self._machines = {machine.name: machine for machine in capacity.machines}
        self._allocations: defaultdict[str, list[Allocation]] = defaultdict(list)
        for allocation in allocations:
            self._allocations[allocation.machine].append(allocation)
        self._reservations: tuple[_Reservation, ...] = ()
        # Until something changes; a queue holds many runs that are alike, and those share their placements.
        self._prospects: dict[int, _Prospect] = {}
        self._unreservable: set[int] = set()

    @property
    def reservations(self) -> tuple[_Reservation, ...]:
        """What is reserved for which runs."""
        return self._reservations

    @reservations.setter
    def reservations(self, reservations: tuple[_Reservation, ...]) -> None:
        self._reservations = reservations
        self._prospects.clear()
        self._unreservable.clear()

    def start(self, run: QueuedRun, placement: Placement) -> None:
        there = self._allocations[placement.machine]
        taken = {gpu for allocation in there for gpu in allocation.gpus}
        free = [gpu for gpu in self._machines[placement.machine].gpus if gpu not in taken]
        granted = min(placement.demand.gpus, max(0, self._left(placement.machine, "gpus")))
        allocation = Allocation(run.run_id, run.submitter, placement.demand, tuple(free[:granted]), placement.machine)
        there.append(allocation)
        self.started.append(allocation)
        self.under_way[run.submitter] += 1
        self._prospects.clear()
        self._unreservable.clear()

    def at_quota(self, submitter: str) -> bool:
        return 0 < self.capacity.max_per_submitter <= self.under_way[submitter]

    def prospect(self, run: QueuedRun) -> _Prospect:
        """Return where a run can start, else where the least is short, the scarcest first."""
        key = id(run.placements)
        found = self._prospects.get(key)
        if found is None:
            found = self._prospects[key] = self._prospect(run)
        return found

    def reserve(self, run: QueuedRun, prospect: _Prospect) -> None:
        """Reserve for a run the scarcest thing that is short, and what it needs of scarcer ones.

        Of each resource of a machine something is reserved for one run at a time: the first that is short of it.
        """
        placement = prospect.placement
        if placement is None or id(run.placements) in self._unreservable:
            return
        first = min(SCARCEST_FIRST.index(short.resource) for short in prospect.shortages)
        taken = frozenset().union(*(each.resources for each in self._on(placement.machine)))
        wanted = frozenset(each for each in SCARCEST_FIRST[: first + 1] if _needed(placement, each)) - taken
        if wanted:
            self.reservations = (*self.reservations, _Reservation(run, placement, wanted))
        else:
            self._unreservable.add(id(run.placements))

    def reservation_of(self, run: QueuedRun) -> _Reservation | None:
        """Return what is reserved for a run."""
        return next((each for each in self.reservations if each.run is run), None)

    def _prospect(self, run: QueuedRun) -> _Prospect:
        best, least = _NO_MACHINE, None
        for placement in run.placements:
            machine = self._machines.get(placement.machine)
            if machine is None:
                continue
            found = tuple(
                self._shortage(machine, placement, resource)
                for resource in ("slots", "cpus", "memory_mb", "gpus")
                if machine.total(resource) is not None
                and 0 < _needed(placement, resource) > self._left(machine.name, resource)
            )
            if not found:
                return _Prospect(placement)
            gaps = {each.resource: each.needed - self._left(machine.name, each.resource) for each in found}
            gap = tuple(gaps.get(resource, 0) for resource in SCARCEST_FIRST)
            if least is None or gap < least:
                best, least = _Prospect(placement, found), gap
        return best

    def _on(self, machine: str) -> list[_Reservation]:
        return [each for each in self.reservations if each.placement.machine == machine]

    def _left(self, machine: str, resource: str) -> int:
        """Return how much is neither allocated nor reserved."""
        reserved = (_needed(each.placement, resource) for each in self._on(machine) if resource in each.resources)
        return self._free(machine, resource) - sum(reserved)

    def _shortage(self, machine: Machine, placement: Placement, resource: str) -> Shortage:
        held = tuple(
            (each.run_id, amount) for each in self._allocations[machine.name] if (amount := _allocated(each, resource))
        )
        reserved = tuple(each.run.run_id for each in self._on(machine.name) if resource in each.resources)
        return Shortage(
            resource,
            _needed(placement, resource),
            max(0, self._free(machine.name, resource)),
            machine.total(resource) or 0,
            held,
            reserved,
            machine.name if len(self._machines) > 1 else None,
        )

    def _free(self, machine: str, resource: str) -> int:
        total = self._machines[machine].total(resource) or 0
        return total - sum(_allocated(each, resource) for each in self._allocations[machine])


class _Level:
    """The runs of one priority."""

    def __init__(self, scene: _Scene, runs: list[QueuedRun], shares: FairShare) -> None:
        self.scene = scene
        self.shares = shares
        self.lanes: dict[str, list[QueuedRun]] = {}
        for run in runs:
            self.lanes.setdefault(run.submitter, []).append(run)

    def decide(self) -> dict[str, tuple[Shortage, ...]]:
        """Start what can start; return what the others are short of."""
        while True:
            self.shares.wait(lane for lane, runs in self.lanes.items() if runs and not self.scene.at_quota(lane))
            before = self.scene.reservations
            found = self._start_one()
            if found is not None:
                return found
            self.scene.reservations = before

    def in_order(self) -> list[QueuedRun]:
        """Return the runs that wait, in the order in which they are to start if all are alike."""
        lanes = [self.lanes[submitter] for submitter in dict.fromkeys([*self.shares.order, *self.lanes])]
        return [run for row in zip_longest(*lanes) for run in row if run is not None]

    def _start_one(self) -> dict[str, tuple[Shortage, ...]] | None:
        """Start the next run, or return what each one is short of if none can start."""
        found: dict[str, tuple[Shortage, ...]] = {}
        for submitter in self.shares.order:
            passed: list[QueuedRun] = []
            first: QueuedRun | None = None
            for run in self.lanes[submitter]:
                prospect = self.scene.prospect(run)
                if prospect.shortages:
                    found[run.run_id] = prospect.shortages
                    self.scene.reserve(run, prospect)
                elif first is None and prospect.placement is not None:
                    self._start(run, prospect.placement, passed)
                    return None
                elif first is not None:
                    found[run.run_id] = (Shortage("fair_share", 1, 0, 1, ((submitter, 1),), (first.run_id,)),)
                if first is None and self._may_not_pass(run):
                    first = run
                passed.append(run)
        for submitter, runs in self.lanes.items():
            for run in runs:
                if run.run_id not in found:
                    found[run.run_id] = self.scene.prospect(run).shortages or (self._quota(submitter),)
        return found

    def _may_not_pass(self, run: QueuedRun) -> bool:
        return self.scene.passes.get(run.run_id, 0) >= MAX_PASSES and self._is_wanted(run)

    def _is_wanted(self, run: QueuedRun) -> bool:
        """Whether other submitters want what is reserved for a run: they would get it when its share is used up."""
        reserved = self.scene.reservation_of(run)
        return reserved is not None and any(
            _needed(placement, resource)
            for submitter in self.shares.order
            if submitter != run.submitter
            for other in self.lanes[submitter]
            for placement in other.placements
            if placement.machine == reserved.placement.machine
            for resource in reserved.resources
        )

    def _start(self, run: QueuedRun, placement: Placement, passed: list[QueuedRun]) -> None:
        for other in passed:
            if self._is_wanted(other):
                self.scene.passes[other.run_id] = self.scene.passes.get(other.run_id, 0) + 1
        self.scene.start(run, placement)
        self.lanes[run.submitter].remove(run)
        self.shares.serve(run.submitter)

    def _quota(self, submitter: str) -> Shortage:
        total = self.scene.capacity.max_per_submitter
        return Shortage("quota", 1, 0, total, ((submitter, self.scene.under_way[submitter]),))


def _needed(placement: Placement, resource: str) -> int:
    demand = placement.demand
    if resource == "slots":
        return 1
    if resource == "gpus":
        return demand.gpus if demand.mandatory else 0
    return demand.cpus if resource == "cpus" else demand.memory_mb


def _allocated(allocation: Allocation, resource: str) -> int:
    if resource == "slots":
        return 1
    if resource == "gpus":
        return len(allocation.gpus)
    return allocation.demand.cpus if resource == "cpus" else allocation.demand.memory_mb
