"""Exit codes of the ``mosaic`` command."""

from __future__ import annotations

from collections.abc import Iterable

COMPLETED = 0
FAILED = 1
USAGE = 2
CANCELLED = 3
INTERRUPTED = 130

_SEVERITY = {COMPLETED: 0, CANCELLED: 1, FAILED: 2}


def exit_code_of(state: str) -> int:
    """Return the exit code of a run's state: 0 while it has not ended badly, 1 failed or lost, 3 cancelled."""
    return {"failed": FAILED, "lost": FAILED, "cancelled": CANCELLED}.get(state, COMPLETED)


def worst(states: Iterable[str]) -> int:
    """Return the exit code of several runs together: a failed one outweighs a cancelled one."""
    return max((exit_code_of(state) for state in states), key=_SEVERITY.__getitem__, default=COMPLETED)
