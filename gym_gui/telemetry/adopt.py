"""What a rebuilt database takes over from the one before it, because the logs do not have it any more."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from gym_gui.telemetry.rollup import Rollup
from gym_gui.telemetry.rowid import row_id
from gym_gui.telemetry.store import SourceRow, Store
from gym_gui.telemetry.tail import Cursor

_COPIED = ("steps", "episodes", "metric_extras", "events", "quarantine")


def copy_segments(store: Store, old: Path) -> int:
    """Copy rows, names and rollups of truncated and replaced logs into an empty database.

    The cursors are put where the logs' present files begin.

    Args:
        store: The new database.
        old: The database before.

    Returns:
        How many such files there were.
    """
    execute = store.connection.execute
    with _attached(store, old), store.transaction():
        segments = execute(
            "SELECT worker_no, attempt, worker_id, path, end, rollup FROM old.segments"
            " JOIN old.cursors USING (worker_no, attempt) ORDER BY end"
        ).fetchall()
        if not segments:
            return 0
        for table in ("names", "segments"):
            _copy(store, table, "")
        last = {segment[:2]: segment for segment in segments}
        for number, attempt, worker_id, path, end, rollup in last.values():
            source = SourceRow(number, attempt, worker_id, path, Cursor(off=end, base=end))
            store.add_source(source, Rollup.from_snapshot(rollup))
            sealed = (row_id(number, attempt, 0), row_id(number, attempt, end))
            for table in _COPIED:
                _copy(store, table, "WHERE id >= ? AND id < ?", *sealed)
            # By name: that is how the metrics are kept.
            _copy(store, "metrics", "WHERE name IN (SELECT id FROM old.names) AND id >= ? AND id < ?", *sealed)
    return len(segments)


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
