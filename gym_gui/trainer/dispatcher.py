"""Takes runs from the queue to their end: starts supervisors when there is room, replaces those that die.

All of it runs in the daemon's event loop; what touches the disk for long goes to threads.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import msgspec

from gym_gui.core.worker.errors import MosaicError
from gym_gui.logging_config.helpers import log_constant
from gym_gui.logging_config.log_constants import (
    LOG_DAEMON_RUN_CANCEL_REQUESTED,
    LOG_DAEMON_RUN_STATE,
)
from gym_gui.runs import (
    CLAIM_EXECUTOR,
    RunFolder,
    RunPlan,
    RunState,
    RunSummary,
    load_plan,
    read_grant,
    read_machine,
    share_out_gpus,
    wanted_gpus,
    write_cancel,
    write_grant,
)
from gym_gui.supervision import make_folders
from gym_gui.trainer._pausing import pause, unpause
from gym_gui.trainer._upkeep import Upkeep
from gym_gui.trainer.allocation import Allocation, QueuedRun
from gym_gui.trainer.board import RunBoard
from gym_gui.trainer.demand import Request, demand_of, reasons_for_cpu
from gym_gui.trainer.executors.base import Executor
from gym_gui.trainer.finalize import finalize_run
from gym_gui.trainer.live_marks import LiveRuns
from gym_gui.trainer.machines import Machines
from gym_gui.trainer.scheduler import Memory, decide
from gym_gui.trainer.waiting import Shortage, Waiting

logger = logging.getLogger(__name__)

#: Seconds between looks at the executors' machines while runs wait.
MACHINES_S = 0.5
#: A decision that takes no longer is made whenever something has changed, seconds; one that does takes up at most this
#: share of the daemon's time.
CHEAP_S = 0.005
DECISION_SHARE = 10


class Dispatcher:
    """The runs that have not ended: those that wait, and those that have a supervisor.

    Args:
        board: Where the runs' values stand.
        executors: By the name that run configs use.
        machines: Where runs may be placed.
        home: The home.
        on_ended: Takes a run that has ended, in place of the removal of its mark.
    """

    def __init__(
        self,
        board: RunBoard,
        executors: Mapping[str, Executor],
        machines: Machines,
        home: Path,
        on_ended: Callable[[str], None] | None = None,
    ) -> None:
        self.board = board
        self.executors = executors
        self.machines = machines
        self._home = home
        board.cause_of = self._cause_of
        self._on_ended = on_ended or LiveRuns(home / "runs").discard
        self._queue: dict[str, QueuedRun] = {}
        self._requests: dict[str, tuple[str, Request]] = {}
        """Of queued runs: their executor, and what they ask for."""
        self._adopted: dict[str, Request] = {}
        """Of runs that an earlier daemon started: what they ask for."""
        self._waiting: dict[str, Waiting] = {}
        self._allocations: dict[str, Allocation] = {}
        self._memory = Memory()
        self._active: dict[str, asyncio.Task[None]] = {}
        self._looks: dict[str, asyncio.Event] = {}
        self._closing = False
        self._decision_due: asyncio.TimerHandle | None = None
        self._decision_s = 0.0
        self._decided_at = 0.0
        self._suspended: Shortage | None = None
        """What all queued runs wait for, whatever else they need."""

    @property
    def queued(self) -> int:
        """Number of runs that wait."""
        return len(self._queue)

    @property
    def active(self) -> int:
        """Number of supervised runs: their supervisor lives, or is to be replaced."""
        return len(self._active)

    @property
    def under_way(self) -> list[str]:
        """Ids of the runs that have a slot."""
        return list(self._allocations)

    def enqueue(self, runs: Iterable[tuple[RunSummary, RunPlan]]) -> None:
        """Take runs that have never been started, and decide once for all of them."""
        for run, plan in runs:
            self.board.enter(run)
            request = self._request_of(plan)
            self._requests[run.run_id] = plan.executor, request
            placements = self.machines.placements(plan.executor, request)
            self._queue[run.run_id] = QueuedRun(run.run_id, run.sequence, plan.priority, plan.submitter, placements)
        self._start_queued()

    def adopt(self, run: RunSummary, plan: RunPlan | None) -> None:
        """Take a run that an earlier daemon started; one whose plan cannot be read comes to its end, too."""
        if run.run_id in self._active:
            return
        self.board.enter(run)
        folder = RunFolder.of(self._home, run.run_id)
        gpus = tuple(gpu for granted in read_grant(folder).values() for gpu in granted)
        machine = read_machine(folder)
        allocation = Allocation(run.run_id, gpus=gpus, machine=machine)
        if plan is not None:
            request = self._adopted[run.run_id] = self._request_of(plan)
            demand = demand_of(request, self.machines.inventory(machine))
            allocation = replace(allocation, submitter=plan.submitter, demand=demand)
        self._supervise(allocation, started=True)

    def _request_of(self, plan: RunPlan) -> Request:
        """Return what a run asks for: the least where its plan does not tell."""
        try:
            return self.machines.request_of(plan)
        except ValueError:
            return Request()

    def why(self, run_id: str) -> Waiting | None:
        """Return what a run waits for, ``None`` if it is not queued here."""
        return self._waiting.get(run_id) if run_id in self._queue else None

    def forecast(self, runs: Sequence[tuple[str, Request, int, str]]) -> list[tuple[Waiting | None, str]]:
        """Return what would become of runs if they were submitted now, in this order; changes nothing.

        Args:
            runs: Executor, what it asks for, priority and submitter of each.

        Returns:
            Of each run what it would wait for, ``None`` if it would start; and on which machine.
        """
        after = max((run.sequence for run in self._queue.values()), default=0) + 1
        new = [
            QueuedRun(
                f"new run {number + 1}", after + number, priority, by, self.machines.placements(executor, request)
            )
            for number, (executor, request, priority, by) in enumerate(runs)
        ]
        queue = [*self._queue.values(), *new]
        if self._suspended is not None:
            waiting = _all_waiting(queue, self._suspended)
            return [(waiting[run.run_id], "") for run in new]
        decision = decide(queue, self._allocations.values(), self.machines.capacity, self._memory)
        started = {allocation.run_id: allocation.machine for allocation in decision.start}
        return [(decision.waiting.get(run.run_id), started.get(run.run_id, "")) for run in new]

    def allocations(self) -> list[Allocation]:
        """Return what the runs under way have."""
        return list(self._allocations.values())

    def _cause_of(self, run_id: str) -> str:
        waiting = self.why(run_id)
        return "" if waiting is None else str(waiting)

    def look(self, run_id: str) -> None:
        """Look at a run's supervisor now: there was a sign that it may have ended."""
        if run_id in self._looks:
            self._looks[run_id].set()

    async def cancel(self, run_id: str, by: str, reason: str) -> RunSummary:
        """Cancel a run; asking again changes nothing.

        The intent is on disk before anything else happens: a supervisor of the run, now or after a crash, reads it
        before every launch.

        Raises:
            UnknownRunError: There is no such run.
        """
        run = self.board.get(run_id)
        if run.state.terminal:
            return run
        folder = RunFolder.of(self._home, run_id)
        if not folder.cancel_intent.exists():
            log_constant(logger, LOG_DAEMON_RUN_CANCEL_REQUESTED, extra={"run_id": run_id, "by": by, "reason": reason})
            await asyncio.to_thread(write_cancel, folder, by=by, reason=reason)
        if self._queue.pop(run_id, None) is not None:
            self._requests.pop(run_id, None)
            cause = f"cancelled by {by} while it was queued" + (f": {reason}" if reason else "")
            try:
                self._finish(await asyncio.to_thread(finalize_run, folder, RunState.CANCELLED, cause))
            except (MosaicError, OSError) as error:
                # Another process holds the run, or the disk is full: a supervisor reads the intent and carries it out.
                logger.warning("run %s: cannot be cancelled in the queue: %s", run_id, error, extra={"run_id": run_id})
                self._supervise(Allocation(run_id), started=True)
            self._start_queued()
        else:
            self.board.mark_urgent(run_id)
        return self.board.get(run_id)

    async def pause(self, run_id: str, by: str, reason: str) -> RunSummary:
        """Pause a run; asking again changes nothing (:func:`gym_gui.trainer._pausing.pause`)."""
        run = self.board.get(run_id)
        return await asyncio.to_thread(pause, RunFolder.of(self._home, run_id), run, by, reason)

    async def unpause(self, run_id: str, by: str) -> RunSummary:
        """Let a paused run continue (:func:`gym_gui.trainer._pausing.unpause`)."""
        run = self.board.get(run_id)
        return await asyncio.to_thread(unpause, RunFolder.of(self._home, run_id), run, by)

    @property
    def suspended(self) -> bool:
        """Whether no run is started for now."""
        return self._suspended is not None

    def waiting_for(self, executor: str) -> list[str]:
        """Return the ids of the queued runs of an executor."""
        return [run_id for run_id, (name, _) in self._requests.items() if name == executor and run_id in self._queue]

    def is_queued(self, run_id: str) -> bool:
        """Return whether a run waits in the queue."""
        return run_id in self._queue

    def start_on(self, run_id: str, machine: str) -> bool:
        """Start a queued run for a machine that claimed it, whatever the scheduler would do.

        Args:
            run_id: The run.
            machine: Id of the machine.

        Returns:
            Whether it was started: it is not if it does not wait, or while nothing may be started.
        """
        if self._suspended is not None or run_id not in self._queue:
            return False
        run = self._queue.pop(run_id)
        self._requests.pop(run_id, None)
        self._waiting.pop(run_id, None)
        self._supervise(Allocation(run_id, run.submitter, machine=machine), started=False)
        return True

    async def close(self) -> None:
        """Stop watching the supervisors of runs, which go on by themselves."""
        self._closing = True
        if self._decision_due is not None:
            self._decision_due.cancel()
        tasks = list(self._active.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.board.flush()

    async def follow_machines(self) -> None:
        """Decide again when the executors' machines change while runs wait; until cancelled."""
        while True:
            await asyncio.sleep(MACHINES_S)
            news = self.machines.expect(self._requests.values())
            if self._queue and (self.machines.changed or news):
                self._start_queued()

    def suspend(self, shortage: Shortage | None) -> None:
        """Start nothing for now.

        Args:
            shortage: What queued runs wait for; ``None``: start them again.
        """
        before, self._suspended = self._suspended, shortage
        if (shortage is None) is not (before is None):
            self._start_queued()

    def _start_queued(self) -> None:
        """Decide now; with a queue so long that it takes its time, in a while, once for all that happens until then."""
        if self._decision_due is not None:
            return
        pause = self._decided_at + DECISION_SHARE * self._decision_s - time.monotonic()
        if self._decision_s < CHEAP_S or pause <= 0:
            self._decide()
        else:
            self._decision_due = asyncio.get_running_loop().call_later(pause, self._decide)

    def _decide(self) -> None:
        self._decision_due = None
        began = time.monotonic()
        self._decide_once()
        self.board.tell_waiting()
        self._decided_at = time.monotonic()
        self._decision_s = self._decided_at - began

    def _decide_once(self) -> None:
        if self._suspended is not None:
            self._waiting = _all_waiting(self._queue.values(), self._suspended)
            return
        if self.machines.look():
            for run_id, (executor, request) in self._requests.items():
                placements = self.machines.placements(executor, request)
                self._queue[run_id] = replace(self._queue[run_id], placements=placements)
            self._count_adopted()
        capacity = self.machines.capacity
        decision = decide(self._queue.values(), self._allocations.values(), capacity, self._memory)
        self._memory = decision.memory
        for allocation in decision.start:
            del self._queue[allocation.run_id]
            del self._requests[allocation.run_id]
            self._supervise(allocation, started=False)
        waiting = decision.waiting
        self._waiting = {**waiting, **self._without_site(waiting), **self._unclaimed(waiting)}

    def _count_adopted(self) -> None:
        """Allocate to runs of an earlier daemon what they ask for, once their machines are heard of again."""
        for run_id, request in self._adopted.items():
            inventory = self.machines.inventory(self._allocations[run_id].machine)
            if inventory is not None:
                demand = demand_of(request, inventory)
                self._allocations[run_id] = replace(self._allocations[run_id], demand=demand)

    def _unclaimed(self, waiting: Mapping[str, Waiting]) -> dict[str, Waiting]:
        """Return what the runs wait for that are claimed, not placed."""
        claim = (Shortage("claim", 1, 0, 0),)
        ids = self.waiting_for(CLAIM_EXECUTOR)
        return {run_id: replace(waiting[run_id], shortages=claim) for run_id in ids if run_id in waiting}

    def _without_site(self, waiting: Mapping[str, Waiting]) -> dict[str, Waiting]:
        """Return what the runs wait for whose site is not there: their executors say why."""
        found = {}
        for run_id, each in waiting.items():
            short = each.shortages[0]
            if short.resource == "machine" and run_id in self._requests:
                executor, request = self._requests[run_id]
                why = self.machines.why_absent(executor, request.site)
                found[run_id] = replace(each, shortages=(replace(short, why=why),))
        return found

    def _supervise(self, allocation: Allocation, *, started: bool) -> None:
        run_id = allocation.run_id
        self._allocations[run_id] = allocation
        self._looks[run_id] = asyncio.Event()
        task = asyncio.create_task(self._until_ended(run_id, started), name=run_id)
        task.add_done_callback(lambda _: self._release(run_id))
        self._active[run_id] = task

    async def _until_ended(self, run_id: str, started: bool) -> None:
        """Keep a supervisor alive until its run has ended."""
        folder = RunFolder.of(self._home, run_id)
        run = self.board.get(run_id)
        executor = self.executors.get(run.executor)
        if executor is None:  # the run keeps what it was allocated, until a daemon that has the executor finds its end
            cause = f"its executor {run.executor!r} is not available, so no process supervises it: mosaic doctor"
            logger.error("run %s: %s", run_id, cause, extra={"run_id": run_id})
            self.board.publish(msgspec.structs.replace(run, cause=cause))
            return
        try:
            sign, grant = self._looks[run_id], partial(self._record_grant, folder)
            final = await Upkeep(folder, executor, self.board, sign, grant).until_ended(started=started)
            await executor.cleanup(folder)
            self._finish(final)
            del self._allocations[run_id]
            self._adopted.pop(run_id, None)
        except Exception:
            # Whatever it is, one run's trouble must not end the daemon; the next daemon tries again. Until then the
            # run keeps what it was allocated: its workers were not seen dead.
            logger.exception("run %s: cannot be supervised", run_id, extra={"run_id": run_id})

    def _release(self, run_id: str) -> None:
        del self._looks[run_id]
        del self._active[run_id]
        if not self._closing:
            self._start_queued()

    def _record_grant(self, folder: RunFolder) -> None:
        """Write down where a run was placed and its workers' GPUs, before any launch, and who could use one in vain."""
        make_folders(folder)
        plan = load_plan(folder)
        allocation = self._allocations[folder.run_id]
        inventory = self.machines.inventory(allocation.machine)
        wanted = {
            worker.worker_id: wanted_gpus(plan, worker)
            for worker in plan.workers
            if not allocation.demand.mandatory or worker.needs_gpus or worker.gpus is None
        }
        granted = share_out_gpus(allocation.gpus, wanted)
        on_cpu = {} if inventory is None else reasons_for_cpu(plan, granted, inventory)
        write_grant(folder, granted, on_cpu, allocation.machine)

    def _finish(self, run: RunSummary) -> None:
        """Put a run's end on record."""
        old = self.board.get(run.run_id)
        self.board.publish(msgspec.structs.replace(run, report=max(run.report, old.report)))
        self.board.forget(run.run_id)
        self._on_ended(run.run_id)
        values = {"run_id": run.run_id, "state": run.state.value, "cause": run.cause}
        log_constant(logger, LOG_DAEMON_RUN_STATE, extra=values)


def _all_waiting(queue: Iterable[QueuedRun], shortage: Shortage) -> dict[str, Waiting]:
    """Return what queued runs wait for while none is started."""
    ordered = sorted(queue, key=lambda run: (-run.priority, run.sequence))
    return {run.run_id: Waiting(place, (shortage,)) for place, run in enumerate(ordered)}
