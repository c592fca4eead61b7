"""What a program that claimed an attempt reported of it, as files of the run: its logs, its messages, what is noted."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from gym_gui.core.regular_files import append, append_whole, open_stream, read_regular
from gym_gui.fleet.claims.held_lines import HeldLines
from gym_gui.fleet.orders import AttemptKey, OrderBox
from gym_gui.runs import READ_ERRORS, RunFolder, write_json_atomic
from gym_gui.supervision import ExitRecord

#: Bytes of the messages of one attempt, or machine, that are kept at most.
MAX_MESSAGES = 64 << 20


class Notes(msgspec.Struct, kw_only=True):
    """What decides how an attempt ends; on disk, so that a daemon after this one knows it."""

    fatal: str = ""
    memory_error: str = ""
    finished: str | None = None
    failed: bool = False
    """The last word was one of failure."""
    finished_at: float = 0.0
    """Unix time."""


class AttemptJournal:
    """Writes what is reported of one attempt.

    Args:
        folder: The run's folder.
        key: The attempt.
    """

    def __init__(self, folder: RunFolder, key: AttemptKey) -> None:
        self._folder = folder
        self._key = key
        stem = folder.launch_lock(key.worker_id, key.attempt).stem
        self._log = folder.stdout_log(key.worker_id, key.attempt)
        self._fleet = OrderBox(folder).path
        self._notes = self._fleet / f"{stem}.notes.json"
        self.held = HeldLines(self._fleet / f"{stem}.held", folder.stderr_log(key.worker_id, key.attempt))
        """The lines of the attempt's log that wait for earlier ones."""
        self.messages = self._fleet / f"{stem}.messages.jsonl"
        """All messages that are neither figures nor log lines, and those that came late; a line of JSON each."""

    def begin(self, machine: str) -> None:
        """Make the logs, with the first event.

        Raises:
            OSError: The disk refuses.
        """
        self._fleet.mkdir(mode=0o700, exist_ok=True)
        append(self._folder.stderr_log(self._key.worker_id, self._key.attempt), b"")
        self.event("run_started", {"machine": machine})

    def event(self, name: str, payload: Mapping[str, Any]) -> None:
        """Write an event of the attempt's life."""
        record = {"event": name, "run_id": self._key.run_id, "worker_id": self._key.worker_id}
        self._tell({**record, "timestamp": time.time(), "payload": payload})

    def figures(self, step: int, values: Mapping[str, float]) -> None:
        """Write values of a moment.

        Args:
            step: Percent that is done.
            values: By name.
        """
        self._tell({"event_type": "metric", "step": step, "values": dict(values), "timestamp": time.time()})

    def size(self) -> int:
        """Return the bytes of the log that has the figures."""
        try:
            return self._log.stat().st_size
        except FileNotFoundError:
            return 0

    def figures_since(self, size: int) -> set[str]:
        """Return the names of the figures that were written since the log had a size.

        Raises:
            OSError: It cannot be read.
        """
        found: set[str] = set()
        for line in self._from(size).splitlines():
            with contextlib.suppress(ValueError, AttributeError, TypeError):
                found.update(json.loads(line).get("values", ()))
        return found

    def end_line(self) -> None:
        """End a line of the log in which a daemon was killed: what follows would be part of it.

        Raises:
            OSError: The disk refuses.
        """
        if self._from(self.size() - 1) not in (b"", b"\n"):
            append_whole(self._log, b"\n")

    def message(self, message: Mapping[str, Any], *, late: bool) -> None:
        """Keep a message as it came."""
        keep_message(self.messages, message, late=late)

    def notes(self) -> Notes:
        """Return what is noted of the attempt."""
        try:
            return msgspec.json.decode(read_regular(self._notes), type=Notes)
        except READ_ERRORS:
            return Notes()

    def note(self, notes: Notes) -> None:
        """Write down what is noted.

        Raises:
            OSError: The disk refuses.
        """
        write_json_atomic(self._notes, notes)

    def exit(self, *, code: int | None, reason: str = "", error: str = "", signalled: bool = False) -> None:
        """Write how the attempt ended; a record that is there stays.

        Raises:
            OSError: The disk refuses.
        """
        path = self._folder.exit_record(self._key.worker_id, self._key.attempt)
        if path.exists():
            return
        now = time.time()
        record = ExitRecord(
            code=code, reason=reason, error=error, ended_at=now, signalled_at=now if signalled else None, swept=True
        )
        write_json_atomic(path, record)

    def _from(self, offset: int) -> bytes:
        """Return what the log has from an offset on; nothing of a log that is missing."""
        try:
            with open_stream(self._log) as stream:
                stream.seek(max(0, offset))
                return stream.read()
        except FileNotFoundError:
            return b""

    def _tell(self, record: Mapping[str, Any]) -> None:
        line = json.dumps(record, separators=(",", ":")).encode() + b"\n"
        append_whole(self._log, line)


def keep_message(path: Path, message: Mapping[str, Any], *, late: bool = False) -> None:
    """Append a message to a file of messages, unless that is full."""
    with contextlib.suppress(FileNotFoundError):
        if path.stat().st_size > MAX_MESSAGES:
            return
    record = {"at": time.time(), "late": late, "message": message}
    append(path, json.dumps(record, separators=(",", ":"), default=str).encode() + b"\n")
