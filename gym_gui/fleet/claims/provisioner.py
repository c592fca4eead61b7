"""Provisioner of runs that programs claim by themselves: nothing is started here; leases tell what there is."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from gym_gui.fleet.lease import EXPIRED, Lease
from gym_gui.fleet.orders import OrderBox
from gym_gui.runs import RunFolder, RunPlan
from gym_gui.supervision import (
    MACHINE_LOST,
    Attempt,
    ExitFacts,
    Launched,
    ProcessFacts,
    Provisioner,
    Signal,
    Usage,
    read_exit,
)

#: In place of a process id: the process runs where it cannot be observed from here.
UNKNOWN_PID = 0


class ClaimProvisioner(Provisioner):
    """Attempts of one run on machines that claim them.

    Until an attempt is claimed it is not begun, and the run waits. From then on its lease and its exit record, which
    the daemon writes, say how it stands.

    Args:
        folder: The run's folder.
        plan: The run.
        clock: Monotonic clock, seconds: the supervisor's.
    """

    def __init__(self, folder: RunFolder, plan: RunPlan, clock: Callable[[], float]) -> None:
        self._folder = folder
        self._plan = plan
        self._clock = clock
        self._box = OrderBox(folder)

    def start(self, attempt: Attempt, argv: Sequence[str] | None) -> Launched | None:  # noqa: ARG002
        return None  # the machine that claims it starts it

    def observe(self, attempt: Attempt) -> ProcessFacts:
        lease = self._box.lease(attempt.worker_id, attempt.number)
        if lease is None:
            return ProcessFacts()
        ended = read_exit(self._folder.exit_record(attempt.worker_id, attempt.number))
        return ProcessFacts(
            launcher_alive=lease.held,
            worker_alive=lease.held,
            elsewhere=lease.held,
            spawning=True,
            pid=UNKNOWN_PID,
            started_at=lease.granted_at,
            age_s=max(0.0, time.time() - lease.granted_at),
            handle={"machine": lease.machine},
            exit=_ended(lease) if ended is None and not lease.held else None if ended is None else ended.facts(),
        )

    def signal(self, attempt: Attempt, signal: Signal) -> bool:
        if signal in (Signal.PAUSE, Signal.UNPAUSE):
            return False
        lease = self._box.lease(attempt.worker_id, attempt.number)
        if lease is None or not lease.held:
            return False
        self._box.path.mkdir(mode=0o700, exist_ok=True)
        self._box.command(attempt.worker_id, attempt.number, signal.value)
        return True

    def usage(self, attempts: Sequence[Attempt]) -> dict[str, Usage]:  # noqa: ARG002
        return {}

    def signs(self) -> Sequence[Path]:
        return (self._box.path,)

    def release(self, attempt: Attempt) -> None:
        """Do nothing: what is known of the attempt stands in the run's folder."""


def _ended(lease: Lease) -> ExitFacts:
    """Return how an attempt ended of which there is no exit record."""
    why = lease.why or f"machine {lease.machine} lost it"
    reason = MACHINE_LOST if lease.state == EXPIRED else "unknown"
    return ExitFacts(code=None, signal=None, reason=reason, error=why, at=lease.ended_at or 0.0)
