"""Anything may lie where a file of a run should: nothing hangs, nothing is followed, and it is said."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gym_gui.app.log_reader import LogReader
from gym_gui.core.worker.errors import MosaicError
from gym_gui.proxy.reindex import reindex_run
from gym_gui.proxy.summary import read_summary
from gym_gui.retention.logs import describe_logs, retain_logs
from gym_gui.runs.states import RunState
from gym_gui.telemetry.verify import verify_run

#: What may lie there: how it is made, and what is said of it.
KINDS = {
    "fifo": ("os.mkfifo(path)", "a FIFO"),
    "folder": ("os.mkdir(path)", "a folder"),
    "loop": ("os.symlink(path, path)", "a symbolic link"),
    "zero": ("os.symlink('/dev/zero', path)", "a symbolic link"),
    "passwd": ("os.symlink('/etc/passwd', path)", "a symbolic link"),
    "dangling": ("os.symlink('/nonexistent/file', path)", "a symbolic link"),
    "socket": ("s = socket.socket(socket.AF_UNIX); s.bind(path); s.close()", "a socket"),
}
kinds = pytest.mark.parametrize("kind", KINDS)


def place(kind: str, path: Path) -> None:
    """Put something of a kind where a file may be."""
    path.unlink(missing_ok=True)
    here = Path.cwd()
    os.chdir(path.parent)  # the name of a socket is short
    try:
        exec(KINDS[kind][0], {"os": os, "socket": socket, "path": path.name})
    finally:
        os.chdir(here)


@pytest.fixture(autouse=True)
def no_waiting() -> Iterator[None]:
    """Nothing in here may wait for ever."""

    def late(_number: int, _frame: object) -> None:
        raise AssertionError("it hangs")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(240)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def program(code: str) -> list[str]:
    """A worker that prints three steps and then does something to its log's name."""
    return [
        sys.executable, "-S", "-c",
        "import os, socket, sys, time\n"
        "path = os.path.basename(os.environ['MOSAIC_LOG'])\n"
        "def steps(first, count):\n"
        "    for i in range(first, first + count):\n"
        "        print('{\"event_type\": \"step\", \"step_index\": %d}' % i, flush=True)\n"
        "os.chdir(os.path.dirname(os.environ['MOSAIC_LOG']))\n" + code,
    ]  # fmt: skip


@kinds
def test_what_lies_in_the_logs_place_ends_the_run_as_failed(new_run: Callable[..., Any], kind: str) -> None:
    run = new_run("step:3", "exit:0")
    place(kind, run.folder.stdout_log("a", 1))
    run.start()
    assert run.proxies[-1].wait(120) == 0, run.said()
    summary = read_summary(run.folder)
    assert summary.state is RunState.FAILED
    assert not verify_run(run.folder).ok


@kinds
def test_a_worker_that_puts_something_in_its_logs_place_ends_failed_and_says_why(
    new_run: Callable[..., Any], kind: str
) -> None:
    run = new_run(argv=program(f"os.unlink(path); {KINDS[kind][0]}; print('unseen', flush=True)"))
    run.start()
    assert run.proxies[-1].wait(120) == 0, run.said()
    summary = read_summary(run.folder)
    assert summary.state is RunState.FAILED
    assert f"its log is {KINDS[kind][1]}, not a file" in summary.cause
    report = verify_run(run.folder)
    assert not report.ok
    assert not report.complete


def test_a_run_whose_log_is_a_fifo_can_be_cancelled(new_run: Callable[..., Any], until: Callable[..., Any]) -> None:
    run = new_run(argv=program("os.unlink(path); os.mkfifo(path); time.sleep(600)"))
    proxy = run.start()
    until(lambda: run.started() and run.folder.stdout_log("a", 1).is_fifo())
    run.cancel()
    assert proxy.wait(120) == 0, run.said()
    assert read_summary(run.folder).state is RunState.CANCELLED


def stored(run: Any, steps: int) -> bool:
    try:
        return bool(run.query("SELECT count(*) FROM steps") == [(steps,)])
    except sqlite3.Error:
        return False


DATABASE = {
    "removed": lambda path: path.unlink(),
    "removed with all that belongs to it": lambda path: [each.unlink() for each in path.parent.glob("telemetry.db*")],
    "its write-ahead log removed": lambda path: Path(f"{path}-wal").unlink(),
    "its shared memory removed": lambda path: Path(f"{path}-shm").unlink(),
    "replaced by another file": lambda path: [path.with_name("x").write_bytes(b"x"), path.with_name("x").replace(path)],
    "replaced by a copy": lambda path: [shutil.copy(path, path.with_name("x")), path.with_name("x").replace(path)],
    "a fifo": lambda path: place("fifo", path),
    "a folder": lambda path: place("folder", path),
    "a link": lambda path: place("zero", path),
}


@pytest.mark.parametrize("change", DATABASE)
def test_a_database_that_goes_under_a_living_proxy_is_made_anew_and_said(
    new_run: Callable[..., Any], until: Callable[..., Any], change: str
) -> None:
    run = new_run(argv=program("steps(0, 50)\nwhile not os.path.exists('go'): time.sleep(0.01)\nsteps(50, 50)"))
    proxy = run.start()

    until(lambda: stored(run, 50))
    DATABASE[change](run.folder.database)
    run.folder.logs.joinpath("go").touch()
    assert proxy.wait(120) == 0, run.said()
    assert run.query("SELECT count(*), count(DISTINCT step_index) FROM steps") == [(100, 100)]
    assert len(run.events("database_rebuilt")) == 1
    summary = read_summary(run.folder)
    assert (summary.state, summary.ledger.stored) == (RunState.COMPLETED, 100)
    report = verify_run(run.folder)
    assert (report.ok, report.complete) == (True, True), report.to_dict()


def test_a_database_that_is_damaged_under_a_living_proxy_is_made_anew(
    new_run: Callable[..., Any], until: Callable[..., Any]
) -> None:
    run = new_run(argv=program("steps(0, 5)\nwhile not os.path.exists('go'): time.sleep(0.01)\nsteps(5, 95)"))
    proxy = run.start()
    until(lambda: stored(run, 5))
    with closing(sqlite3.connect(run.folder.database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
    with run.folder.database.open("r+b") as database:
        database.write(os.urandom(1 << 16))
    run.folder.logs.joinpath("go").touch()
    assert proxy.wait(120) == 0, run.said()
    assert run.query("SELECT count(*) FROM steps") == [(100,)]
    report = verify_run(run.folder)
    assert report.ok, report.to_dict()


FILES = {
    "log": lambda folder: folder.stdout_log("a", 1),
    "stderr": lambda folder: folder.stderr_log("a", 1),
    "supervisor log": lambda folder: folder.supervisor_log,
    "run.json": lambda folder: folder.run_json,
    "database": lambda folder: folder.database,
    "manifest": lambda folder: folder.analytics,
    "proxy log": lambda folder: folder.proxy_log,
    "proxy lock": lambda folder: folder.proxy_lock,
    "launch lock": lambda folder: folder.launch_lock("a", 1),
    "started record": lambda folder: folder.started_record("a", 1),
    "exit record": lambda folder: folder.exit_record("a", 1),
    "proxy identity": lambda folder: folder.proxy_identity,
    "cancel intent": lambda folder: folder.cancel_intent,
    "pause intent": lambda folder: folder.pause_intent,
    "grant": lambda folder: folder.grant,
}


@pytest.mark.parametrize("kind", ["fifo", "folder", "loop", "zero", "socket"])
def test_readers_of_an_ended_run_neither_hang_nor_follow(new_run: Callable[..., Any], kind: str) -> None:
    run = new_run("step:3", "exit:0")
    run.finish()
    kept = run.folder.path.with_name("kept")
    shutil.copytree(run.folder.path, kept)
    for file, of in FILES.items():
        place(kind, of(run.folder))
        for read in (read_summary, verify_run, reindex_run, lambda folder: retain_logs(folder, 1), verify_run):
            try:
                read(run.folder)
            except (MosaicError, OSError) as error:  # noqa: PERF203 - most of them need not fail
                assert "not a file" in str(error)  # noqa: PT017
        describe_logs(run.folder)
        if file == "log":
            with pytest.raises(MosaicError, match="not a file"), LogReader(run.folder.stdout_log("a", 1)) as reader:
                reader.last(None)
            assert not verify_run(run.folder).ok
        if file == "database":
            assert run.query("SELECT count(*) FROM steps") == [(3,)]
        shutil.rmtree(run.folder.path)
        shutil.copytree(kept, run.folder.path)


def remove(path: Path) -> None:
    path.unlink()


SUPERVISOR_LOG: dict[str, Callable[[Path], object]] = {
    "removed": remove,
    "replaced": lambda path: [path.with_name("x").write_bytes(b"{x\n"), path.with_name("x").replace(path)],
    **{kind: (lambda path, kind=kind: place(kind, path)) for kind in ("fifo", "folder", "loop", "zero")},
}


@pytest.mark.parametrize("killed", [False, True], ids=["its proxy lives", "its proxy is killed"])
@pytest.mark.parametrize("change", SUPERVISOR_LOG)
def test_a_run_ends_though_something_was_put_in_its_supervisor_logs_place(
    new_run: Callable[..., Any], until: Callable[..., Any], change: str, killed: bool
) -> None:
    run = new_run(argv=program("steps(0, 5)\nwhile not os.path.exists('go'): time.sleep(0.01)\nsteps(5, 5)"))
    proxy = run.start()
    until(lambda: stored(run, 5))
    worker = run.pid("worker")
    if killed:
        proxy.kill()
        proxy.wait()
    SUPERVISOR_LOG[change](run.folder.supervisor_log)
    if killed:
        proxy = run.start()
        until(lambda: run.folder.supervisor_log.is_file() and run.events("proxy"))
    run.folder.logs.joinpath("go").touch()
    assert proxy.wait(120) == 0, run.said()
    summary = read_summary(run.folder)
    assert (summary.state, summary.attempts) == (RunState.COMPLETED, 1)
    assert run.pid("worker") == worker
    assert run.query("SELECT count(*), count(DISTINCT step_index) FROM steps") == [(10, 10)]
    assert len(run.events("exit")) == 1
    report = verify_run(run.folder)
    assert report.ok, report.to_dict()


def test_a_run_whose_supervisor_log_is_a_fifo_can_be_cancelled(
    new_run: Callable[..., Any], until: Callable[..., Any]
) -> None:
    run = new_run("started", "step:5", "sleep:600")
    run.start()
    until(lambda: stored(run, 5))
    run.proxies[-1].kill()
    run.proxies[-1].wait()
    place("fifo", run.folder.supervisor_log)
    run.cancel()
    assert run.start().wait(120) == 0, run.said()
    assert read_summary(run.folder).state is RunState.CANCELLED
