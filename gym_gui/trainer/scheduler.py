"""Which queued runs to start now, and what the others wait for. Pure: no clock, no disk, no process.

Higher priorities come first; at one priority submitters take turns, and each one's runs go in order of submission. A
run that lacks something does not stop those behind it: they get what is left. But one thing after the other, the
scarcest first, is set aside for it as it becomes free: what it has been given it keeps until it has the next. So it
holds back only those who want the very thing that it lacks, and starts at the latest when, for each of these things,
what was under way has ended.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import zip_longest

from gym_gui.trainer.demand import Demand
from gym_gui.trainer.waiting import Lack, Waiting

#: So many runs of its own submitter may pass a run for which something is set aside that other submitters want, too:
#: each pass ends the submitter's turn, and with it the claim.
MAX_PASSES = 8
#: In this order runs are given what they lack. A slot comes last: nobody keeps one idle while it waits for more.
SCARCEST_FIRST = ("gpus", "memory_mb", "cpus", "slots")
SLOT_ONLY = Demand()


class FairShare:
    """Whose turn it is among submitters whose runs wait at one priority.

    Whoever has a run that could start goes first if its last turn (or arrival) is longest ago, and last from then on.
    So of two who both could, one never starts two runs while the other starts none. Who has only runs that could not
    start keeps its place and is passed.

    Args:
        order: Submitters that wait, the one whose last turn (or arrival) is longest ago first.
    """

    def __init__(self, order: Iterable[str] = ()) -> None:
        self.order = list(order)

    def wait(self, submitters: Iterable[str]) -> None:
        """Have exactly these submitters wait: new ones come last, and who waits no more is forgotten."""
        waiting = dict.fromkeys(submitters)
        there = [submitter for submitter in self.order if submitter in waiting]
        self.order = list(dict.fromkeys([*there, *waiting]))

    def serve(self, submitter: str) -> None:
        """Note that a run of a submitter was started."""
        self.order.remove(submitter)
        self.order.append(submitter)


@dataclass(frozen=True)
class QueuedRun:
    """A run that waits.

    Args:
        run_id: Its id.
        sequence: Order of submission.
        priority: Higher starts first.
        submitter: Whose it is.
        demand: What it takes while it is under way.
    """

    run_id: str
    sequence: int
    priority: int = 0
    submitter: str = ""
    demand: Demand = SLOT_ONLY


@dataclass(frozen=True)
class Hold:
    """What a run that is under way holds until its death is verified.

    Args:
        run_id: Its id.
        submitter: Whose it is.
        demand: What is set aside for it.
        gpus: The GPUs that it was granted.
    """

    run_id: str
    submitter: str = ""
    demand: Demand = SLOT_ONLY
    gpus: tuple[str, ...] = ()


@dataclass(frozen=True)
class Capacity:
    """What the machine is allowed to do at once.

    Args:
        max_running_runs: Runs under way at once.
        cpus: Cores; ``None``: not counted.
        memory_mb: MiB; ``None``: not counted.
        gpus: The GPUs by name.
        max_per_submitter: Runs of one submitter under way at once; 0: as many as there are slots.
    """

    max_running_runs: int
    cpus: int | None = None
    memory_mb: int | None = None
    gpus: tuple[str, ...] = ()
    max_per_submitter: int = 0


@dataclass(frozen=True)
class Memory:
    """What a decision must know of those before it.

    Args:
        turns: By priority, the submitters that wait, the one whose last turn is longest ago first.
        passes: How often a waiting run was passed by one of its own submitter, to its loss.
    """

    turns: dict[int, tuple[str, ...]] = field(default_factory=dict)
    passes: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Decision:
    """What to do now.

    Args:
        start: What the runs to start hold from now on, in this order.
        waiting: For every other queued run, what it waits for.
        memory: For the next decision.
    """

    start: tuple[Hold, ...]
    waiting: dict[str, Waiting]
    memory: Memory


def decide(
    queued: Iterable[QueuedRun], holds: Iterable[Hold], capacity: Capacity, memory: Memory | None = None
) -> Decision:
    """Return which queued runs to start.

    Args:
        queued: The runs that wait.
        holds: What the runs under way hold.
        capacity: What may be under way at once.
        memory: That of the decision before.
    """
    scene = _Scene(list(holds), capacity, memory or Memory())
    levels: dict[int, list[QueuedRun]] = {}
    for run in sorted(queued, key=lambda run: (-run.priority, run.sequence)):
        levels.setdefault(run.priority, []).append(run)
    before = 0
    waiting: dict[str, Waiting] = {}
    turns: dict[int, tuple[str, ...]] = {}
    for priority, runs in levels.items():
        level = _Level(scene, runs, FairShare((memory or Memory()).turns.get(priority, ())))
        found = level.decide()
        for run in level.in_order():
            waiting[run.run_id] = Waiting(before, found[run.run_id])
            before += 1
        if level.turns.order:
            turns[priority] = tuple(level.turns.order)
    passes = {run_id: count for run_id, count in scene.passes.items() if run_id in waiting}
    return Decision(tuple(scene.started), waiting, Memory(turns, passes))


class _Scene:
    """What is free, and what is set aside for runs that wait."""

    def __init__(self, holds: list[Hold], capacity: Capacity, memory: Memory) -> None:
        self.capacity = capacity
        self.holds = holds
        self.started: list[Hold] = []
        self.passes = dict(memory.passes)
        self.under_way = Counter(hold.submitter for hold in holds)
        self._aside: tuple[tuple[QueuedRun, frozenset[str]], ...] = ()
        self._lacks: dict[Demand, tuple[Lack, ...]] = {}
        """What runs that were looked at lack, by demand, until something changes: a queue holds many that are alike."""
        self._claimless: set[Demand] = set()
        """Demands for which nothing more can be set aside, until something changes."""

    @property
    def aside(self) -> tuple[tuple[QueuedRun, frozenset[str]], ...]:
        """For which runs something is set aside, and what."""
        return self._aside

    @aside.setter
    def aside(self, aside: tuple[tuple[QueuedRun, frozenset[str]], ...]) -> None:
        self._aside = aside
        self._lacks.clear()
        self._claimless.clear()

    def start(self, run: QueuedRun) -> None:
        taken = {gpu for hold in self.holds for gpu in hold.gpus}
        free = [gpu for gpu in self.capacity.gpus if gpu not in taken]
        granted = min(run.demand.gpus, max(0, self.left("gpus")))
        hold = Hold(run.run_id, run.submitter, run.demand, tuple(free[:granted]))
        self.holds.append(hold)
        self.started.append(hold)
        self.under_way[run.submitter] += 1
        self._lacks.clear()
        self._claimless.clear()

    def at_quota(self, submitter: str) -> bool:
        return 0 < self.capacity.max_per_submitter <= self.under_way[submitter]

    def left(self, resource: str) -> int:
        """Return how much is neither held nor set aside."""
        return self._free(resource) - sum(_needed(run, resource) for run, claims in self.aside if resource in claims)

    def lacks(self, run: QueuedRun) -> tuple[Lack, ...]:
        """Return what keeps a run from being started."""
        found = self._lacks.get(run.demand)
        if found is None:
            found = self._lacks[run.demand] = tuple(
                self._lack(run, resource)
                for resource in ("slots", "cpus", "memory_mb", "gpus")
                if self._total(resource) is not None and 0 < _needed(run, resource) > self.left(resource)
            )
        return found

    def set_aside(self, run: QueuedRun, lacks: tuple[Lack, ...]) -> None:
        """Keep for a run the scarcest thing that it lacks, and what it needs of scarcer ones.

        Of each resource only one run at a time is given some: the first that lacks it.
        """
        if run.demand in self._claimless:
            return
        lacking = [lack.resource for lack in lacks]
        first = min(SCARCEST_FIRST.index(resource) for resource in lacking)
        taken = frozenset().union(*(claims for _, claims in self.aside))
        claims = frozenset(resource for resource in SCARCEST_FIRST[: first + 1] if _needed(run, resource)) - taken
        if claims:
            self.aside = (*self.aside, (run, claims))
        else:
            self._claimless.add(run.demand)

    def claims_of(self, run: QueuedRun) -> frozenset[str]:
        """Return of which resources something is set aside for a run."""
        return next((claims for other, claims in self.aside if other is run), frozenset())

    def _lack(self, run: QueuedRun, resource: str) -> Lack:
        held = tuple((hold.run_id, _held(hold, resource)) for hold in self.holds if _held(hold, resource))
        aside = tuple(other.run_id for other, claims in self.aside if resource in claims)
        total = self._total(resource) or 0
        return Lack(resource, _needed(run, resource), max(0, self._free(resource)), total, held, aside)

    def _free(self, resource: str) -> int:
        return (self._total(resource) or 0) - sum(_held(hold, resource) for hold in self.holds)

    def _total(self, resource: str) -> int | None:
        capacity = self.capacity
        if resource == "slots":
            return capacity.max_running_runs
        if resource == "gpus":
            return len(capacity.gpus)
        return capacity.cpus if resource == "cpus" else capacity.memory_mb


class _Level:
    """The runs of one priority."""

    def __init__(self, scene: _Scene, runs: list[QueuedRun], turns: FairShare) -> None:
        self.scene = scene
        self.turns = turns
        self.lanes: dict[str, list[QueuedRun]] = {}
        for run in runs:
            self.lanes.setdefault(run.submitter, []).append(run)

    def decide(self) -> dict[str, tuple[Lack, ...]]:
        """Start what may start; return what the others lack."""
        while True:
            self.turns.wait(lane for lane, runs in self.lanes.items() if runs and not self.scene.at_quota(lane))
            before = self.scene.aside
            found = self._start_one()
            if found is not None:
                return found
            self.scene.aside = before

    def in_order(self) -> list[QueuedRun]:
        """Return the runs that wait, in the order in which they are to start if all are alike."""
        lanes = [self.lanes[submitter] for submitter in dict.fromkeys([*self.turns.order, *self.lanes])]
        return [run for row in zip_longest(*lanes) for run in row if run is not None]

    def _start_one(self) -> dict[str, tuple[Lack, ...]] | None:
        """Start the next run, or return what each one lacks if there is none to start."""
        found: dict[str, tuple[Lack, ...]] = {}
        for submitter in self.turns.order:
            passed: list[QueuedRun] = []
            first: QueuedRun | None = None
            for run in self.lanes[submitter]:
                lacks = self.scene.lacks(run)
                if lacks:
                    found[run.run_id] = lacks
                    self.scene.set_aside(run, lacks)
                elif first is None:
                    self._start(run, passed)
                    return None
                else:
                    found[run.run_id] = (Lack("turn", 1, 0, 1, ((submitter, 1),), (first.run_id,)),)
                if first is None and self._may_not_pass(run):
                    first = run
                passed.append(run)
        for submitter, runs in self.lanes.items():
            for run in runs:
                if run.run_id not in found:
                    found[run.run_id] = self.scene.lacks(run) or (self._quota(submitter),)
        return found

    def _may_not_pass(self, run: QueuedRun) -> bool:
        return self.scene.passes.get(run.run_id, 0) >= MAX_PASSES and self._is_wanted(run)

    def _is_wanted(self, run: QueuedRun) -> bool:
        """Whether other submitters want what is set aside for a run: they would get it at the end of its turn."""
        claims = self.scene.claims_of(run)
        return any(
            _needed(other, resource)
            for submitter in self.turns.order
            if submitter != run.submitter
            for other in self.lanes[submitter]
            for resource in claims
        )

    def _start(self, run: QueuedRun, passed: list[QueuedRun]) -> None:
        for other in passed:
            if self._is_wanted(other):
                self.scene.passes[other.run_id] = self.scene.passes.get(other.run_id, 0) + 1
        self.scene.start(run)
        self.lanes[run.submitter].remove(run)
        self.turns.serve(run.submitter)

    def _quota(self, submitter: str) -> Lack:
        total = self.scene.capacity.max_per_submitter
        return Lack("quota", 1, 0, total, ((submitter, self.scene.under_way[submitter]),))


def _needed(run: QueuedRun, resource: str) -> int:
    demand = run.demand
    if resource == "slots":
        return 1
    if resource == "gpus":
        return demand.gpus if demand.mandatory else 0
    return demand.cpus if resource == "cpus" else demand.memory_mb


def _held(hold: Hold, resource: str) -> int:
    if resource == "slots":
        return 1
    if resource == "gpus":
        return len(hold.gpus)
    return hold.demand.cpus if resource == "cpus" else hold.demand.memory_mb
