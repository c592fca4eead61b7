"""What can be done to runs follows from their states."""

from __future__ import annotations

import pytest

from gym_gui.app.run_actions import RUN_ACTIONS, RUN_CALLS, allows


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("queued", {"Cancel", "Run again…"}),
        ("running", {"Cancel", "Pause", "Run again…"}),
        ("paused", {"Cancel", "Continue", "Run again…"}),
        ("failed", {"Resume…", "Evaluate…", "Run again…", "Delete…"}),
        ("lost", {"Resume…", "Evaluate…", "Run again…", "Delete…"}),
    ],
)
def test_the_state_of_a_run_allows_some_actions(state: str, expected: set[str]) -> None:
    assert {action for action in RUN_ACTIONS if allows(action, [state])} == expected


def test_of_several_runs_one_is_enough_and_of_none_nothing_is_allowed() -> None:
    assert allows("Pause", {"completed", "running"})
    assert not allows("Pause", {"completed", "queued"})
    assert allows("Star", {"queued"})
    assert not any(allows(action, ()) for action in (*RUN_ACTIONS, *RUN_CALLS))
