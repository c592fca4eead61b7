from __future__ import annotations

import errno
import os
import shutil
import sys
import textwrap
from pathlib import Path

import pytest

from gym_gui.workers.environments.process import CommandError, InstallLog, is_disk_full, run_module, run_program


@pytest.fixture
def lock(tmp_path: Path) -> int:
    return os.open(tmp_path / "lock", os.O_CREAT | os.O_RDWR)


def test_every_line_is_kept_and_told(tmp_path: Path, lock: int) -> None:
    log, told = InstallLog(tmp_path / "log"), []
    lines = run_module(sys.executable, "platform", ["--terse"], log=log, cwd=tmp_path, lock=lock, on_line=told.append)
    log.close()
    assert lines == told != []
    text = (tmp_path / "log").read_text()
    assert text.startswith("$ python -m platform --terse\n")
    assert "exit code 0 after" in text


def test_the_users_settings_of_python_and_pip_do_not_reach_it(
    tmp_path: Path, lock: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "PIP_TARGET", "PIP_USER"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("PIP_INDEX_URL", "kept")
    log = InstallLog(tmp_path / "log")
    lines = run_program(["/usr/bin/env"], log=log, cwd=tmp_path, lock=lock)
    log.close()
    names = {line.partition("=")[0] for line in lines}
    assert not names & {"PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "PIP_TARGET", "PIP_USER", "PIP_INDEX_URL"}
    assert names >= {"PIP_CONFIG_FILE", "PIP_DISABLE_PIP_VERSION_CHECK"}


def test_an_error_is_quoted(tmp_path: Path, lock: int) -> None:
    log = InstallLog(tmp_path / "log")
    script = "echo Looking in links; echo 'ERROR: first'; echo 'ERROR: second' >&2; exit 3"
    with pytest.raises(CommandError) as error:
        run_program(["/bin/sh", "-c", script], log=log, cwd=tmp_path, lock=lock)
    log.close()
    assert error.value.code == 3
    assert [line.strip() for line in error.value.quoted().splitlines()] == ["ERROR: first", "ERROR: second"]
    assert CommandError(1, ["a", "", "b"]).quoted(1) == "b"
    assert "exit code 4" in CommandError(4, []).quoted()


def test_what_a_build_said_last_is_quoted() -> None:
    said = """
    Building wheels for collected packages: tiny
      error: subprocess-exited-with-error

      x Building wheel for tiny (pyproject.toml) did not run successfully.
      ╰─> [42 lines of output]
          running build_ext
          x.c:1:10: fatal error: nosuch.h: No such file or directory

          error: command gcc failed
          [end of output]

      note: This error originates from a subprocess, and is likely not a problem with pip.
      ERROR: Failed building wheel for tiny
    """
    lines = [*textwrap.dedent(said).splitlines(), "ERROR: Could not build wheels for tiny"]
    quoted = [line.strip() for line in CommandError(1, lines).quoted(3).splitlines()]
    assert quoted == [
        "x.c:1:10: fatal error: nosuch.h: No such file or directory",
        "error: command gcc failed",
        "ERROR: Could not build wheels for tiny",
    ]


def test_what_pip_itself_stumbled_over_is_quoted() -> None:
    lines = ["ERROR: Exception:", "Traceback (most recent call last):", '  File "x.py", line 1', "KeyError: 'x'", ""]
    assert [line.strip() for line in CommandError(2, lines).quoted().splitlines()] == ["KeyError: 'x'"]
    lines = ["ERROR: Exception:", "Traceback (most recent call last):", f"ValueError: {'long ' * 200}"]
    assert len(CommandError(2, lines).quoted()) < 400


def test_what_says_that_the_disk_is_full() -> None:
    assert is_disk_full(OSError(errno.ENOSPC, "x"))
    assert is_disk_full(shutil.Error([("a", "b", "[Errno 28] No space left on device: 'b'")]))
    assert is_disk_full(CommandError(1, ["OSError: [Errno 28] No space left on device", "later"]))
    assert not is_disk_full(OSError(errno.EACCES, "x"))
    assert not is_disk_full(CommandError(1, ["ERROR: no"]))


def test_a_log_without_room_is_written_when_there_is_some(tmp_path: Path) -> None:
    log = InstallLog(tmp_path / "folder" / "log")  # the folder is missing: nothing can be written
    log.write("one")
    (tmp_path / "folder").mkdir()
    log.close()
    assert (tmp_path / "folder" / "log").read_text().splitlines()[1:] == ["one"]
