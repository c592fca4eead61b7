"""Two proxies of one run: one works, the other leaves; and one that stood still finds itself fenced."""

from __future__ import annotations

import signal

import pytest

from gym_gui.proxy.proxy import EXIT_LOCKED
from gym_gui.runs.states import RunState


def test_the_second_leaves_at_once(new_run, until, tmp_path):
    run = new_run("started", "full_speed:0.5", f"wait_for:{tmp_path / 'go'}", "completed")
    run.start()
    until(lambda: run.log())
    second = run.start()
    assert second.wait(60) == EXIT_LOCKED
    (tmp_path / "go").touch()
    del run.proxies[-1]
    assert run.finish().state is RunState.COMPLETED
    assert len(run.events("proxy")) == 1


@pytest.mark.fault
@pytest.mark.parametrize("turn", range(5))
def test_a_proxy_stopped_somewhere_in_its_work_and_replaced_writes_nothing_twice(new_run, until, turn):
    """It is stopped at full speed, mostly inside a transaction, and its lock is taken from it by a new lock file."""
    run = new_run("started", "full_speed:2", "completed")
    first = run.start()
    until(lambda: len(run.log()) > 100_000 * (turn + 1))
    first.send_signal(signal.SIGSTOP)
    lock = run.folder.proxy_lock
    lock.unlink()  # as on a file system that forgets locks: only the fence in the database is left
    second = run.start()
    until(lambda: second.poll() is not None or len(run.events("proxy")) == 2)
    first.send_signal(signal.SIGCONT)
    codes = (first.wait(60), second.wait(60))
    assert 0 in codes or EXIT_LOCKED in codes
    assert run.finish().state is RunState.COMPLETED
