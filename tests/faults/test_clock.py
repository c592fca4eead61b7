"""A wall clock that jumps by days, to and fro: no timeout is measured with it, and no verdict trusts it.

The machine's clock is other people's, too, so it is the processes that are shown another one.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

from gym_gui.runs.states import RunState

#: Each call of ``time.time`` is a day before or after the one before it.
JUMPING = """
import itertools, time
real, jumps = time.time, itertools.cycle([0, 86400, -86400, 864000, -864000])
time.time = lambda: real() + next(jumps)
"""
PROXY = """
import sys; from pathlib import Path; from gym_gui.runs.folder import RunFolder
from gym_gui.proxy.proxy import Proxy
from gym_gui.proxy.reporter import NoReporter
sys.exit(Proxy(RunFolder(Path(sys.argv[1])), NoReporter()).run())
"""


@pytest.fixture
def jumping_proxy():
    def start(run) -> None:
        with run.folder.proxy_log.open("ab") as log:
            command = [sys.executable, "-c", JUMPING + PROXY, str(run.folder.path)]
            run.proxies.append(subprocess.Popen(command, stderr=log, start_new_session=True))

    return start


def test_no_limit_is_broken_by_a_clock_that_jumps(new_run, jumping_proxy):
    limits = {"startup_timeout_s": 30.0, "heartbeat_timeout_s": 30.0, "wall_time_s": 60.0}
    run = new_run("started", "heartbeat", "sleep:0.5", "step:500", "completed", limits=limits)
    jumping_proxy(run)
    summary = run.finish()
    assert (summary.state, summary.cause, summary.ledger.stored) == (RunState.COMPLETED, "exit code 0", 503)


@pytest.mark.fault
def test_limits_hold_all_the_same(new_run, jumping_proxy):
    run = new_run("started", "sleep:600", limits={"heartbeat_timeout_s": 1.0})
    jumping_proxy(run)
    summary = run.finish()
    assert (summary.state, summary.cause) == (RunState.FAILED, "hung: neither output nor CPU time for 1 s")


@pytest.mark.fault
def test_the_wait_between_attempts_is_not_cut_short(new_run, jumping_proxy):
    run = new_run("started", "first_attempt:exit:1", "completed", limits={"max_attempts": 2})
    jumping_proxy(run)
    assert run.finish().attempts == 2


@pytest.mark.fault
@pytest.mark.parametrize("days", [-40, 40])
def test_a_cancel_after_the_clock_was_set(new_run, until, days):
    """The supervisor's clock and the launcher's are days apart: why it ended is told by what they did."""
    run = new_run("polite_term:143", "started", "sleep:600")
    shifted = f"import time; real = time.time; time.time = lambda: real() + {days * 86400}\n"
    command = [sys.executable, "-c", shifted + PROXY, str(run.folder.path)]
    with run.folder.proxy_log.open("ab") as log:
        run.proxies.append(subprocess.Popen(command, stderr=log, start_new_session=True))
    until(lambda: run.log() and run.started())
    run.cancel()
    summary = run.finish()
    assert (summary.state, summary.cause) == (RunState.CANCELLED, "cancelled by ann: enough")


@pytest.mark.fault
@pytest.mark.parametrize("days", [-40, 40])
def test_an_end_of_its_own_stays_one_whatever_the_clock(new_run, until, days):
    run = new_run("started", "completed")
    shifted = f"import time; real = time.time; time.time = lambda: real() + {days * 86400}\n"
    command = [sys.executable, "-c", shifted + PROXY, str(run.folder.path)]
    run.proxies.append(subprocess.Popen(command, start_new_session=True))
    assert run.finish().state is RunState.COMPLETED
