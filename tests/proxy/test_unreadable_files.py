"""Whatever stands in the small files of a run, its supervisor goes on and its run comes to an end."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gym_gui.proxy.summary import read_summary
from gym_gui.retention.logs import why_not_dropped
from gym_gui.runs.grant import read_cpu_reasons, read_grant
from gym_gui.runs.intents import read_pause
from gym_gui.runs.states import RunState
from gym_gui.telemetry.verify import verify_run

DEEP = ('{"a":' * 100_000, "[" * 100_000)
STARTED = (
    *DEEP,
    "",
    "\0",
    "[]",
    '{"launcher": 5}',
    '{"worker": []}',
    '{"launcher": {"pid": -1}}',
    '{"monotonic": "x"}',
)
EXIT = (
    *DEEP,
    "",
    "[]",
    '{"code": "x"}',
    '{"code": 0, "ended_at": "x"}',
    '{"code": 1e99}',
    '{"code": 1%s}' % ("0" * 30),
)


def put(path: Path, text: str) -> None:
    """Replace a file at once, as a launcher does."""
    path.with_name("x").write_text(text)
    path.with_name("x").replace(path)


@pytest.fixture
def waiting(new_run: Callable[..., Any], until: Callable[..., Any], tmp_path: Path) -> Callable[[], tuple[Any, Path]]:
    """A run whose worker has printed and waits for a file, and that file."""

    def start() -> tuple[Any, Path]:
        go = tmp_path / "go"
        run = new_run("started", "step:5", f"wait_for:{go}", "step:5", "completed")
        run.start()
        until(lambda: run.started() and run.log().count(b"\n") == 6)
        until(lambda: run.events("started"))
        return run, go

    return start


@pytest.mark.parametrize("text", STARTED)
def test_a_started_record_that_cannot_be_read_ends_no_proxy(waiting: Callable[..., Any], text: str) -> None:
    run, go = waiting()
    run.proxies[-1].kill()
    run.proxies[-1].wait()
    whole = run.folder.started_record("a", 1).read_text()
    put(run.folder.started_record("a", 1), text)
    run.start()
    go.touch()
    assert run.proxies[-1].wait(120) == 0, run.said()
    put(run.folder.started_record("a", 1), whole)
    summary = run.check()
    assert (summary.state, summary.cause, summary.attempts) == (RunState.COMPLETED, "exit code 0", 1)


@pytest.mark.parametrize("text", ["[]", DEEP[0]])
def test_a_worker_whose_started_record_cannot_be_read_is_not_started_twice(
    waiting: Callable[..., Any], until: Callable[..., Any], text: str
) -> None:
    run, _ = waiting()
    worker, launcher = run.pid("worker"), run.pid("launcher")
    whole = run.folder.started_record("a", 1).read_text()
    put(run.folder.started_record("a", 1), text)
    for pid in (run.proxies[-1].pid, launcher, worker):
        os.kill(pid, signal.SIGKILL)
    run.proxies[-1].wait()
    run.start()
    assert run.proxies[-1].wait(120) == 0, run.said()
    put(run.folder.started_record("a", 1), whole)
    summary = run.check()
    assert (summary.state, summary.cause) == (RunState.FAILED, "exit unknown: its launcher was killed")
    assert len(run.events("launch")) == 1


@pytest.mark.parametrize("killed", [False, True], ids=["its launcher lives", "its launcher is killed"])
@pytest.mark.parametrize("text", EXIT)
def test_an_exit_record_that_cannot_be_read_tells_nothing(waiting: Callable[..., Any], text: str, killed: bool) -> None:
    run, go = waiting()
    put(run.folder.exit_record("a", 1), text)
    if killed:
        os.kill(run.pid("launcher"), signal.SIGKILL)
    go.touch()
    assert run.proxies[-1].wait(120) == 0, run.said()
    summary = run.check()
    cause = "completed (exit code unknown: its launcher was killed)" if killed else "exit code 0"
    assert (summary.state, summary.cause) == (RunState.COMPLETED, cause)


def test_wishes_and_notes_that_cannot_be_read_are_none(waiting: Callable[..., Any]) -> None:
    run, go = waiting()
    for text in (*DEEP, "[]", "\0", '{"gpus": 5, "on_cpu": 5}', '{"why": []}', '"\udcff"'):
        for path in (run.folder.pause_intent, run.folder.grant, run.folder.proxy_identity, run.folder.kept_logs):
            path.write_bytes(text.encode("utf-8", "surrogateescape"))
        assert read_pause(run.folder) is None
        assert (read_grant(run.folder), read_cpu_reasons(run.folder)) == ({}, {})
        assert read_summary(run.folder).state is RunState.RUNNING
        why_not_dropped(run.folder)
    go.touch()
    assert run.proxies[-1].wait(120) == 0, run.said()
    assert run.check().state is RunState.COMPLETED


def test_lines_of_the_supervisor_log_that_are_nested_too_deeply_are_passed_over(waiting: Callable[..., Any]) -> None:
    run, go = waiting()
    run.proxies[-1].kill()
    run.proxies[-1].wait()
    with run.folder.supervisor_log.open("a") as log:
        log.writelines(f"{text}\n" for text in DEEP)
    run.start()
    go.touch()
    assert run.proxies[-1].wait(120) == 0, run.said()
    summary = read_summary(run.folder)
    assert (summary.state, summary.cause) == (RunState.COMPLETED, "exit code 0")
    assert verify_run(run.folder).ok
