"""Provisioner of runs whose workers run on other machines: it posts orders, and reads what the machine shipped home."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from gym_gui.core.regular_files import read_regular
from gym_gui.fleet.lease import EXPIRED, FAILED, REFUSED, Lease
from gym_gui.fleet.orders import Order, OrderBox
from gym_gui.fleet.preparation import Preparation
from gym_gui.runs import READ_ERRORS, RunFolder, RunPlan, WorkerPlan, read_grant, read_machine, wanted_gpus
from gym_gui.supervision import (
    MACHINE_LOST,
    Attempt,
    ExitFacts,
    Launched,
    ProcessFacts,
    Provisioner,
    Signal,
    Usage,
    build_spec,
    read_exit,
    read_started,
)

#: Seconds without a report after which a machine counts as silent; so its lease may still be renewed.
SILENT_S = 20.0
#: Seconds for which a start waits for what its order needs: a moment, other runs have their turns after it.
_PREPARATION_S = 0.1


class AttemptReport(msgspec.Struct, frozen=True):
    """What a machine last said about an attempt; the daemon writes down when."""

    at: float = 0.0
    """Unix time of the server."""
    launcher_alive: bool = False
    worker_alive: bool = False
    stopped: bool = False
    age_s: float | None = None
    cpu_seconds: float = 0.0
    memory_bytes: int = 0
    note: str = ""
    """What keeps the machine from its work, in words."""
    preparing: bool = False
    """The machine makes ready what the worker needs; nothing of the attempt runs."""


class FleetProvisioner(Provisioner):
    """Attempts of one run on machines with an agent.

    Args:
        folder: The run's folder.
        plan: The run.
        clock: Monotonic clock, seconds: the supervisor's.
    """

    sends_files: ClassVar[bool] = True
    """Machines do not share the home's files: those that an attempt begins with are sent along."""

    def __init__(self, folder: RunFolder, plan: RunPlan, clock: Callable[[], float]) -> None:
        self._folder = folder
        self._plan = plan
        self._clock = clock
        self._box = OrderBox(folder)
        self._preparations: dict[tuple[str, int], Preparation] = {}
        """By attempt that is to be started, what finds out what its order needs."""

    def start(self, attempt: Attempt, argv: Sequence[str] | None) -> Launched | None:
        worker = next(each for each in self._plan.workers if each.worker_id == attempt.worker_id)
        prepared = self._prepared(attempt, worker, list(argv or worker.argv))
        if prepared is None:
            return None
        # The submitter's variables are those of another machine.
        plan = msgspec.structs.replace(
            self._plan, config={key: value for key, value in self._plan.config.items() if key != "base_environment"}
        )
        machine = read_machine(self._folder)
        order = Order(
            worker_id=attempt.worker_id,
            attempt=attempt.number,
            worker_type=worker.worker_type,
            machine=machine,
            spec=build_spec(self._folder, plan, worker, attempt.number, None if argv is None else list(argv)),
            home=str(self._folder.path.resolve().parent.parent),
            gpus=self._gpus(worker),
            **self._resources(),
            **prepared,
        )
        if not self._box.post(order):
            return None
        return Launched({"machine": machine}, f"offered to machine {machine}" if machine else "offered to machines")

    def observe(self, attempt: Attempt) -> ProcessFacts:
        key = attempt.worker_id, attempt.number
        lease = self._box.lease(*key)
        if lease is None and key in self._preparations:
            return ProcessFacts(obstacle=self._preparations[key].obstacle)
        if lease is None:
            paths = (self._box.order_path(*key), self._box.taken_path(*key), self._box.refused_path(*key))
            if not any(path.exists() for path in paths):
                return ProcessFacts()
            waits = f"waits for machine {read_machine(self._folder) or 'with an agent'} to take it"
            return ProcessFacts(launcher_alive=True, elsewhere=True, obstacle=self._report(*key).note or waits)
        return self._leased(attempt, lease)

    def _leased(self, attempt: Attempt, lease: Lease) -> ProcessFacts:
        key = attempt.worker_id, attempt.number
        started = read_started(self._folder.started_record(*key))
        ended = read_exit(self._folder.exit_record(*key))
        facts = ProcessFacts(
            spawning=started is not None or ended is not None or not lease.held,
            pid=None if started is None or started.worker is None else started.worker.pid,
            started_at=None if started is None else started.started_at,
            handle={"machine": lease.machine},
            exit=None if ended is None else ended.facts(),
        )
        if ended is not None and ended.reason == "spawn_failed":
            facts = msgspec.structs.replace(facts, pid=None)
        if not lease.held:
            return facts if facts.exit is not None else msgspec.structs.replace(facts, exit=_lost(lease))
        report = self._report(*key)
        silent_s = time.time() - max(report.at, lease.granted_at)
        if silent_s > SILENT_S:
            return ProcessFacts(unknown=f"nothing was heard of machine {lease.machine} for {silent_s:.0f} s")
        ended_here = facts.exit is not None and ended is not None and ended.swept
        return msgspec.structs.replace(
            facts,
            launcher_alive=not ended_here and (report.launcher_alive or started is None),
            worker_alive=not ended_here and report.worker_alive,
            locked=not ended_here,  # until it is released what it printed may be under way
            stopped=attempt.paused and report.stopped,
            age_s=report.age_s,
            elsewhere=report.preparing and started is None,  # no limit of a worker counts yet
            obstacle=report.note,
        )

    def signal(self, attempt: Attempt, signal: Signal) -> bool:
        key = attempt.worker_id, attempt.number
        if signal is not Signal.PAUSE and signal is not Signal.UNPAUSE and self._box.withdraw(*key):
            return True
        lease = self._box.lease(*key)
        if lease is None or not lease.held:
            return False
        self._box.command(*key, signal.value)
        return True

    def usage(self, attempts: Sequence[Attempt]) -> dict[str, Usage]:
        found = {}
        for attempt in attempts:
            report = self._report(attempt.worker_id, attempt.number)
            if report.worker_alive:
                found[attempt.worker_id] = Usage(report.cpu_seconds, report.memory_bytes)
        return found

    def signs(self) -> Sequence[Path]:
        return (self._box.path,)

    def release(self, attempt: Attempt) -> None:
        self._preparations.pop((attempt.worker_id, attempt.number), None)

    def _prepared(self, attempt: Attempt, worker: WorkerPlan, argv: list[str]) -> dict[str, Any] | None:
        """Return what the order of an attempt needs, as its fields.

        Returns:
            ``None``: it is being found out.

        Raises:
            OSError: The attempt's config cannot be read.
        """
        key = attempt.worker_id, attempt.number
        preparation = self._preparations.get(key)
        if preparation is None:
            config = self._config_of(worker, argv) if self.sends_files else None
            preparation = Preparation(self._folder, worker.worker_type, argv, config)
            self._preparations[key] = preparation
            preparation.wait(_PREPARATION_S)
        if not preparation.wait(0.0):
            return None
        del self._preparations[key]
        return preparation.fields()

    def _config_of(self, worker: WorkerPlan, argv: list[str]) -> dict[str, Any]:
        """Return the config of an attempt.

        Raises:
            OSError: It cannot be read.
        """
        config = worker.config
        for word in argv:  # that of an attempt that resumes is another one
            path = Path(word)
            if (
                path.suffix == ".json"
                and path.parent.name in (self._folder.path.name, self._folder.control.name)
                and path.is_file()
            ):
                config = json.loads(read_regular(path))
        return config

    def _gpus(self, worker: WorkerPlan) -> int:
        """Return how many GPUs a worker is to have: those that it was granted, or cannot do without."""
        granted = len(read_grant(self._folder).get(worker.worker_id, ()))
        return granted or (wanted_gpus(self._plan, worker) if worker.needs_gpus else 0)

    def _resources(self) -> dict[str, Any]:
        asked = self._plan.config.get("resources", {})
        return {name: asked[name] for name in ("cpus", "memory_mb") if name in asked}

    def _report(self, worker_id: str, attempt: int) -> AttemptReport:
        try:
            return msgspec.json.decode(read_regular(self._box.report_path(worker_id, attempt)), type=AttemptReport)
        except READ_ERRORS:
            return AttemptReport()


def _lost(lease: Lease) -> ExitFacts | None:
    """Return how an attempt ended that has no exit record and whose machine says no more; ``None``: unknown."""
    reasons = {EXPIRED: MACHINE_LOST, FAILED: MACHINE_LOST, REFUSED: "spawn_failed"}
    if lease.state not in reasons:
        return None
    return ExitFacts(code=None, signal=None, reason=reasons[lease.state], error=lease.why, at=lease.ended_at or 0.0)
