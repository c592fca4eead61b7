"""The end of a worker's output: final lifecycle events and the last stderr lines."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gym_gui.core.regular_files import check_regular, open_stream
from gym_gui.logging_config.diagnostics import say
from gym_gui.runs import with_source_line
from gym_gui.telemetry import row_id_range

FINAL_EVENTS = ("run_completed", "run_failed", "run_cancelled")
STDERR_TAIL_BYTES = 8192
ERROR_LENGTH = 300
#: With less free space than this, in bytes, the disk counts as full.
FULL_BELOW_BYTES = 1 << 20


def last_event(
    connection: sqlite3.Connection, worker_no: int, attempt: int | None, names: Sequence[str]
) -> tuple[str, dict[str, Any]] | None:
    """Return the last lifecycle event of certain names, with its payload.

    Args:
        connection: To the run's ``telemetry.db``.
        worker_no: The worker.
        attempt: Its attempt, ``None`` for all of them.
        names: Which events.

    Returns:
        Name and payload, ``None`` without such an event.
    """
    places = ",".join("?" * len(names))
    query = (
        f"SELECT event, payload FROM events WHERE id BETWEEN ? AND ? AND event IN ({places})"  # noqa: S608 - ?s alone
        " ORDER BY id DESC LIMIT 1"
    )
    row = connection.execute(query, (*row_id_range(worker_no, attempt), *names)).fetchone()
    if row is None:
        return None
    payload = json.loads(row[1]) if row[1] else {}
    return row[0], payload if isinstance(payload, dict) else {}


def last_checkpoint(database: Path, worker_no: int) -> str | None:
    """Return the path of a worker's last reported checkpoint, ``None`` without one."""
    try:
        check_regular(database)
        with contextlib.closing(sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            event = last_event(connection, worker_no, None, ("checkpoint_saved",))
    except (sqlite3.Error, OSError) as error:
        say(f"no checkpoint to resume from: {database} cannot be read: {error}")
        return None
    path = None if event is None else event[1].get("path") or event[1].get("checkpoint_path")
    return path if isinstance(path, str) else None


def error_line(payload: dict[str, Any]) -> str:
    """Return the error of a ``run_failed`` payload in one line."""
    error, kind = payload.get("error"), payload.get("error_type")
    return ": ".join(" ".join(str(part).split()) for part in (kind, error) if part)[:ERROR_LENGTH]


def stderr_tail(path: Path) -> str:
    """Return the end of a stderr log, empty without one."""
    try:
        with open_stream(path) as stream:
            size = os.fstat(stream.fileno()).st_size
            stream.seek(max(0, size - STDERR_TAIL_BYTES))
            return stream.read().decode("utf-8", "replace")
    except OSError:
        return ""


def last_line(text: str) -> str:
    """Return the last line that is not blank."""
    lines = [line.strip() for line in text.splitlines()]
    return with_source_line(next((line for line in reversed(lines) if line), ""), lines)[:ERROR_LENGTH]


def is_disk_full(folder: Path) -> bool:
    """Return whether the disk of a folder is practically full."""
    try:
        disk = os.statvfs(folder)
    except OSError:
        return False
    return disk.f_bavail * disk.f_frsize < FULL_BELOW_BYTES
