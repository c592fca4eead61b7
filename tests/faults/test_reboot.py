"""The machine goes down with everything on it: what the next daemon finds carries another boot id."""

from __future__ import annotations

import json
import re

import pytest

from gym_gui.runs.states import RunState
from gym_gui.supervision.identity import boot_id
from gym_gui.trainer.home import DaemonHome

BEFORE = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def reboot(cluster, until):
    """Kill all of a run and its daemon at once, and let their records tell of the boot before."""

    def go(run) -> None:
        pids = [cluster.daemon_pid(), *(run.victim(name) for name in ("proxy", "launcher", "worker"))]
        for pid in pids:
            cluster.kill(pid)
        until(lambda: not cluster.left())
        # Not the supervisor log: it is indexed already, and a log that was changed since does not verify.
        files = [DaemonHome(cluster.home).info_file, *run.folder.control.glob("*.json")]
        for path in files:
            path.write_text(re.sub(re.escape(boot_id()), BEFORE, path.read_text()))
        record = json.loads(run.folder.started_record("a", 1).read_text())
        assert record["worker"]["boot_id"] == BEFORE

    return go


def test_a_run_that_went_down_with_the_machine_is_lost(cluster, until, reboot):
    run = cluster.submit("started", "step:200", "sleep:600")
    until(lambda: run.log().count(b"\n") == 201 and run.started())
    reboot(run)
    summary = cluster.wait(run)
    assert (summary.state, summary.cause) == (RunState.LOST, "the machine was restarted")
    assert summary.ledger.stored == 201


@pytest.mark.fault
def test_it_is_tried_again_where_attempts_are_left(cluster, until, reboot):
    run = cluster.submit("started", "step:200", "first_attempt:sleep:600", "completed", limits={"max_attempts": 2})
    until(lambda: run.log().count(b"\n") == 201 and run.started())
    reboot(run)
    summary = cluster.wait(run)
    assert (summary.state, summary.attempts, summary.ledger.stored) == (RunState.COMPLETED, 2, 403)
    assert run.events("exit")[0]["cause"] == "attempt 1 of 2 ended: the machine was restarted"


@pytest.mark.fault
def test_what_the_worker_said_last_counts_even_then(cluster, until, reboot):
    run = cluster.submit("started", "completed", "sleep:600")
    until(lambda: run.log().count(b"\n") == 2 and run.started())
    reboot(run)
    assert cluster.wait(run).state is RunState.COMPLETED
