from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gym_gui.runs.states import TERMINAL_STATES, TRANSITIONS, RunState, may_follow


def test_every_state_has_its_transitions() -> None:
    assert set(TRANSITIONS) == set(RunState)


@given(st.sampled_from(RunState), st.sampled_from(RunState))
def test_nothing_follows_an_end(old: RunState, new: RunState) -> None:
    if old.terminal:
        assert not may_follow(old, new)
    assert not may_follow(old, old)


@pytest.mark.parametrize("state", [state for state in RunState if state not in TERMINAL_STATES])
def test_every_state_leads_to_every_bad_end(state: RunState) -> None:
    assert all(may_follow(state, end) for end in (RunState.CANCELLED, RunState.FAILED, RunState.LOST))


def test_a_run_cannot_complete_before_it_starts() -> None:
    assert not may_follow(RunState.QUEUED, RunState.COMPLETED)
    assert not may_follow(RunState.QUEUED, RunState.RUNNING)
