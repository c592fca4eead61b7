"""Processes told apart, and signalled without mistakes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gym_gui.supervision.identity import ProcessIdentity
from gym_gui.supervision.processes import marked_processes

SLEEP = [sys.executable, "-I", "-S", "-c", "import time; time.sleep(600)"]


@pytest.fixture
def sleeper():
    process = subprocess.Popen(SLEEP)
    yield process
    process.kill()
    process.wait()


def test_a_living_process(sleeper):
    identity = ProcessIdentity.of(sleeper.pid)
    assert identity.alive()
    assert identity == ProcessIdentity.of(sleeper.pid)
    assert ProcessIdentity.own().pid == os.getpid()


def test_a_zombie_is_dead_and_takes_no_signal(sleeper):
    identity = ProcessIdentity.of(sleeper.pid)
    os.kill(sleeper.pid, signal.SIGKILL)
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)
    assert not identity.alive()
    assert identity.signal(signal.SIGTERM) is False


def test_a_process_that_is_gone(sleeper):
    identity = ProcessIdentity.of(sleeper.pid)
    sleeper.kill()
    sleeper.wait()
    assert not identity.alive()
    assert identity.signal(signal.SIGTERM) is False
    with pytest.raises(ProcessLookupError):
        ProcessIdentity.of(sleeper.pid)


@pytest.mark.parametrize("changes", [{"start_ticks": 1}, {"boot_id": "another"}, {"pid_ns": 1}])
def test_another_process_with_the_same_pid_is_never_signalled(sleeper, changes):
    other = msgspec.structs.replace(ProcessIdentity.of(sleeper.pid), **changes)
    assert not other.alive()
    assert other.signal(signal.SIGKILL) is False
    assert sleeper.poll() is None


def test_signals_arrive(sleeper):
    assert ProcessIdentity.of(sleeper.pid).signal(signal.SIGTERM) is True
    assert sleeper.wait(20) == -signal.SIGTERM


def test_without_pidfd_the_pid_is_checked_first(sleeper, monkeypatch):
    monkeypatch.delattr(os, "pidfd_open")
    other = msgspec.structs.replace(ProcessIdentity.of(sleeper.pid), start_ticks=1)
    assert other.signal(signal.SIGKILL) is False
    assert ProcessIdentity.of(sleeper.pid).signal(signal.SIGTERM) is True
    assert sleeper.wait(20) == -signal.SIGTERM


@given(st.builds(ProcessIdentity, st.text(), st.integers(0, 2**63), st.integers(1, 2**22), st.integers(0, 2**63)))
def test_identities_are_kept_in_json(identity):
    assert msgspec.json.decode(msgspec.json.encode(identity), type=ProcessIdentity) == identity


def test_processes_are_found_by_their_marks(make_run_id):
    run_id = make_run_id()
    marks = {"MOSAIC_RUN_ID": run_id, "WORKER_ID": "a", "MOSAIC_ATTEMPT": "2"}
    process = subprocess.Popen(SLEEP, env={**os.environ, **marks}, start_new_session=True)
    try:
        pids = [found.pid for found in marked_processes(run_id)]
        assert pids == [process.pid]
        assert [found.pid for found in marked_processes(run_id, "a", 2)] == pids
        assert marked_processes(run_id, "a", 1) == marked_processes(run_id, "b") == marked_processes(run_id[:-1]) == []
    finally:
        process.kill()
        process.wait()
