"""CPU time and memory of workers, each with all of its descendants."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Protocol

import msgspec

from gym_gui.runs.plan import Limits
from gym_gui.supervision.identity import ProcessIdentity
from gym_gui.supervision.launcher import proc_name

if TYPE_CHECKING:  # imported late: the proxy launches workers first
    import psutil

INTERVAL_S = 5.0
FIRST_AFTER_S = 1.0
#: A timeout is judged by at least so many samples.
SAMPLES_PER_TIMEOUT = 4


class Usage(msgspec.Struct, frozen=True):
    """What a worker and its descendants use."""

    cpu_seconds: float
    """User and system time of those that live, and of the children that they have waited for."""
    memory_bytes: int
    """Sum of resident memory (shared pages count once per process)."""


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
    return {pid: _sum(process, children) for pid, process in found.items()}


def _sum(root: psutil.Process, children: dict[int, list[psutil.Process]]) -> Usage:
    import psutil

    cpu_seconds = 0.0
    memory_bytes = 0
    waiting = [root]
    while waiting:
        process = waiting.pop()
        waiting += children.get(process.pid, [])
        try:
            with process.oneshot():
                times = process.cpu_times()
                memory_bytes += process.memory_info().rss
        except psutil.Error:
            continue
        cpu_seconds += times.user + times.system + times.children_user + times.children_system
    return Usage(round(cpu_seconds, 2), memory_bytes)


class Sampled(Protocol):
    """An attempt whose use is sampled."""

    worker_id: str
    usage: Usage | None

    @property
    def worker(self) -> ProcessIdentity | None: ...


class UsageSampler:
    """Asks for CPU time and memory of all workers of a run in one pass, now and then.

    Args:
        limits: The run's; short timeouts are sampled more often.
        clock: Monotonic clock, seconds.
    """

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        shortest = min(limits.startup_timeout_s, limits.heartbeat_timeout_s)
        self.latest: dict[str, Usage] = {}
        """By worker id."""
        self._interval_s = min(INTERVAL_S, shortest / SAMPLES_PER_TIMEOUT)
        self._clock = clock
        self._due = clock() + min(FIRST_AFTER_S, self._interval_s)

    def sample(self, watches: Iterable[Sampled]) -> bool:
        """Sample these attempts if it is time; return whether it was."""
        now = self._clock()
        if now < self._due:
            return False
        self._due = now + self._interval_s
        by_pid: dict[int, Sampled] = {}
        for watch in watches:
            if watch.worker is not None and watch.worker.alive():
                with contextlib.suppress(OSError, ValueError):
                    by_pid[int(proc_name(watch.worker.pid))] = watch
        for pid, usage in sample_usage(by_pid).items():
            by_pid[pid].usage = usage
            self.latest[by_pid[pid].worker_id] = usage
        return bool(by_pid)
