"""A daemon is killed at once after it has answered messages of programs: the next one has all of them."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest
from programs import Program
from waiting import eventually

from gym_gui.reading import SeriesRequest
from gym_gui.rpc.client import TrainerClient

pytestmark = pytest.mark.process
#: How often the daemon is killed.
ROUNDS = 5


def last_value(client: TrainerClient, run_id: str, name: str) -> Any:
    """Return the last value of a metric of a run, as its database has it."""
    (series,) = client.series([run_id], SeriesRequest(names=(name,), points=2000))
    return series.lines[-1].last[-1] if series.lines else None


@pytest.mark.timeout(180)
def test_the_last_figures_that_were_answered_are_in_the_database(dashboard: str, daemon_home: Path) -> None:
    program = Program(dashboard.partition("/#")[0])
    study = program.create("killed", [{"n": 1}])
    (assignment,) = program.assignments(study)
    assert program.claim(assignment["id"]).status_code == 200
    run_id = program.assignments(study)[0]["runId"]
    for number in range(ROUNDS):
        with TrainerClient.connect(daemon_home) as client:
            daemon = client.status().pid
        last = 0
        for step in range(3 + number):
            last = 10 * number + step + 1
            program.tell("stage_progress", name="far field", current=last, total=100)
            program.tell("overall_progress", current=last, total=100)
        os.kill(daemon, signal.SIGKILL)
        eventually(lambda: program.heartbeat().status_code == 200, "another daemon answers")
        with TrainerClient.connect(daemon_home) as client:
            assert client.status().pid != daemon
            for name in ("stage/far field", "overall_progress"):
                eventually(lambda: last_value(client, run_id, name) == last, f"{name} is {last}")  # noqa: B023
    program.finish()
    eventually(lambda: program.states(study) == ["COMPLETED"], "completed")
