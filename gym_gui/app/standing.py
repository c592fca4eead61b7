"""What a daemon says of itself and its machines, in lines."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from gym_gui.look import figures
from gym_gui.rpc import AsyncTrainerClient
from gym_gui.trainer import DaemonStatus, MachineReport, MachineState

_MB = 1 << 20


async def standing_of(client: AsyncTrainerClient) -> tuple[DaemonStatus, MachineReport]:
    """Return what a daemon says of itself and of its machines."""
    return await asyncio.gather(client.status(), client.machines())


def standing_lines(status: DaemonStatus, report: MachineReport) -> list[str]:
    """Return a daemon's standing: version, runs, and of each machine what is allocated and free.

    Args:
        status: What it says of itself.
        report: What it says of its machines.
    """
    most = f" (at most {status.max_running_runs})" if status.max_running_runs else ""
    lines = [
        f"MOSAIC {status.version}, pid {status.pid}, started {figures.age(status.started_at)}",
        f"{status.home} at {status.public_address or status.address}",
        f"{status.runs:,} runs: {status.active_runs} under way{most}, {status.queued_runs} queued",
    ]
    fault = [f"✕ {status.fault}"] if status.fault else []
    return [*lines, *fault, *(line for machine in report.machines for line in _machine_lines(machine))]


def _machine_lines(machine: MachineState) -> Iterator[str]:
    parts = [f"{machine.slots_taken} of {machine.slots} slots"]
    if machine.cpus is not None:
        parts.append(f"{machine.cpus_allocated} of {machine.cpus} cores")
    if machine.memory_mb is not None:
        taken, whole = (figures.size(amount * _MB) for amount in (machine.memory_mb_allocated, machine.memory_mb))
        parts.append(f"{taken} of {whole} memory")
    parts.append(f"{len(machine.gpus_taken)} of {len(machine.gpus)} GPUs" if machine.gpus else machine.no_gpus)
    yield f"{machine.name or 'this machine'}: allocated {', '.join(part for part in parts if part)}"
    now = machine.measured
    if now is not None:
        low = "✕ the disk is nearly full, and no run is started; " if now.disk_low else ""
        used, whole = figures.size(now.memory_used_bytes), figures.size(now.memory_bytes)
        yield f"{low}load {now.load}, {used} of {whole} memory used, {figures.size(now.disk_free_bytes)} of disk free"
