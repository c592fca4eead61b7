"""Runs the programs of an install and logs each line of their output."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from gym_gui.core.worker.errors import MosaicError
from gym_gui.core.worker.secret_detection import hide_passwords
from gym_gui.workers.processes.guard import GuardedProcess, guarded

_GRACE_S = 5.0
_KEPT_LINES = 400
_KEPT_LOGS = 10
_LONGEST_LINE = 300
_DISK_FULL = ("No space left on device", "[Errno 28]", "Disk quota exceeded", "[Errno 122]")
_DROPPED = frozenset({"VIRTUAL_ENV", "__PYVENV_LAUNCHER__"})
#: Settings of Python and pip are the user's, for other projects; which of pip's apply, :mod:`pip` says.
_DROPPED_KINDS = ("PYTHON", "PIP_")


class DiskFullError(MosaicError):
    """There was no room for what an install writes."""


class CommandError(Exception):
    """A program of an install ended with an error.

    Args:
        code: Its exit code, negative for a signal.
        lines: The last lines that it printed.
    """

    def __init__(self, code: int, lines: Sequence[str]) -> None:
        super().__init__(code)
        self.code = code
        self.lines = list(lines)
        #: What the program was run for; filled in by the install.
        self.step = ""

    @property
    def disk_full(self) -> bool:
        """Whether it said that the disk is full."""
        return any(_says_full(line) for line in self.lines)

    def quoted(self, limit: int = 6) -> str:
        """Return what it said last: the end of a build's output, its errors if it named any, else its last lines."""
        said = [line for line in self.lines if line.strip()]
        errors = [line for line in said if line.startswith(("ERROR:", "error:", "fatal:"))]
        if errors and errors[-1].strip() == "ERROR: Exception:":  # of pip itself; below it stands a traceback
            errors = said[-1:]
        build = _end_of_build(said)
        shown = [*build[-(limit - 1) :], *errors[-1:]] if build else (errors or said)[-limit:]
        lines = [line if len(line) <= _LONGEST_LINE else line[: _LONGEST_LINE - 1] + "…" for line in shown]
        return "\n         ".join(lines) or f"it printed nothing and ended with exit code {self.code}"


class InstallLog:
    """The log of one install. A disk that is full does not stop it: the last lines are written when there is room.

    Args:
        path: The file; its folder must exist.
        on_output: Called with each line that a program prints.
    """

    def __init__(self, path: Path, on_output: Callable[[str], None] | None = None) -> None:
        self.path = path
        self._on_output = on_output
        self.last: deque[str] = deque(maxlen=_KEPT_LINES)
        self._stream: IO[str] | None = None
        self._lost = False
        with contextlib.suppress(OSError):
            self._stream = path.open("a", encoding="utf-8", errors="backslashreplace", buffering=1)

    def write(self, line: str) -> None:
        """Add a line, without the passwords that it holds."""
        line = hide_passwords(line)
        self.last.append(line)
        try:
            if self._stream is not None:
                self._stream.write(line + "\n")
        except OSError:
            self._lost = True

    def output(self, line: str) -> None:
        """Add a line that a program printed, without the passwords that it holds."""
        self.write(line)
        if self._on_output is not None:
            self._on_output(hide_passwords(line))

    def close(self) -> None:
        """Close the file; lines for which there was no room before are written now, if possible."""
        with contextlib.suppress(OSError):
            if self._stream is not None:
                self._stream.close()
        if self._lost or self._stream is None:
            with contextlib.suppress(OSError):
                self.path.write_text("\n".join(["(the beginning is lost: the disk was full)", *self.last, ""]))


def remove_old_logs(folder: Path) -> None:
    """Remove the logs of a worker's installs, except for the newest ten."""
    with contextlib.suppress(OSError):
        for path in sorted(folder.glob("*.log"))[:-_KEPT_LOGS]:
            path.unlink()


def run_module(
    python: str, module: str, arguments: Sequence[str], *, log: InstallLog, cwd: Path, lock: int,
    on_line: Callable[[str], None] | None = None, variables: Mapping[str, str] | None = None,
) -> list[str]:  # fmt: skip
    """Run ``python -m module`` to its end, in isolation from the user's own packages and settings of Python.

    Args:
        python: The interpreter.
        module: Such as ``pip``.
        arguments: The module's.
        log: Takes each line.
        cwd: Working directory.
        lock: Descriptor of the install's lock: held until nothing of the program runs, which does not get it itself.
        on_line: Called with each line.
        variables: What its environment is to hold besides.

    Returns:
        The last lines that it printed.

    Raises:
        CommandError: It failed.
        OSError: It cannot be started.
    """
    argv = [python, "-I", "-m", module, *arguments]
    shown = f"python -m {module} {' '.join(arguments)}"
    return _run(argv, shown, log=log, cwd=cwd, lock=lock, on_line=on_line, variables=variables)


def run_program(
    argv: Sequence[str], *, log: InstallLog, cwd: Path, lock: int, on_line: Callable[[str], None] | None = None
) -> list[str]:
    """Run a program as :func:`run_module` does a module."""
    return _run(list(argv), " ".join(argv), log=log, cwd=cwd, lock=lock, on_line=on_line, variables=None)


def _run(
    argv: list[str], shown: str, *, log: InstallLog, cwd: Path, lock: int, on_line: Callable[[str], None] | None,
    variables: Mapping[str, str] | None,
) -> list[str]:  # fmt: skip
    log.write(f"$ {shown}")
    started = time.monotonic()
    last: deque[str] = deque(maxlen=_KEPT_LINES)
    # An install that is killed leaves neither pip behind nor what pip has started.
    with guarded(
        argv, lock=lock, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=cwd,
        env={**_environment(), **(variables or {})}, text=True, encoding="utf-8", errors="replace",
    ) as program:  # fmt: skip
        process = program.process
        assert process.stdout is not None
        try:
            for raw in process.stdout:
                line = hide_passwords(raw.rstrip())
                last.append(line)
                log.output(line)
                if on_line:
                    on_line(line)
            code = process.wait()
        except BaseException:
            _end(program)
            log.write("interrupted")
            raise
        finally:
            process.stdout.close()
    log.write(f"exit code {code} after {time.monotonic() - started:.1f} s")
    if code:
        raise CommandError(code, last)
    return list(last)


def _environment() -> dict[str, str]:
    kept = {
        name: value for name, value in os.environ.items()
        if name not in _DROPPED and not name.startswith(_DROPPED_KINDS)
    }  # fmt: skip
    return {**kept, "PIP_CONFIG_FILE": os.devnull,
            "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1", "PIP_NO_COLOR": "1", "NO_COLOR": "1",
            "PIP_PROGRESS_BAR": "off", "PIP_ROOT_USER_ACTION": "ignore", "GIT_TERMINAL_PROMPT": "0",
            "PYTHONIOENCODING": "utf-8", "COLUMNS": "500"}  # fmt: skip


def _end(program: GuardedProcess) -> None:
    """End a program and all that it started, kindly at first."""
    process = program.process
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_GRACE_S)
    program.end()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_GRACE_S)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def is_disk_full(error: BaseException) -> bool:
    """Return whether an error says that there is no room on the disk."""
    if isinstance(error, CommandError):
        return error.disk_full
    if isinstance(error, shutil.Error):  # of copying many files; it holds the text of each error, and no number
        return _says_full(str(error))
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def _end_of_build(lines: Sequence[str]) -> list[str]:
    """Return what the last build that failed printed: pip's own errors say no more than that it failed."""
    words = [line.strip() for line in lines]
    if "[end of output]" not in words:
        return []
    end = len(words) - 1 - words[::-1].index("[end of output]")
    begin = next((at for at in range(end - 1, -1, -1) if words[at].endswith(" of output]")), -1)
    return words[begin + 1 : end]


def _says_full(text: str) -> bool:
    return any(mark in text for mark in _DISK_FULL)
