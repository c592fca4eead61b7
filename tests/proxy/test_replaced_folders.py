"""The folders of a run are removed or replaced while it runs: one worker runs, its end is known, and it is said."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gym_gui.proxy.summary import read_summary
from gym_gui.runs.lock import is_locked
from gym_gui.runs.states import RunState
from gym_gui.supervision.processes import marked_processes
from gym_gui.telemetry.verify import verify_run


def away(path: Path) -> Path:
    return path.rename(path.with_name(f"{path.name}.away"))


def linked_elsewhere(path: Path) -> None:
    elsewhere = away(path).with_name("elsewhere")
    elsewhere.mkdir()
    path.symlink_to(elsewhere)


CHANGES: dict[str, Callable[[Path], object]] = {
    "moved away": away,
    "another folder": lambda path: (away(path), path.mkdir()),
    "a link to another folder": linked_elsewhere,
    "a file": lambda path: (away(path), path.write_text("x")),
    "a fifo": lambda path: (away(path), os.mkfifo(path)),
    "removed": shutil.rmtree,
}


@pytest.fixture
def waiting(new_run: Callable[..., Any], until: Callable[..., Any], tmp_path: Path) -> Callable[[], tuple[Any, Path]]:
    """A run whose worker has printed and waits for a file, and that file."""

    def start() -> tuple[Any, Path]:
        go, ran = tmp_path / "go", tmp_path / "ran"
        run = new_run("started", f"append:{ran}", "step:5", f"wait_for:{go}", "step:5", "completed")
        run.start()
        until(lambda: steps(run) == 5)
        return run, go

    return start


def steps(run: Any) -> int:
    try:
        return int(run.query("SELECT count(DISTINCT step_index) FROM steps")[0][0])
    except sqlite3.Error:
        return 0


def check_end(run: Any, go: Path) -> None:
    """One worker ran, all that it printed is known, and nothing is left."""
    assert run.proxies[-1].wait(120) == 0, run.said()
    assert go.with_name("ran").read_text() == "x"
    assert run.query("SELECT count(*), count(DISTINCT step_index) FROM steps") == [(10, 10)]
    assert marked_processes(run.folder.run_id) == []
    assert not is_locked(run.folder.proxy_lock)


@pytest.mark.parametrize("change", CHANGES)
def test_a_living_proxy_puts_the_folder_of_logs_back(
    waiting: Callable[..., Any], until: Callable[..., Any], change: str
) -> None:
    run, go = waiting()
    CHANGES[change](run.folder.logs)
    until(lambda: not run.folder.logs.is_symlink() and run.folder.logs.is_dir() and run.events("folder_replaced"))
    go.touch()
    check_end(run, go)
    assert not list(run.folder.path.glob("elsewhere/*"))
    summary, report = read_summary(run.folder), verify_run(run.folder)
    assert "its folder of logs was removed or replaced while it ran" in summary.cause
    assert not report.complete
    if change == "removed":  # nobody can give a file a name that has lost its last one
        assert (summary.state, report.ok) == (RunState.FAILED, True)
        assert "its log was removed with its folder" in summary.cause
    else:
        assert summary.state is RunState.COMPLETED, summary.cause
        assert report.ok, report.to_dict()


@pytest.mark.parametrize("change", CHANGES)
def test_a_living_proxy_puts_the_folder_of_control_files_back_and_can_be_told_to_cancel(
    waiting: Callable[..., Any], until: Callable[..., Any], change: str
) -> None:
    run, go = waiting()
    CHANGES[change](run.folder.control)
    until(lambda: run.events("folder_replaced") and is_locked(run.folder.proxy_lock))
    assert run.start().wait(60) == 3  # it has a proxy
    del run.proxies[-1]
    go.touch()
    check_end(run, go)
    summary = read_summary(run.folder)
    assert (summary.state, summary.cause) == (RunState.COMPLETED, "exit code 0")
    assert verify_run(run.folder).ok


@pytest.mark.parametrize("who", [("proxy",), ("proxy", "launcher")], ids=" and ".join)
@pytest.mark.parametrize("change", CHANGES)
def test_no_second_worker_is_started_where_the_control_files_are_gone(
    waiting: Callable[..., Any], until: Callable[..., Any], change: str, who: tuple[str, ...]
) -> None:
    run, go = waiting()
    launcher = run.pid("launcher")
    run.proxies[-1].kill()
    run.proxies[-1].wait()
    CHANGES[change](run.folder.control)
    if "launcher" in who:
        os.kill(launcher, signal.SIGKILL)
    run.start()
    until(lambda: len(run.events("proxy")) == 2)
    if "launcher" in who:  # nobody knows the worker, but by its marks, and what is left behind is ended
        assert run.proxies[-1].wait(120) == 0, run.said()
        assert go.with_name("ran").read_text() == "x"
        assert read_summary(run.folder).cause == "exit unknown: its launcher was killed"
    else:
        go.touch()
        check_end(run, go)
        assert read_summary(run.folder).cause == "exit code 0"
    assert len(run.events("launch")) == 1


def test_a_run_whose_control_files_are_gone_can_be_cancelled(
    waiting: Callable[..., Any], until: Callable[..., Any]
) -> None:
    run, _ = waiting()
    shutil.rmtree(run.folder.control)
    until(run.folder.control.is_dir)
    run.cancel()
    assert run.proxies[-1].wait(120) == 0, run.said()
    assert read_summary(run.folder).state is RunState.CANCELLED
    assert marked_processes(run.folder.run_id) == []


def test_a_run_whose_logs_go_while_nobody_looks_does_not_end_as_completed(
    waiting: Callable[..., Any], until: Callable[..., Any]
) -> None:
    for without_database in (False, True):
        run, go = waiting()
        run.proxies[-1].kill()
        run.proxies[-1].wait()
        shutil.rmtree(run.folder.logs)
        if without_database:
            for path in run.folder.path.glob("telemetry.db*"):
                path.unlink()
        run.folder.logs.mkdir()
        run.start()
        go.touch()
        assert run.proxies[-1].wait(60) == 0, run.said()
        summary = read_summary(run.folder)
        assert (summary.state, "its log is gone" in summary.cause) == (RunState.FAILED, True), summary.cause
        go.unlink()


PLANS: dict[str, Callable[[Path], object]] = {
    "removed": lambda path: path.unlink(),
    "damaged": lambda path: path.write_text("{x"),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
    "a link": lambda path: (path.unlink(), path.symlink_to("/etc/passwd")),
}


@pytest.mark.parametrize("change", PLANS)
def test_a_living_proxy_writes_a_plan_anew_that_was_lost(
    waiting: Callable[..., Any], until: Callable[..., Any], change: str
) -> None:
    run, go = waiting()
    before = run.folder.run_json.read_bytes()
    PLANS[change](run.folder.run_json)
    until(lambda: run.events("plan_replaced"))
    assert run.folder.run_json.read_bytes() == before
    go.touch()
    check_end(run, go)
    assert run.check().cause == "exit code 0"


def test_a_plan_that_can_be_read_is_left_as_it_is(waiting: Callable[..., Any]) -> None:
    run, go = waiting()
    text = run.folder.run_json.read_text()
    run.folder.run_json.write_text(f"{text}\n")
    go.touch()
    check_end(run, go)
    assert run.folder.run_json.read_text() == f"{text}\n"
    assert run.events("plan_replaced") == []


def test_a_worker_is_not_started_again_whose_start_nobody_could_put_on_record(
    waiting: Callable[..., Any], until: Callable[..., Any]
) -> None:
    run, go = waiting()
    launcher = run.pid("launcher")
    run.proxies[-1].kill()
    run.proxies[-1].wait()
    log = run.folder.supervisor_log
    log.write_text("".join(line for line in log.read_text().splitlines(keepends=True) if '"running"' not in line))
    shutil.rmtree(run.folder.control)
    os.kill(launcher, signal.SIGKILL)
    run.start()
    assert run.proxies[-1].wait(60) == 0, run.said()
    assert go.with_name("ran").read_text() == "x"
    assert read_summary(run.folder).cause.startswith("exit unknown: its launcher was killed")
