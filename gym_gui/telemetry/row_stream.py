"""Rows that entered a run's database after a cursor; all live views read them here.

A cursor has the position in each log, in bytes. Rows are stored together with the cursor of their log, so the rows
between an old cursor and a new one are exactly those that a reader has not seen.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from gym_gui.runs import RunFolder
from gym_gui.telemetry.kept_database import FileMark, KeptDatabase
from gym_gui.telemetry.reader import RunReader, reading
from gym_gui.telemetry.records import EpisodeRollup, EventRecord, MetricPoint, StepRecord
from gym_gui.telemetry.rowid import row_id, row_place
from gym_gui.telemetry.step_rows import StepRows
from gym_gui.telemetry.timestamps import legal_time

ROW_KINDS = ("step", "episode", "metric", "event")
#: Rows of one kind in a batch, at most (one metric event is never split).
PAGE_ROWS = 2000
#: Maximum bytes of text in a page's rows of one table, if there are several: they must fit a message.
PAGE_BYTES = 4 << 20
#: More metrics than this are read at once, and not one after the other.
MANY_NAMES = 2000
DEADLINE_S = 5.0
MAX_ID = (1 << 63) - 1


class LogPosition(NamedTuple):
    """How far one log has been read."""

    worker_no: int
    attempt: int
    byte_offset: int
    """Logical offset of the next byte to be read."""


RowCursor = tuple[LogPosition, ...]


class RowGap(msgspec.Struct, frozen=True, kw_only=True):
    """Steps omitted because of the reader's limit. The database has them."""

    worker_id: str
    attempt: int
    from_id: int
    """Row id of the first omitted step."""
    to_id: int
    """Row id of the last omitted step."""
    count: int


class RowBatch(msgspec.Struct, kw_only=True):
    """New rows, each list in log order, and the next cursor."""

    cursor: RowCursor = ()
    steps: list[StepRecord] = []
    step_rows: list[StepRows] = []
    """Steps not converted to records."""
    episodes: list[EpisodeRollup] = []
    metrics: list[MetricPoint] = []
    events: list[EventRecord] = []
    gaps: list[RowGap] = []
    caught_up: bool = True
    """The database had no more rows at the time of the read."""
    lag_bytes: int = 0
    """Bytes of the logs that were not indexed yet."""

    @property
    def step_count(self) -> int:
        """Number of steps, converted or not."""
        return len(self.steps) + sum(len(each.rows) for each in self.step_rows)

    @property
    def empty(self) -> bool:
        """Whether it has neither rows nor gaps."""
        return not (self.step_count or self.episodes or self.metrics or self.events or self.gaps)

    def with_records(self) -> RowBatch:
        """Convert the remaining steps to records, in place; return the batch."""
        for each in self.step_rows:
            self.steps += each.records()
        self.step_rows = []
        return self


def edge_of(folder: RunFolder) -> RowCursor:
    """Return the cursor after everything now in the database.

    Raises:
        TelemetryError: The database cannot be read.
    """
    if not os.path.lexists(folder.database):
        return ()
    with reading(folder.database, DEADLINE_S) as connection:
        return tuple(LogPosition(number, attempt, off) for number, attempt, _, off in _sources(connection))


def is_cursor_behind(cursor: RowCursor, goal: RowCursor) -> bool:
    """Return whether a cursor is before another one in any log."""
    offsets = _offsets(cursor)
    return any(off > offsets.get((number, attempt), 0) for number, attempt, off in goal)


def read_rows(
    folder: RunFolder,
    cursor: RowCursor,
    *,
    kinds: Iterable[str] = ROW_KINDS,
    max_steps: int | None = None,
    until: RowCursor | None = None,
) -> RowBatch:
    """Return a page of the rows after a cursor, in one short transaction.

    Args:
        folder: The run's folder.
        cursor: That of the previous batch; empty: from the beginning.
        kinds: The kinds of rows to return, of `KINDS`.
        max_steps: Return the newest steps up to this number and report the others as a gap; ``None``: no limit.
            Episodes, metrics and events are never omitted.
        until: Read nothing after this cursor.

    Raises:
        TelemetryError: The database cannot be read, or not within `DEADLINE_S`.
    """
    stream = RowStream(folder)
    try:
        return stream.read(cursor, kinds=kinds, max_steps=max_steps, until=until).with_records()
    finally:
        stream.close()


class RowStream:
    """Repeated reads of a run's rows through one connection.

    Close it when the run ends, and while there are no new rows.

    Args:
        folder: The run's folder.
    """

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self._database = KeptDatabase(folder.database, DEADLINE_S)

    def read(
        self,
        cursor: RowCursor,
        *,
        kinds: Iterable[str] = ROW_KINDS,
        max_steps: int | None = None,
        until: RowCursor | None = None,
    ) -> RowBatch:
        """Return rows after a cursor as :func:`read_rows` does, steps as ``step_rows``."""
        with self._database.reading() as connection:
            if connection is None:
                return RowBatch(cursor=cursor)
            return _Page(self._folder, connection, frozenset(kinds)).read(cursor, max_steps, until)

    def mark(self) -> FileMark:
        """Return a value that changes when there may be new rows; cheap."""
        return self._database.mark()

    def close(self) -> None:
        """Close the database; the next read opens it again."""
        self._database.close()


class _Open(RunReader):
    """Reads through an open connection, inside its transaction."""

    def __init__(self, folder: RunFolder, connection: sqlite3.Connection) -> None:
        super().__init__(folder)
        self.last = MAX_ID
        """Highest row id to read: lowered to the row that fills the page."""
        self.bytes_read = 0
        self._connection = connection

    def _fetch(self, statement: str, values: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
        values = values or {}
        rows: list[tuple[Any, ...]] = []
        size = 0
        for row in self._connection.execute(statement, {**values, "last": min(values["last"], self.last)}):
            rows.append(row)
            size += sum(_size(value) for value in row if isinstance(value, str))
            if size >= PAGE_BYTES:
                self.last = row[0]
                break
        self.bytes_read += size
        return rows


class _Page:
    """One batch being read."""

    def __init__(self, folder: RunFolder, connection: sqlite3.Connection, kinds: frozenset[str]) -> None:
        self._connection = connection
        self._reader = _Open(folder, connection)
        self._kinds = kinds
        self._batch = RowBatch()

    def read(self, cursor: RowCursor, max_steps: int | None, until: RowCursor | None) -> RowBatch:
        done = _offsets(cursor)
        goal = None if until is None else _offsets(until)
        moved = []
        for number, attempt, worker_id, off in _sources(self._connection):
            end = off if goal is None else min(off, goal.get((number, attempt), 0))
            if end > done.get((number, attempt), 0):
                moved.append((number, attempt, worker_id, end))
        for left, (number, attempt, worker_id, end) in zip(range(len(moved), 0, -1), moved, strict=True):
            if self._full:
                self._batch.caught_up = False
                break
            share = None if max_steps is None else max(0, max_steps - self._batch.step_count) // left
            start = done.get((number, attempt), 0)
            done[number, attempt] = self._read_log(number, attempt, worker_id, start, end, share)
        self._batch.cursor = tuple(LogPosition(*key, off) for key, off in sorted(done.items()))
        return self._batch

    @property
    def _full(self) -> bool:
        batch = self._batch
        rows = max(batch.step_count, len(batch.episodes), len(batch.metrics), len(batch.events))
        return rows >= PAGE_ROWS or self._reader.bytes_read >= PAGE_BYTES

    def _read_log(self, number: int, attempt: int, worker_id: str, start: int, end: int, share: int | None) -> int:
        """Read one log's rows between offsets until the page is full; return the end."""
        first, last = row_id(number, attempt, start), row_id(number, attempt, end) - 1
        self._reader.last = last
        where: dict[str, Any] = {"worker_no": number, "attempt": attempt, "after": first - 1, "limit": PAGE_ROWS + 1}
        by_kind: dict[str, list[Any]] = {kind: [] for kind in ROW_KINDS[1:]}
        steps: list[tuple[Any, ...]] = []
        if "episode" in self._kinds:
            by_kind["episode"] = self._reader.episodes(**where)
        if "event" in self._kinds:
            by_kind["event"] = self._reader.events(**where)
        if "metric" in self._kinds:
            by_kind["metric"], last = self._metrics(worker_id, first, last)
        if "step" in self._kinds and share is None:
            steps = self._reader.step_rows(**where)
            if len(steps) > PAGE_ROWS:
                last = min(last, steps[PAGE_ROWS][0] - 1)
        for rows in by_kind.values():
            if len(rows) > PAGE_ROWS and rows is not by_kind["metric"]:
                last = min(last, rows[PAGE_ROWS].id - 1)
        last = min(last, self._reader.last)
        if "step" in self._kinds and share is not None:
            steps = self._newest_steps(worker_id, where, first, last, min(share, PAGE_ROWS))
        last = min(last, self._reader.last)
        batch = self._batch
        if steps and steps[-1][0] > last:
            steps = [row for row in steps if row[0] <= last]
        if steps:
            batch.step_rows.append(StepRows(self._reader.run_id, worker_id, steps))
        tables: tuple[list[Any], ...] = (batch.episodes, batch.metrics, batch.events)
        for target, rows in zip(tables, by_kind.values(), strict=True):
            target += [row for row in rows if row.id <= last]
        stop = row_place(last).byte_offset + 1
        batch.caught_up = batch.caught_up and stop == end
        return stop

    def _newest_steps(
        self, worker_id: str, where: dict[str, Any], first: int, last: int, room: int
    ) -> list[tuple[Any, ...]]:
        """Return a range's newest steps and add the others as a gap."""
        execute = self._connection.execute
        span = {"first": first, "last": last, "room": room}
        skipped = execute(
            "SELECT id FROM steps WHERE id BETWEEN :first AND :last ORDER BY id DESC LIMIT 1 OFFSET :room", span
        ).fetchone()
        if skipped is not None:
            count, lowest = execute(
                "SELECT count(*), min(id) FROM steps WHERE id BETWEEN ? AND ?", (first, skipped[0])
            ).fetchone()
            self._batch.gaps.append(
                RowGap(worker_id=worker_id, attempt=where["attempt"], from_id=lowest, to_id=skipped[0], count=count)
            )
            where = {**where, "after": skipped[0]}
        return self._reader.step_rows(**{**where, "limit": room})

    def _metrics(self, worker_id: str, first: int, last: int) -> tuple[list[MetricPoint], int]:
        """Return the metrics of a range, or of its first part, and the end."""
        execute = self._connection.execute
        last = min(last, self._reader.last)
        names = execute(
            "SELECT id, name FROM names WHERE EXISTS (SELECT 1 FROM metrics WHERE metrics.name = names.id)"
        ).fetchall()
        room = max(1, PAGE_ROWS // max(1, len(names)))
        rows: list[tuple[Any, ...]] = []
        if len(names) > MANY_NAMES:
            rows, last = self._values_of_all(first, last)
            names = []
        for name_id, name in names:
            values = execute(
                "SELECT id, step, value, timestamp FROM metrics WHERE name = ? AND id BETWEEN ? AND ?"
                " ORDER BY id LIMIT ?",
                (name_id, first, last, room + 1),
            ).fetchall()
            if len(values) > room:
                last = values[room][0] - 1
            rows += [(row[0], name, *row[1:]) for row in values]
        points = [
            MetricPoint(
                id=row, worker_id=worker_id, attempt=row_place(row).attempt, name=name, step=step,
                value=float("nan") if value is None else value, timestamp=legal_time(timestamp),
            )
            for row, name, step, value, timestamp in sorted(rows, key=lambda row: row[0])
            if row <= last
        ]  # fmt: skip
        return points, last

    def _values_of_all(self, first: int, last: int) -> tuple[list[tuple[Any, ...]], int]:
        """Return row id, name, step, value and time of a page, and its end."""
        execute = self._connection.execute
        span = (first, last)
        beyond = execute(
            f"SELECT id FROM metrics WHERE id BETWEEN ? AND ? ORDER BY id LIMIT 1 OFFSET {PAGE_ROWS}",  # noqa: S608
            span,
        ).fetchone()
        if beyond is not None:
            (least,) = execute("SELECT min(id) FROM metrics WHERE id BETWEEN ? AND ?", span).fetchone()
            last = max(least, beyond[0] - 1)
        rows = execute(
            "SELECT metrics.id, names.name, step, value, timestamp FROM metrics JOIN names ON names.id = metrics.name"
            " WHERE metrics.id BETWEEN ? AND ?",
            (first, last),
        ).fetchall()
        return rows, last


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def _sources(connection: sqlite3.Connection) -> list[tuple[int, int, str, int]]:
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'cursors'").fetchone() is None:
        return []  # it is being created
    return connection.execute(
        "SELECT worker_no, attempt, worker_id, off FROM cursors ORDER BY worker_no, attempt"
    ).fetchall()


def _offsets(cursor: RowCursor) -> dict[tuple[int, int], int]:
    return {(number, attempt): off for number, attempt, off in cursor}
