"""What a rebuilt database takes over from the one before it, because the logs do not have it any more."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator
from pathlib import Path

from gym_gui.telemetry.rollup import Rollup
from gym_gui.telemetry.rowid import id_range, row_id
from gym_gui.telemetry.store import SourceRow, Store
from gym_gui.telemetry.tail import Cursor

_COPIED = ("steps", "episodes", "metric_extras", "events", "quarantine")


def copy_unreadable(store: Store, old: Path, gone: Collection[tuple[int, int]]) -> int:
    """Copy rows, names and rollups that no log has any more into an empty database.

    Those of truncated and replaced files: their cursors are put where the logs' present files begin. And all those of
    logs that are gone, which are closed.

    Args:
        store: The new database.
        old: The database before.
        gone: Worker and attempt of each log that is gone.

    Returns:
        How many truncated or replaced files there were.
    """
    execute = store.connection.execute
    with _attached(store, old), store.transaction():
        segments = execute(
            "SELECT worker_no, attempt, worker_id, path, end, rollup FROM old.segments"
            " JOIN old.cursors USING (worker_no, attempt) ORDER BY end"
        ).fetchall()
        if not segments and not gone:
            return 0
        for table in ("names", "segments"):
            _copy(store, table, "")
        for key in sorted(gone):
            _copy_source(store, *key)
        last = {segment[:2]: segment for segment in segments if segment[:2] not in gone}
        for number, attempt, worker_id, path, end, rollup in last.values():
            source = SourceRow(number, attempt, worker_id, path, Cursor(off=end, base=end))
            store.add_source(source, Rollup.from_snapshot(rollup))
            _copy_rows(store, row_id(number, attempt, 0), row_id(number, attempt, end))
    return len(segments)


def _copy_source(store: Store, number: int, attempt: int) -> None:
    """Copy all that there is of a log."""
    found = store.connection.execute(
        "SELECT worker_id, path, off, base, state, curve FROM old.cursors JOIN old.rollups USING (worker_no, attempt)"
        " WHERE worker_no = ? AND attempt = ?",
        (number, attempt),
    ).fetchone()
    if found is not None:
        worker_id, path, off, base, state, curve = found
        source = SourceRow(number, attempt, worker_id, path, Cursor(off=off, base=base, closed=True))
        store.add_source(source, Rollup(state, curve))
        first, last = id_range(number, attempt)
        _copy_rows(store, first, last + 1)


def _copy_rows(store: Store, first: int, end: int) -> None:
    for table in _COPIED:
        _copy(store, table, "WHERE id >= ? AND id < ?", first, end)
    # By name: that is how the metrics are kept.
    _copy(store, "metrics", "WHERE name IN (SELECT id FROM old.names) AND id >= ? AND id < ?", first, end)


def copy_batches(store: Store, old: Path) -> None:
    """Copy when rows came in; rows that the old database did not have keep their own time.

    Args:
        store: The new database.
        old: The database before.
    """
    execute = store.connection.execute
    with _attached(store, old), store.transaction():
        execute(
            "DELETE FROM batches WHERE id <= (SELECT max(o.id) FROM old.batches o WHERE o.id >> 44 = batches.id >> 44)"
        )
        _copy(store, "batches", "")


def _copy(store: Store, table: str, where: str, *values: int) -> None:
    """Copy rows with the columns that both databases have: the old one may be of an earlier schema."""
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
