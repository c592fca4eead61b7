"""Runs a command within a time limit, keeps its output, and leaves no process behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import NamedTuple, NoReturn

from gym_gui.runs import OWN_VARIABLES, with_source_line
from gym_gui.workers.processes.guard import guarded

_MARK = "MOSAIC_CHECK_MARK"
_KEPT_BYTES = 4 << 20
_GRACE_S = 5.0
#: Seconds between two looks at what a command has printed.
_LOOK_S = 0.1
# This process may itself be part of a run; and with PYTHONUNBUFFERED a line and its newline would be two writes.
_NOT_INHERITED = frozenset({*OWN_VARIABLES, "PYTHONUNBUFFERED"} - {"MOSAIC_HOME"})


class Finished(NamedTuple):
    """How a command ended."""

    code: int | None
    """Exit code, negative for a signal; ``None`` if the time was up."""
    stdout: str
    stderr: str

    @property
    def timed_out(self) -> bool:
        return self.code is None

    def last_error(self, lines: int = 1) -> str:
        """Return the last lines of stderr that say something, else of stdout; telemetry does not count."""
        for text in (self.stderr, self.stdout):
            said = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("{")]
            if said:
                return "\n".join([*said[-lines:-1], with_source_line(said[-1], said)])
        return ""


def run_to_end(
    argv: Sequence[str],
    *,
    timeout_s: float,
    cwd: Path,
    environment: Mapping[str, str] | None = None,
    inherit: bool = True,
    on_line: Callable[[str], None] | None = None,
) -> Finished:
    """Run a command until it ends or the time is up, then end all its descendants.

    Output goes through files, so that a command which prints without end cannot fill the memory; the last 4 MiB of each
    stream are returned.

    Args:
        argv: The command.
        timeout_s: Seconds until it is killed.
        cwd: Its working directory.
        environment: Additions to this process's environment.
        inherit: Whether there is anything beside them.
        on_line: Called with each line of either stream, as they come.

    Raises:
        OSError: The command cannot be started.
    """
    mark = uuid.uuid4().hex
    inherited = {name: value for name, value in os.environ.items() if name not in _NOT_INHERITED and inherit}
    with ended_by_signals(), tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        code: int | None = None
        streams = [] if on_line is None else [_GrowingFile(each.fileno(), on_line) for each in (stdout, stderr)]
        with guarded(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            cwd=cwd,
            env={**inherited, **(environment or {}), _MARK: mark},
        ) as program:
            try:
                code = _wait(program.process, timeout_s, streams)
            finally:
                program.end()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    program.process.wait(_GRACE_S)
                _end_all(program.process, mark)
        for stream in streams:
            stream.read(last=True)
        return Finished(code, _tail(stdout.fileno()), _tail(stderr.fileno()))


class _GrowingFile:
    """The lines of a file that a command still writes, whose offset it shares.

    Args:
        descriptor: The file.
        take: Called with each line.
    """

    def __init__(self, descriptor: int, take: Callable[[str], None]) -> None:
        self._descriptor, self._take = descriptor, take
        self._at, self._rest = 0, b""

    def read(self, *, last: bool = False) -> None:
        """Read the lines that have come since; with the last one, a line without an end, too."""
        self._at = max(self._at, os.fstat(self._descriptor).st_size - _KEPT_BYTES)
        data = os.pread(self._descriptor, _KEPT_BYTES, self._at)
        self._at += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        if self._rest and (last or len(self._rest) > _KEPT_BYTES):
            lines.append(self._rest)
            self._rest = b""
        for line in lines:
            self._take(line.decode("utf-8", "replace"))


def _wait(process: subprocess.Popen[bytes], timeout_s: float, streams: Sequence[_GrowingFile]) -> int | None:
    """Return the exit code of a process; ``None``: the time was up."""
    end = time.monotonic() + timeout_s
    while True:
        left = end - time.monotonic()
        try:
            return process.wait(min(left, _LOOK_S) if streams else left)
        except subprocess.TimeoutExpired:
            if left <= _LOOK_S:
                return None
        for stream in streams:
            stream.read()


@contextlib.contextmanager
def ended_by_signals() -> Iterator[None]:
    """While entered, SIGTERM and SIGHUP raise ``SystemExit``, so that the programs of this process end with it.

    Further ones are ignored during the clean-up; the exit code tells the first. Nothing changes for signals that are
    ignored (as under nohup) or have a handler already, nor in other threads than the main one.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [each for each in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(each) is signal.SIG_DFL]

    def end(number: int, _frame: FrameType | None) -> NoReturn:
        for each in numbers:
            signal.signal(each, signal.SIG_IGN)
        raise SystemExit(128 + number)

    for number in numbers:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)


def _end_all(process: subprocess.Popen[bytes], mark: str) -> None:
    """Kill the command's group, and whatever left it but still carries the mark in its environment."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    # Each round kills what the round before saw being born; a few rounds end any chain that does not breed on purpose.
    for _ in range(5):
        strays = _marked(mark)
        if not strays:
            return
        for pid in strays:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)


def _marked(mark: str) -> list[int]:
    needle = f"{_MARK}={mark}".encode()
    found = []
    with contextlib.suppress(OSError), os.scandir("/proc") as entries:
        for entry in entries:
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    if needle in Path(entry.path, "environ").read_bytes():
                        found.append(int(entry.name))
    return found


def _tail(descriptor: int) -> str:
    size = os.lseek(descriptor, 0, os.SEEK_END)
    return os.pread(descriptor, _KEPT_BYTES, max(0, size - _KEPT_BYTES)).decode("utf-8", "replace")
