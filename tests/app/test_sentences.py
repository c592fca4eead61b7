"""What is said of a run beside its state."""

from __future__ import annotations

import pytest

from gym_gui.app import says_more
from gym_gui.runs import RunState, RunSummary
from gym_gui.supervision import is_usual


@pytest.mark.parametrize(
    ("state", "cause", "shown"),
    [
        (RunState.STARTING, "launching 2 workers", False),
        (RunState.STARTING, "waits for Ray to place it: needs 4 CPUs on one node, free in the cluster: 1 CPU", True),
        (RunState.STARTING, "Slurm job 17: PENDING (Priority)", True),
        (RunState.RUNNING, "every worker has been started", False),
        (RunState.RUNNING, "goes on after a pause", False),
        (RunState.RUNNING, "disk full: training continues", True),
        (RunState.QUEUED, "waits for one of 2 slots", True),
        (RunState.COMPLETED, "exit code 0", False),
        (RunState.FAILED, "exit code 1", True),
        (RunState.RUNNING, "", False),
    ],
)
def test_a_cause_is_shown_that_says_more_than_the_state(state: RunState, cause: str, shown: bool) -> None:
    assert says_more(RunSummary(run_id="R", state=state, cause=cause)) is shown


def test_what_is_usual() -> None:
    assert is_usual("launching 1 worker")
    assert not is_usual("machine m was silent")
