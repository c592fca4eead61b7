"""Finds and reads a run's log files."""

from __future__ import annotations

import json
import re
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from gym_gui.core.regular_files import NotRegularFile, open_stream
from gym_gui.core.worker.errors import MosaicError, UsageError, nearest
from gym_gui.look import moment
from gym_gui.runs import RunFolder
from gym_gui.telemetry.logs import dropped_record, open_log

_POLL_S = 0.2
_CHUNK = 1 << 20
_TAIL_BYTES = 64 << 10
_ATTEMPT = re.compile(r"\.a(\d+)\.")


@dataclass(frozen=True)
class Log:
    """One log file.

    Args:
        path: Where it is; it may not exist yet.
        worker_id: Whose it is; empty for the supervisor's.
        attempt: Of which attempt; 0 for the supervisor's.
    """

    path: Path
    worker_id: str
    attempt: int


def find_log(home: Path, run_id: str, *, stream: str, worker_id: str | None, attempt: int | None) -> Log:
    """Return the log that a user means.

    Args:
        home: The home.
        run_id: The run.
        stream: ``stdout``, ``text``, ``stderr`` or ``supervisor``.
        worker_id: Which worker; the first if ``None``.
        attempt: Which attempt; the last if ``None``.

    Raises:
        UsageError: The run has no such worker or attempt.
    """
    from gym_gui.runs import load_plan

    folder = RunFolder.of(home, run_id)
    if stream == "supervisor":
        return Log(folder.supervisor_log, "", 0)
    workers = [worker.worker_id for worker in load_plan(folder).workers]
    wanted = workers[0] if worker_id is None else worker_id
    if wanted not in workers:
        near = nearest(wanted, workers)
        raise UsageError(
            f"run {run_id} has no worker {wanted!r}" + (f"; did you mean {near!r}?" if near else ""),
            why=f"its workers: {', '.join(workers)}",
            next_step=f"see them: mosaic runs show {run_id}",
        )
    path_of = folder.stderr_log if stream == "stderr" else folder.stdout_log
    there = sorted(int(found[1]) for path in folder.logs.glob(f"{wanted}.a*") if (found := _ATTEMPT.search(path.name)))
    if attempt is None:
        attempt = there[-1] if there else 1
    elif attempt not in there:
        raise UsageError(
            f"worker {wanted} of run {run_id} has no attempt {attempt}",
            why=f"attempts: {', '.join(map(str, dict.fromkeys(there)))}" if there else "it has not been started",
            next_step="leave --attempt out for the last one",
        )
    return Log(path_of(wanted, attempt), wanted, attempt)


def tell_dropped(log: Log, run_id: str) -> str:
    """Return what is to be said of a log that was dropped; empty for any other."""
    record = dropped_record(log.path)
    if record is None:
        return ""
    return (
        f"what attempt {log.attempt} of worker {log.worker_id} printed was dropped {moment(record.at)}, after a recount"
        f" had verified the database (artifacts.persist_logs: false): {record.lines:,} lines, {record.bytes:,} bytes,"
        f" SHA-256 {record.sha256}; its telemetry: " + f"mosaic runs tail {run_id}"
    )


class LogReader:
    """Reads lines of a file that may still grow.

    Args:
        path: The file; one that does not exist yet is empty.
        text_only: Leave out lines that are a JSON object.
        run_id: The run, for what errors suggest.
    """

    def __init__(self, path: Path, *, text_only: bool = False, run_id: str = "RUN") -> None:
        self._run_id = run_id
        self._path = path
        self._text_only = text_only
        self._stream: BinaryIO | None = None
        self._rest = b""

    def __enter__(self) -> LogReader:
        return self

    def __exit__(self, *_: object) -> None:
        if self._stream is not None:
            self._stream.close()

    def last(self, count: int | None) -> list[bytes]:
        """Return the last lines there are now as they stand there, a torn one included; ``None``: all."""
        found = deque(self._new_lines(), maxlen=count)
        if self._rest and self._wanted(self._rest):
            found.append(self._rest)
            self._rest = b""
        return list(found)

    def follow(self, home: Path, run_id: str) -> Iterator[bytes]:
        """Yield further lines until the run has ended and all is read."""
        from gym_gui.analysis import get_run

        while True:
            ended = get_run(home, run_id).state.terminal
            yield from self._new_lines()
            if ended:
                if self._rest and self._wanted(self._rest):
                    yield self._rest
                return
            time.sleep(_POLL_S)

    def _new_lines(self) -> Iterator[bytes]:
        if self._stream is None:
            try:
                self._stream = open_log(self._path)
            except FileNotFoundError:
                return
            except NotRegularFile as error:
                raise MosaicError(
                    f"{self._path.name} {error.strerror}",
                    where=str(self._path),
                    why="something was put in the log's place",
                    next_step=f"see what of it was stored: mosaic runs tail {self._run_id}",
                ) from error
        while chunk := self._stream.read(_CHUNK):
            *lines, self._rest = (self._rest + chunk).split(b"\n")
            yield from (line + b"\n" for line in lines if self._wanted(line))

    def _wanted(self, line: bytes) -> bool:
        return not (self._text_only and line.lstrip().startswith(b"{") and _is_object(line))


def _is_object(line: bytes) -> bool:
    """Whether a line is one whole JSON object; one that is cut off is not."""
    import msgspec

    try:
        msgspec.json.decode(line)
    except msgspec.DecodeError:  # NaN and infinities, as Python prints them, are no JSON
        try:
            json.loads(line)
        except (ValueError, RecursionError):
            return False
    return True


def line_text(line: bytes) -> str:
    """Return a line as text without its end; bytes that are no UTF-8 as escapes."""
    return line.decode("utf-8", "backslashreplace").rstrip("\r\n")


def readable_line(line: str) -> str:
    """Return a structured log record as a sentence, any other line as it is.

    What went wrong stands in the run's cause already; the traceback stays in the log.
    """
    try:
        record = json.loads(line) if line.startswith("{") else None
        return f"{record['level']}: {' '.join(record['message'].split())}" if record else line
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
        return line


def last_lines(path: Path, lines: int) -> list[str]:
    """Return the last lines of a text file; none if there is no such file."""
    try:
        with open_stream(path) as stream:
            end = stream.seek(0, 2)
            stream.seek(max(end - _TAIL_BYTES, 0))
            data = stream.read()
    except OSError:
        return []
    text = data.decode("utf-8", "backslashreplace").removesuffix("\n")
    return [line.rstrip("\r") for line in text.split("\n")[-lines:]] if text else []
