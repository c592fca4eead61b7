"""Reads a run's log files."""

from __future__ import annotations

import json
import re
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from gym_gui.core.regular_files import NotRegularFile, open_stream
from gym_gui.look import moment
from gym_gui.reading import DroppedLog, is_record_of, is_telemetry, not_a_file
from gym_gui.telemetry.logs import open_log

_POLL_S = 0.2
_CHUNK = 1 << 20
_TAIL_BYTES = 64 << 10


def tell_dropped(dropped: DroppedLog | None, worker_id: str, attempt: int, run_id: str) -> str:
    """Return what is to be said of a log that was dropped; empty for any other."""
    if dropped is None:
        return ""
    return (
        f"what attempt {attempt} of worker {worker_id} printed was dropped {moment(dropped.at)}, after a recount"
        f" had verified the database (artifacts.persist_logs: false): {dropped.lines:,} lines, {dropped.bytes:,} bytes,"
        f" SHA-256 {dropped.sha256}; its telemetry: mosaic runs tail {run_id}"
    )


class LogReader:
    """Reads lines of a file that may still grow.

    Args:
        path: The file; one that does not exist yet is empty.
        text_only: Leave out lines that are a JSON object.
        pattern: Only lines in which this regular expression occurs.
        component: Only structured records of this component or subcomponent.
        code: Only structured records with this code.
        run_id: The run, for what errors suggest.
    """

    def __init__(
        self,
        path: Path,
        *,
        text_only: bool = False,
        pattern: str = "",
        component: str = "",
        code: str = "",
        run_id: str = "RUN",
    ) -> None:
        self._component, self._code = component, code
        self._search = re.compile(pattern).search if pattern else None
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
                raise not_a_file(self._path, error, self._run_id) from error
        while chunk := self._stream.read(_CHUNK):
            *lines, self._rest = (self._rest + chunk).split(b"\n")
            yield from (line + b"\n" for line in lines if self._wanted(line))

    def _wanted(self, line: bytes) -> bool:
        if self._text_only and is_telemetry(line):
            return False
        if (self._component or self._code) and not is_record_of(line, self._component, self._code):
            return False
        return self._search is None or self._search(line_text(line)) is not None


def line_text(line: bytes) -> str:
    """Return a line as text without its end; bytes that are no UTF-8 as escapes."""
    return line.decode("utf-8", "backslashreplace").rstrip("\r\n")


def readable_line(line: str, *, whole: bool = False) -> str:
    """Return a structured log record as a sentence, any other line as it is.

    What went wrong stands in the run's cause already; the traceback stays in the log.

    Args:
        line: The line.
        whole: With time, code, component, further values and traceback.
    """
    try:
        record = json.loads(line) if line.startswith("{") else None
        if record and whole:
            return _whole_record(record)
        return f"{record['level']}: {' '.join(record['message'].split())}" if record else line
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError, OSError, OverflowError):
        return line


def readable_text(text: str) -> str:
    """Return lines of a log with structured records as sentences, tracebacks included."""
    return "\n".join(readable_line(line, whole=True) for line in text.splitlines())


def _whole_record(record: dict[str, Any]) -> str:
    places = ".".join(str(record[name]) for name in ("component", "subcomponent") if record.get(name))
    words = (moment(record["timestamp"]), record["level"], record.get("code"), places, record["message"])
    extra = json.dumps(record["extra"], ensure_ascii=False) if record.get("extra") else None
    line = " ".join(str(word) for word in (*words, extra) if word)
    return "\n".join([line, record["exception"]]) if record.get("exception") else line


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
