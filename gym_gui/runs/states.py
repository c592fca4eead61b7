"""States of runs and worker attempts, and their transitions (pure)."""

from __future__ import annotations

from enum import Enum


class RunState(str, Enum):
    """State of a run. Terminal states never change."""

    QUEUED = "queued"
    STARTING = "starting"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"

    @property
    def terminal(self) -> bool:
        """Whether this state is final."""
        return self in TERMINAL_STATES


TERMINAL_STATES = frozenset({RunState.COMPLETED, RunState.FAILED, RunState.CANCELLED, RunState.LOST})

_S = RunState
TRANSITIONS: dict[RunState, frozenset[RunState]] = {
    _S.QUEUED: frozenset({_S.STARTING, _S.CANCELLED, _S.FAILED, _S.LOST}),
    _S.STARTING: frozenset({_S.RUNNING, _S.QUEUED, _S.COMPLETED, _S.FAILED, _S.CANCELLED, _S.LOST}),
    _S.RUNNING: frozenset({_S.PAUSED, _S.QUEUED, _S.COMPLETED, _S.FAILED, _S.CANCELLED, _S.LOST}),
    _S.PAUSED: frozenset({_S.RUNNING, _S.QUEUED, _S.COMPLETED, _S.FAILED, _S.CANCELLED, _S.LOST}),
    _S.COMPLETED: frozenset(),
    _S.FAILED: frozenset(),
    _S.CANCELLED: frozenset(),
    _S.LOST: frozenset(),
}


def may_follow(old: RunState, new: RunState) -> bool:
    """Return whether a run may go from ``old`` to ``new``."""
    return new in TRANSITIONS[old]
