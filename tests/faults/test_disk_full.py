"""A disk without room, on a small file system of its own: training goes on, nothing that reached the log is lost."""

from __future__ import annotations

import pytest

from gym_gui.runs.states import RunState

pytestmark = pytest.mark.fault


def test_a_worker_that_only_prints_dies_and_the_run_says_why(small_disk, new_run, until, fill, tmp_path):
    flag = tmp_path / "flag"
    run = new_run("started", f"wait_for:{flag}", "burst:1000")
    run.start()
    until(lambda: run.log() and run.started())
    ballast = fill(small_disk)
    flag.touch()
    until(run.folder.exit_record("a", 1).exists)  # the room for it was taken beforehand
    ballast.unlink()
    summary = run.finish()
    assert summary.state is RunState.FAILED
    assert summary.exit.code in (1, 120)
    assert "No space left on device" in summary.cause or "disk full" in summary.cause


def test_the_index_waits_for_room_and_misses_nothing(small_disk, new_run, until, fill, tmp_path):
    """The log has room of its own; the database has none until the ballast is gone."""
    flag = tmp_path / "flag"
    run = new_run("started", f"wait_for:{flag}", "step:20000", "completed")
    logs = tmp_path / "logs"
    run.folder.logs.rmdir()
    logs.mkdir()
    run.folder.logs.symlink_to(logs)
    run.start()
    until(lambda: run.log() and run.started())
    ballast = fill(small_disk)
    flag.touch()
    until(run.folder.exit_record("a", 1).exists)
    ballast.unlink()
    summary = run.finish()
    assert (summary.state, summary.ledger.stored) == (RunState.COMPLETED, 20_002)


def test_cancel_on_a_full_disk(small_disk, new_run, until, fill, tmp_path):
    run = new_run("started", "sleep:600")
    run.start()
    until(lambda: run.log() and run.started())
    run.cancel()
    ballast = fill(small_disk)
    until(run.folder.exit_record("a", 1).exists)
    ballast.unlink()
    assert run.finish().state is RunState.CANCELLED
