"""What the machines have, what is taken of it, and what runs on them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from gym_gui.runs import DiskGauge, RunState, RunSummary
from gym_gui.trainer.allocation import Allocation, Capacity
from gym_gui.trainer.machine import THIS_MACHINE, Machine


class MachineRun(msgspec.Struct, kw_only=True):
    """A run under way on a machine, with what is allocated to it and what it uses."""

    run_id: str
    run_name: str
    state: RunState
    submitter: str = ""
    cpus: int = 0
    memory_mb: int = 0
    gpus: list[str] = []
    memory_bytes: int | None = None
    """Used by all its workers, as last measured."""
    cpu_seconds: float | None = None


class MachineReading(msgspec.Struct, kw_only=True):
    """What was measured on the daemon's own machine."""

    cpu_share: float | None = None
    """Of all its cores, 0 to 1, since the last reading; null at the first."""
    load: float | None = None
    """Runnable processes, mean of the last minute."""
    memory_bytes: int = 0
    memory_used_bytes: int = 0
    disk_bytes: int = 0
    """Of the disk that the home is on."""
    disk_free_bytes: int = 0
    disk_low: bool = False
    """No run is started until there is room."""


class MachineState(msgspec.Struct, kw_only=True):
    """One machine."""

    name: str
    """Empty: the daemon's own."""
    slots: int
    slots_taken: int
    cpus: int | None = None
    """Null: cores are not counted there."""
    cpus_allocated: int = 0
    memory_mb: int | None = None
    memory_mb_allocated: int = 0
    gpus: list[str] = []
    gpus_taken: list[str] = []
    no_gpus: str = ""
    """Why there are none."""
    runs: list[MachineRun] = []
    measured: MachineReading | None = None
    """Null: of another machine only what is allocated is known."""


class MachineReport(msgspec.Struct, kw_only=True):
    """The machines of a daemon."""

    machines: list[MachineState]
    queued: int
    """Runs that wait."""


class Readings:
    """Measures the daemon's own machine.

    Args:
        home: The home.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._cpu: tuple[float, float] | None = None
        """Busy and total CPU seconds at the last reading."""

    def take(self) -> MachineReading:
        """Return what is measured now."""
        import psutil

        memory = psutil.virtual_memory()
        times = psutil.cpu_times()
        idle = times.idle + getattr(times, "iowait", 0.0)
        total = sum(times) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
        before, self._cpu = self._cpu, (total - idle, total)
        share = None
        if before is not None and total > before[1]:
            share = round(min(1.0, max(0.0, (self._cpu[0] - before[0]) / (total - before[1]))), 3)
        gauge = DiskGauge.of(self._home)
        gauge.look()
        room = os.statvfs(self._home)
        return MachineReading(
            cpu_share=share,
            load=round(os.getloadavg()[0], 2),
            memory_bytes=memory.total,
            memory_used_bytes=memory.total - memory.available,
            disk_bytes=room.f_blocks * room.f_frsize,
            disk_free_bytes=gauge.free_bytes,
            disk_low=gauge.low,
        )


def report_machines(
    capacity: Capacity,
    allocations: Iterable[Allocation],
    runs: Mapping[str, RunSummary],
    queued: int,
    here: MachineReading | None,
) -> MachineReport:
    """Return what the machines have and what is taken.

    Args:
        capacity: The machines.
        allocations: What the runs under way have.
        runs: Those runs, by id.
        queued: Number of runs that wait.
        here: What was measured on the daemon's own machine.
    """
    taken = list(allocations)
    states = [_state(each, [one for one in taken if one.machine == each.name], runs) for each in capacity.machines]
    for state in states:
        if state.name == THIS_MACHINE:
            state.measured = here
    return MachineReport(machines=states, queued=queued)


def _state(machine: Machine, taken: list[Allocation], runs: Mapping[str, RunSummary]) -> MachineState:
    inventory = machine.inventory
    return MachineState(
        name=machine.name,
        slots=machine.slots,
        slots_taken=len(taken),
        cpus=machine.total("cpus"),
        cpus_allocated=sum(each.demand.cpus for each in taken),
        memory_mb=machine.total("memory_mb"),
        memory_mb_allocated=sum(each.demand.memory_mb for each in taken),
        gpus=list(machine.gpus),
        gpus_taken=[gpu for each in taken for gpu in each.gpus],
        no_gpus="" if inventory is None or machine.gpus else inventory.no_gpus,
        runs=[_run(each, runs[each.run_id]) for each in taken if each.run_id in runs],
    )


def _run(allocation: Allocation, run: RunSummary) -> MachineRun:
    memory = [worker.memory_bytes for worker in run.workers if worker.memory_bytes is not None]
    cpu = [worker.cpu_seconds for worker in run.workers if worker.cpu_seconds is not None]
    return MachineRun(
        run_id=run.run_id,
        run_name=run.run_name,
        state=run.state,
        submitter=allocation.submitter,
        cpus=allocation.demand.cpus,
        memory_mb=allocation.demand.memory_mb,
        gpus=list(allocation.gpus),
        memory_bytes=sum(memory) if memory else None,
        cpu_seconds=round(sum(cpu), 1) if cpu else None,
    )
