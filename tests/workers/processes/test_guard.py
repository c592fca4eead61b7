"""Guarded programs: none outlives its owner, whatever it does, and none inherits a lock."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gym_gui.runs.lock import FileLock
from gym_gui.workers.processes.guard import guarded

#: A program whose child leaves its session and its environment, and whose grandchild is left by its parent.
_FAMILY = """
import os, subprocess, sys, time
inner = "import subprocess, sys; subprocess.Popen(['sleep', '600'], start_new_session=True); print('', flush=True)"
child = subprocess.Popen(['sleep', '600'], start_new_session=True, env={})
subprocess.run([sys.executable, '-c', inner])
open(sys.argv[1], 'w').write('there')
time.sleep(600)
"""
_OWNER = """
import sys
from gym_gui.runs.lock import FileLock
from pathlib import Path
from gym_gui.workers.processes.guard import guarded
lock = FileLock(Path(sys.argv[1])); assert lock.acquire()
with guarded([sys.executable, '-c', sys.argv[2], sys.argv[3]], lock=lock.fileno()) as program:
    program.process.wait()
"""


def eventually(condition: Callable[[], Any], what: str) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def sleepers(folder: Path) -> list[int]:
    """Return the processes whose working directory is a folder."""
    found = []
    for process in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if process.name.isdigit() and os.readlink(process / "cwd") == str(folder):
                found.append(int(process.name))
    return found


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_outlives_an_owner_that_is_killed_and_the_lock_is_free(tmp_path: Path, number: int) -> None:
    lock, there = tmp_path / "lock", tmp_path / "there"
    owner = subprocess.Popen([sys.executable, "-c", _OWNER, str(lock), _FAMILY, str(there)], cwd=tmp_path)
    eventually(there.exists, "the family is there")
    assert len(sleepers(tmp_path)) >= 5
    assert not FileLock(lock).acquire()
    owner.send_signal(number)
    owner.wait()
    eventually(lambda: FileLock(lock).acquire(), "the lock is free")
    assert sleepers(tmp_path) == []


def test_the_program_inherits_neither_pipe_nor_lock(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock")
    assert lock.acquire()
    look = "import os; print([fd for fd in range(3, 100) if os.path.exists(f'/proc/self/fd/{fd}')])"
    with guarded([sys.executable, "-c", look], lock=lock.fileno(), stdout=subprocess.PIPE, text=True) as program:
        said, _ = program.process.communicate()
    assert program.process.returncode == 0
    assert json.loads(said) == []


@pytest.mark.parametrize(("code", "expected"), [("exit 3", 3), ("kill -9 $$", -9), ("kill -15 $$", -15), ("true", 0)])
def test_the_exit_code_is_the_programs(code: str, expected: int) -> None:
    with guarded(["sh", "-c", code]) as program:
        assert program.process.wait() == expected


def test_what_a_program_leaves_behind_ends_with_it(tmp_path: Path) -> None:
    with guarded(["sh", "-c", "setsid sleep 600 & exit 0"], cwd=tmp_path) as program:
        assert program.process.wait() == 0
    assert sleepers(tmp_path) == []


def test_a_program_that_is_not_there_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="not/there"), guarded([str(tmp_path / "not/there")]):
        pass
    script = tmp_path / "script"
    script.write_text("#!/no/such/interpreter\n")
    script.chmod(0o755)
    with pytest.raises(FileNotFoundError), guarded([str(script)]):
        pass


def test_ending_a_program_ends_its_descendants(tmp_path: Path) -> None:
    there = tmp_path / "there"
    with guarded([sys.executable, "-c", _FAMILY, str(there)], cwd=tmp_path) as program:
        eventually(there.exists, "the family is there")
        program.end()
        assert program.process.wait(30) == 1
    assert sleepers(tmp_path) == []
