"""CPU time, memory and memory on GPUs of processes of this machine, each with all of its descendants."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from gym_gui.supervision.facts import Usage
from gym_gui.supervision.gpu_usage import gpu_memory

if TYPE_CHECKING:  # imported late: the proxy launches workers first
    import psutil


def sample_usage(roots: Iterable[int]) -> dict[int, Usage]:
    """Return what each of these processes and its descendants use now, in one pass over the process table.

    Args:
        roots: Pids of workers. Those that are gone are left out of the result.
    """
    import psutil

    wanted = set(roots)
    if not wanted:
        return {}
    children: defaultdict[int, list[psutil.Process]] = defaultdict(list)
    found: dict[int, psutil.Process] = {}
    for process in psutil.process_iter():
        try:
            children[process.ppid()].append(process)
        except psutil.Error:
            continue
        if process.pid in wanted:
            found[process.pid] = process
    on_gpus = gpu_memory()
    return {pid: _sum(process, children, on_gpus) for pid, process in found.items()}


def _sum(root: psutil.Process, children: dict[int, list[psutil.Process]], on_gpus: Mapping[int, int]) -> Usage:
    import psutil

    cpu_seconds = 0.0
    memory_bytes = 0
    gpu_bytes: int | None = None
    waiting = [root]
    while waiting:
        process = waiting.pop()
        waiting += children.get(process.pid, [])
        if process.pid in on_gpus:
            gpu_bytes = (gpu_bytes or 0) + on_gpus[process.pid]
        try:
            with process.oneshot():
                times = process.cpu_times()
                memory_bytes += process.memory_info().rss
        except psutil.Error:
            continue
        cpu_seconds += times.user + times.system + times.children_user + times.children_system
    return Usage(round(cpu_seconds, 2), memory_bytes, gpu_bytes)
