"""Provisioner of this machine: a launcher for each attempt, found again by lock and records."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence

import msgspec

from gym_gui.runs import RunFolder, RunPlan
from gym_gui.supervision._local_attempt import LocalAttempt
from gym_gui.supervision.facts import Usage
from gym_gui.supervision.identity import ProcessIdentity
from gym_gui.supervision.launch import LauncherPool, build_spec
from gym_gui.supervision.launcher import proc_name
from gym_gui.supervision.process_usage import sample_usage
from gym_gui.supervision.provisioner import Attempt, Launched, ProcessFacts, Provisioner, Signal


class LocalProvisioner(Provisioner):
    """Runs the attempts of one run on this machine.

    Args:
        folder: The run's folder.
        plan: The run.
        clock: Monotonic clock, seconds: the supervisor's.
    """

    def __init__(self, folder: RunFolder, plan: RunPlan, clock: Callable[[], float]) -> None:
        self._folder = folder
        self._plan = plan
        self._clock = clock
        self._pool = LauncherPool()
        self._attempts: dict[tuple[str, int], LocalAttempt] = {}

    def start(self, attempt: Attempt, argv: Sequence[str] | None) -> Launched | None:
        plan = next(worker for worker in self._plan.workers if worker.worker_id == attempt.worker_id)
        spec = build_spec(self._folder, self._plan, plan, attempt.number, None if argv is None else list(argv))
        pid = self._pool.start(self._folder, spec, attempt.worker_id, attempt.number)
        if pid is None:
            return None
        handle = None
        with contextlib.suppress(ProcessLookupError):
            handle = msgspec.to_builtins(ProcessIdentity.of(pid))
        return Launched(handle, f"launcher {pid}")

    def observe(self, attempt: Attempt) -> ProcessFacts:
        return self._of(attempt).observe(self._clock())

    def signal(self, attempt: Attempt, signal: Signal) -> bool:
        return self._of(attempt).signal(signal)

    def usage(self, attempts: Sequence[Attempt]) -> dict[str, Usage]:
        by_pid: dict[int, str] = {}
        for attempt in attempts:
            worker = self._of(attempt).worker
            if worker is not None and worker.alive():
                with contextlib.suppress(OSError, ValueError):
                    by_pid[int(proc_name(worker.pid))] = attempt.worker_id
        return {by_pid[pid]: usage for pid, usage in sample_usage(by_pid).items()}

    def release(self, attempt: Attempt) -> None:
        self._attempts.pop((attempt.worker_id, attempt.number), None)

    def refresh(self) -> None:
        """Collect the launchers that have ended."""
        self._pool.reap()

    def close(self) -> None:
        self._pool.reap()

    def _of(self, attempt: Attempt) -> LocalAttempt:
        key = attempt.worker_id, attempt.number
        found = self._attempts.get(key)
        if found is None:
            found = self._attempts[key] = LocalAttempt(self._folder, attempt)
        found.take(attempt)
        return found
