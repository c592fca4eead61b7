"""Copies into a rebuilt database the rows whose logs are gone."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator
from pathlib import Path

from gym_gui.runs import RunFolder
from gym_gui.telemetry.logs.cursor import Cursor
from gym_gui.telemetry.logs.segments import read_segments, readable
from gym_gui.telemetry.rollup import Rollup
from gym_gui.telemetry.rowid import row_id, row_id_range
from gym_gui.telemetry.store import SourceRow, Store

_COPIED = ("steps", "episodes", "metric_extras", "events", "quarantine")


def copy_unreadable(store: Store, folder: RunFolder, gone: Collection[tuple[int, int]]) -> int:
    """Copy rows, names and rollups without a log into an empty database.

    These are the segments whose files are gone, with cursors placed where reading can continue, and everything of logs
    that are gone, which are marked closed.

    Args:
        store: The new database.
        folder: The run's folder, with the old database.
        gone: Worker and attempt of each log that is gone.

    Returns:
        Number of segments copied.
    """
    execute = store.connection.execute
    recorded_segments = read_segments(folder)
    with _attached(store, folder.database), store.transaction():
        segments = execute(
            "SELECT worker_no, attempt, worker_id, path, end, rollup FROM old.segments"
            " JOIN old.cursors USING (worker_no, attempt) ORDER BY end"
        ).fetchall()
        for key, recorded in recorded_segments.items():
            kept = readable(folder, recorded)
            if kept and key not in gone:
                segments = [one for one in segments if one[:2] != key or one[4] <= kept[0].base]
        if not segments and not gone:
            return 0
        _copy(store, "names", "")
        for number, attempt in {*gone, *(one[:2] for one in segments)}:
            last_end = max((one[4] for one in segments if one[:2] == (number, attempt)), default=0)
            _copy(store, "segments", "WHERE worker_no = ? AND attempt = ? AND end <= ?", number, attempt, last_end)
        for key in sorted(gone):
            _copy_source(store, *key)
        last = {segment[:2]: segment for segment in segments if segment[:2] not in gone}
        for number, attempt, worker_id, path, end, rollup in last.values():
            ended = next((one for one in recorded_segments.get((number, attempt), []) if one.byte_offset == end), None)
            start = 0 if ended is None else ended.next_start
            source = SourceRow(number, attempt, worker_id, path, Cursor(off=end, base=end - start))
            store.add_source(source, Rollup.from_snapshot(rollup))
            _copy_rows(store, row_id(number, attempt, 0), row_id(number, attempt, end))
    return len(segments)


def _copy_source(store: Store, number: int, attempt: int) -> None:
    """Copy everything of one log."""
    row = store.connection.execute(
        "SELECT worker_id, path, off, base, state, curve FROM old.cursors JOIN old.rollups USING (worker_no, attempt)"
        " WHERE worker_no = ? AND attempt = ?",
        (number, attempt),
    ).fetchone()
    if row is not None:
        worker_id, path, off, base, state, curve = row
        source = SourceRow(number, attempt, worker_id, path, Cursor(off=off, base=base, closed=True))
        store.add_source(source, Rollup(state, curve))
        first, last = row_id_range(number, attempt)
        _copy_rows(store, first, last + 1)


def _copy_rows(store: Store, first: int, end: int) -> None:
    for table in _COPIED:
        _copy(store, table, "WHERE id >= ? AND id < ?", first, end)
    # By name: the primary key of the metrics begins with it.
    _copy(store, "metrics", "WHERE name IN (SELECT id FROM old.names) AND id >= ? AND id < ?", first, end)


def copy_batches(store: Store, old: Path) -> None:
    """Copy the times at which rows were received; rows new to the database keep theirs.

    Args:
        store: The new database.
        old: The old database.
    """
    execute = store.connection.execute
    with _attached(store, old), store.transaction():
        execute(
            "DELETE FROM batches WHERE id <= (SELECT max(o.id) FROM old.batches o WHERE o.id >> 44 = batches.id >> 44)"
        )
        _copy(store, "batches", "")


def _copy(store: Store, table: str, where: str, *values: int) -> None:
    """Copy rows, in the columns of both databases: the old schema may differ."""
    execute = store.connection.execute
    old, new = ({row[1] for row in execute(f"PRAGMA {schema}.table_info({table})")} for schema in ("old", "main"))
    columns = ", ".join(sorted(old & new))
    execute(f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM old.{table} {where}", values)  # noqa: S608


@contextlib.contextmanager
def _attached(store: Store, old: Path) -> Iterator[None]:
    store.connection.execute("ATTACH ? AS old", (str(old),))
    try:
        yield
    finally:
        store.connection.execute("DETACH old")
