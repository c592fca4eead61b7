"""What can be done to runs, in which states, and the calls that do it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from typing import Any, TypeAlias

from gym_gui.rpc import AsyncTrainerClient
from gym_gui.runs import AnnotationChange, RunState

RunCall: TypeAlias = Callable[[AsyncTrainerClient, str], Awaitable[Any]]
_REASON = "from the window"
_ENDED = frozenset(state.value for state in RunState if state.terminal)
_GOING = frozenset(state.value for state in RunState) - _ENDED
_STATES = {
    "Cancel": _GOING, "Pause": frozenset({RunState.RUNNING.value}), "Continue": frozenset({RunState.PAUSED.value}),
    "Resume…": _ENDED, "Evaluate…": _ENDED, "Delete…": _ENDED,
}  # fmt: skip
RUN_ACTIONS = ("Cancel", "Pause", "Continue", "Resume…", "Evaluate…", "Run again…", "Delete…")
"""What the page of a run offers, in its order; an ellipsis: a question follows."""
RUN_CALLS: dict[str, RunCall] = {
    "Pause": lambda client, run_id: client.pause(run_id, reason=_REASON),
    "Continue": lambda client, run_id: client.unpause(run_id),
    "Cancel": lambda client, run_id: client.cancel(run_id, reason=_REASON),
    "Star": lambda client, run_id: client.annotate(run_id, AnnotationChange(starred=True)),
    "Remove star": lambda client, run_id: client.annotate(run_id, AnnotationChange(starred=False)),
}
"""What is done at once, by its name."""


def allows(action: str, states: Collection[str]) -> bool:
    """Return whether an action can be done to one at least of some runs; what has no states, to any.

    Args:
        action: Its name.
        states: The states of the runs.
    """
    return bool(states) and (action not in _STATES or not _STATES[action].isdisjoint(states))
