"""The log of one job: a line of JSON an event, written by the job's process, read by any daemon, then and later."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from gym_gui.core.regular_files import open_regular
from gym_gui.jobs.job import Job, JobError, JobEvent
from gym_gui.runs import RunState
from gym_gui.supervision import ProcessIdentity

#: Bytes of events of one job that are stored at most; what its programs print beyond that is counted.
MAX_BYTES = 4 << 20
_LONGEST_LINE = 2000
_BEGIN, _STARTED, _END = "begin", "started", "end"
_INTERNAL = (_BEGIN, _STARTED, _END)


class JobLog:
    """Appends to a job's log; several threads may.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._guard = threading.Lock()
        self._descriptor = open_regular(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self._bytes = os.fstat(self._descriptor).st_size
        self._left_out = 0
        self._last_output = ""

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def begin_job(self, job: Job) -> None:
        """Write down what is to be done."""
        self._write(JobEvent(kind=_BEGIN, at=job.created_at, data=msgspec.to_builtins(job)))

    def started(self, process: ProcessIdentity) -> None:
        """Write down which process does it."""
        self._write(JobEvent(kind=_STARTED, at=time.time(), data=msgspec.to_builtins(process)))

    def begin(self, step: str) -> None:
        """A step has begun."""
        self.add("step", step)

    def note(self, text: str) -> None:
        """Something happened within it; what a program has just printed is there already."""
        if not self._last_output.startswith(text.removesuffix("…")):
            self.add("note", text)

    def output(self, line: str) -> None:
        """A program of the job printed a line."""
        self._last_output = line.strip()
        self.add("output", line)

    def done(self, detail: str, seconds: float) -> None:
        """The step is finished."""
        self.add("done", detail, seconds=round(seconds, 1))

    def add(self, kind: str, text: str, *, seconds: float | None = None, data: dict[str, Any] | None = None) -> None:
        """Write down an event.

        Args:
            kind: ``step``, ``note``, ``output``, ``done`` or ``finding``.
            text: A line; the end of a long one is left out.
            seconds: How long it took.
            data: What belongs to it.
        """
        if self._bytes > MAX_BYTES and kind in ("output", "note"):
            self._left_out += 1
            return
        shown = text if len(text) <= _LONGEST_LINE else text[: _LONGEST_LINE - 1] + "…"
        self._write(JobEvent(kind=kind, at=time.time(), text=shown, seconds=seconds, data=data or {}))

    def end(self, state: RunState, *, error: JobError | None = None, result: dict[str, Any] | None = None) -> None:
        """Write down how the job ended; nothing follows."""
        if self._left_out:
            self._write(JobEvent(kind="note", at=time.time(), text=f"{self._left_out:,} more lines are left out here"))
        data = {"state": state.value, "error": msgspec.to_builtins(error), "result": result or {}}
        self._write(JobEvent(kind=_END, at=time.time(), data=data))

    def _write(self, event: JobEvent) -> None:
        line = msgspec.json.encode(event) + b"\n"
        with self._guard:
            self._bytes += len(line)
            # A full disk costs lines of the log, not the job: what it does says itself what a full disk means.
            with contextlib.suppress(OSError):
                os.write(self._descriptor, line)


class JobReader:
    """Follows a job's log.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.job: Job | None = None
        """As of the last :meth:`advance`; ``None``: the log has no beginning yet."""
        self.process: ProcessIdentity | None = None
        """The process that does it, once it has said so."""
        self._offset = 0
        self._rest = b""

    def advance(self) -> list[JobEvent]:
        """Take what came in; return the new events that a user is shown."""
        try:
            with self.path.open("rb") as stream:
                stream.seek(self._offset)
                data = stream.read()
        except OSError:
            return []
        self._offset += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [event for line in lines if (event := self._take(line)) is not None]

    def _take(self, line: bytes) -> JobEvent | None:
        try:
            event = msgspec.json.decode(line, type=JobEvent)
            if event.kind == _BEGIN:
                self.job = msgspec.convert(event.data, Job)
            elif event.kind == _STARTED:
                self.process = msgspec.convert(event.data, ProcessIdentity)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None  # a line that a full disk cut off
        job = self.job
        if job is None:
            return None
        if event.kind == _END:
            job.state, job.ended_at = RunState(event.data.get("state", "lost")), event.at
            job.result = event.data.get("result") or {}
            error = event.data.get("error")
            job.error = None if error is None else msgspec.convert(error, JobError)
        if event.kind in _INTERNAL:
            return None
        job.events += 1
        event.number = job.events
        if event.kind == "step":
            job.step, job.note = event.text, ""
        else:
            job.note = event.text or job.note
        return event


def read_events(path: Path) -> Iterator[JobEvent]:
    """Yield the events of a job's log that a user is shown."""
    yield from JobReader(path).advance()
