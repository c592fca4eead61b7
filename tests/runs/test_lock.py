from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gym_gui.runs.lock import FileLock, is_locked

HOLDER = """
import sys
from pathlib import Path
from gym_gui.runs.lock import FileLock
assert FileLock(Path(sys.argv[1])).acquire() is False
lock = FileLock(Path(sys.argv[2]))
assert lock.acquire()
print("held", flush=True)
sys.stdin.read()
"""


def test_one_holder_at_a_time(tmp_path: Path) -> None:
    one, other = FileLock(tmp_path / "a.lock"), FileLock(tmp_path / "a.lock")
    assert one.acquire()
    assert one.acquire()
    assert not other.acquire()
    one.release()
    one.release()
    assert not one.held
    assert other.acquire()
    other.release()


def test_looking_creates_nothing(tmp_path: Path) -> None:
    assert not is_locked(tmp_path / "a.lock")
    assert not (tmp_path / "a.lock").exists()


@pytest.mark.process
def test_a_killed_process_lets_go(tmp_path: Path) -> None:
    mine, theirs = FileLock(tmp_path / "mine.lock"), tmp_path / "theirs.lock"
    assert mine.acquire()
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(mine.path), str(theirs)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        assert is_locked(theirs)
        process.kill()
    assert not is_locked(theirs)
    mine.release()


def test_a_lock_that_cannot_be_made(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        FileLock(tmp_path / "missing" / "a.lock").acquire()
