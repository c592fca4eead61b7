"""Which queued runs to start now. Pure: no clock, no disk, no process."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class QueuedRun:
    """A run that waits.

    Args:
        run_id: Its id.
        sequence: Order of submission.
        priority: Higher starts first.
    """

    run_id: str
    sequence: int
    priority: int = 0


@dataclass(frozen=True)
class Capacity:
    """What the machine is allowed to do at once.

    Args:
        max_running_runs: Runs under way at once.
    """

    max_running_runs: int


@dataclass(frozen=True)
class Decision:
    """What to do now.

    Args:
        start: Ids of the runs to start, in this order.
        waiting: For every other queued run, what it waits for, one clause.
    """

    start: tuple[str, ...]
    waiting: dict[str, str]


def decide(queued: Iterable[QueuedRun], running: int, capacity: Capacity) -> Decision:
    """Return which queued runs to start: higher priority first, then in order of submission.

    Args:
        queued: The runs that wait.
        running: How many are under way.
        capacity: What may be under way at once.
    """
    order = sorted(queued, key=lambda run: (-run.priority, run.sequence))
    free = max(0, capacity.max_running_runs - running)
    start = tuple(run.run_id for run in order[:free])
    waiting = {
        run.run_id: f"waits for one of {capacity.max_running_runs} slots, {before} queued before it"
        for before, run in enumerate(order[free:])
    }
    return Decision(start, waiting)
