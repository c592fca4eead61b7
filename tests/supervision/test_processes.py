"""Which processes belong to an attempt, as what they carry and hold tells."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gym_gui.runs.lock import FileLock
from gym_gui.supervision.processes import holding_processes, limit_mark, marked_processes

RUN, OTHER = "01M80KJGYCS8QFSXHWQ3ASDF6G", "01M80KJGYCS8QFSXHWQ3ASDF6H"
SLEEP = "import sys, time; print(flush=True); time.sleep(600)"


@pytest.fixture
def start() -> Iterator[Callable[..., int]]:
    started = []

    def go(code: str = SLEEP, *words: str, mark: int = 0, **how: object) -> int:
        if mark:
            code = f"import resource; resource.setrlimit(resource.RLIMIT_RSS, ({mark}, resource.RLIM_INFINITY)); {code}"
        command = [sys.executable, "-I", "-S", "-c", code, *words]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, **how)  # type: ignore[call-overload]
        started.append(process)
        assert process.stdout.readline()
        return int(process.pid)

    yield go
    for process in started:
        process.kill()
        process.communicate()


def pids(found: list) -> list[int]:
    return [one.pid for one in found]


@pytest.mark.skipif(
    resource.getrlimit(resource.RLIMIT_RSS)[1] != resource.RLIM_INFINITY, reason="resident memory is limited here"
)
def test_a_mark_among_the_limits_survives_a_clean_environment(start: Callable[..., int]) -> None:
    pid = start(mark=limit_mark(RUN, "a", 2), env={}, cwd="/", start_new_session=True)
    assert pids(marked_processes(RUN)) == pids(marked_processes(RUN, "a", 2)) == [pid]
    assert marked_processes(RUN, "a", 1) == marked_processes(RUN, "b", 2) == marked_processes(OTHER) == []


def test_marks_in_the_environment(start: Callable[..., int]) -> None:
    pid = start(env={"MOSAIC_RUN_ID": RUN, "WORKER_ID": "a", "MOSAIC_ATTEMPT": "1"})
    assert (
        pids(marked_processes(RUN)) == pids(marked_processes(RUN, "a")) == pids(marked_processes(RUN, "a", 1)) == [pid]
    )
    assert marked_processes(RUN, "a", 2) == []


def test_who_holds_a_lock_and_who_only_has_the_file_open(start: Callable[..., int], tmp_path: Path) -> None:
    path = tmp_path / "lock"
    lock = FileLock(path)
    assert lock.acquire()
    assert holding_processes(path, ()) == []  # this process is never meant
    pid = start(pass_fds=(lock.fileno(),))
    lock.release()
    start("import sys, time; stream = open(sys.argv[1], 'r+'); print(flush=True); time.sleep(600)", str(path))
    assert pids(holding_processes(path, ())) == [pid]


def test_who_writes_a_log_and_who_only_reads_it(start: Callable[..., int], tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.touch()
    code = "import sys, time; stream = open(sys.argv[1], sys.argv[2]); print(flush=True); time.sleep(600)"
    writer = start(code, str(log), "a")
    start(code, str(log), "r")
    assert pids(holding_processes(tmp_path / "lock", (log, tmp_path / "none"))) == [writer]


def test_marks_are_small_enough_for_every_kernel_and_differ() -> None:
    marks = {limit_mark(run, worker, attempt) for run in (RUN, OTHER) for worker in "ab" for attempt in (1, 2)}
    assert len(marks) == 8
    assert all(1 << 62 <= mark < 1 << 63 for mark in marks)
    assert os.sysconf("SC_PAGE_SIZE") < 1 << 62
