"""Deleting and archiving runs that have just ended, and those that something still works on."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from gym_gui.analysis.deletion import check_deletable
from gym_gui.core.worker.errors import UsageError
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.ids import new_run_id
from gym_gui.runs.lock import FileLock
from gym_gui.runs.states import RunState
from gym_gui.runs.summary import RunSummary


@pytest.fixture
def ended(home: Path) -> RunSummary:
    run_id = new_run_id()
    RunFolder.of(home, run_id).create()
    RunFolder.of(home, run_id).control.mkdir(exist_ok=True)
    return RunSummary(run_id=run_id, state=RunState.COMPLETED)


def test_the_proxy_of_a_run_that_has_just_ended_is_waited_for(home: Path, ended: RunSummary) -> None:
    lock = FileLock(RunFolder.of(home, ended.run_id).proxy_lock)
    assert lock.acquire()
    timer = threading.Timer(0.3, lock.release)
    timer.start()
    try:
        check_deletable(home, ended)
    finally:
        timer.join()


def test_a_run_that_is_in_use_is_refused(home: Path, ended: RunSummary, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gym_gui.analysis.deletion.LINGER_S", 0.1)
    lock = FileLock(RunFolder.of(home, ended.run_id).proxy_lock)
    assert lock.acquire()
    with pytest.raises(UsageError, match="is in use"):
        check_deletable(home, ended)
    lock.release()
    check_deletable(home, ended)
