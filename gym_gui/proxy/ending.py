"""What a worker said last: the lifecycle events and the last words on stderr that explain its end."""

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
from gym_gui.runs.syntax_error import with_place
from gym_gui.telemetry.rowid import id_range

FINAL_EVENTS = ("run_completed", "run_failed", "run_cancelled")
STDERR_TAIL_BYTES = 8192
ERROR_LENGTH = 300
#: Below this much room, in bytes, the disk counts as full.
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
        Name and payload, ``None`` where there is no such event.
    """
    places = ",".join("?" * len(names))
    query = (
        f"SELECT event, payload FROM events WHERE id BETWEEN ? AND ? AND event IN ({places})"  # noqa: S608 - ?s alone
        " ORDER BY id DESC LIMIT 1"
    )
    row = connection.execute(query, (*id_range(worker_no, attempt), *names)).fetchone()
    if row is None:
        return None
    payload = json.loads(row[1]) if row[1] else {}
    return row[0], payload if isinstance(payload, dict) else {}


def last_checkpoint(database: Path, worker_no: int) -> str | None:
    """Return the path of the last checkpoint that any attempt of a worker reported, as far as it can be read."""
    try:
        check_regular(database)
        with contextlib.closing(sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            found = last_event(connection, worker_no, None, ("checkpoint_saved",))
    except (sqlite3.Error, OSError) as error:
        say(f"no checkpoint to resume from: {database} cannot be read: {error}")
        return None
    path = None if found is None else found[1].get("path") or found[1].get("checkpoint_path")
    return path if isinstance(path, str) else None


def said_error(payload: dict[str, Any]) -> str:
    """Return in one line what a ``run_failed`` payload tells."""
    error, kind = payload.get("error"), payload.get("error_type")
    return ": ".join(" ".join(str(part).split()) for part in (kind, error) if part)[:ERROR_LENGTH]


def stderr_tail(path: Path) -> str:
    """Return the end of a stderr log, empty where there is none."""
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
    return with_place(next((line for line in reversed(lines) if line), ""), lines)[:ERROR_LENGTH]


def no_room(folder: Path) -> bool:
    """Return whether the disk of a folder is as good as full."""
    try:
        room = os.statvfs(folder)
    except OSError:
        return False
    return room.f_bavail * room.f_frsize < FULL_BELOW_BYTES
