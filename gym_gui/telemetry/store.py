"""Writes a run's ``telemetry.db``: each transaction moves cursors and stores rows, or neither."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from gym_gui.logging_config.components.service import LOG_SERVICE_SQLITE_DEBUG
from gym_gui.logging_config.helpers import log_constant
from gym_gui.telemetry._database_files import DatabaseFiles, disk_errors
from gym_gui.telemetry._names import Names
from gym_gui.telemetry.batch import Batch, Row, why_episode_refused
from gym_gui.telemetry.errors import Fenced, TelemetryError
from gym_gui.telemetry.limits import DECODER_VERSION, MAX_INDEX
from gym_gui.telemetry.logs.cursor import Cursor
from gym_gui.telemetry.rollup import Rollup
from gym_gui.telemetry.rowid import ATTEMPT_SHIFT
from gym_gui.telemetry.schema import ID_COLUMN, INSERTS, SCHEMA_VERSION, TABLES, check_schema
from gym_gui.telemetry.spans import SPANS_TABLE, SpanWriter

logger = logging.getLogger(__name__)

_BUSY_S = 30.0
_WAL_BYTES = 64 << 20
#: Errors of a single row. Every other one fails the transaction.
_UNBINDABLE = (OverflowError, UnicodeError, sqlite3.InterfaceError, sqlite3.ProgrammingError, sqlite3.DataError)
_REFUSED = (*_UNBINDABLE, sqlite3.IntegrityError)


class SourceRow(NamedTuple):
    """One log of the run as recorded in the database."""

    worker_no: int
    attempt: int
    worker_id: str
    path: str
    cursor: Cursor


class Store:
    """A run's database, open for writing under an epoch of its own.

    Args:
        path: The database; created if missing.
        run_id: Recorded in a new database; must be that of an old one.

    Raises:
        DiskFull: No room to create it.
        OldSchema: The database is of an earlier version; nothing was changed.
        TelemetryError: The database is of another run, or of a later version.
    """

    def __init__(self, path: Path, run_id: str) -> None:
        self.path = path
        self.files = DatabaseFiles(path)
        with disk_errors(path):
            self.connection = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None)
            self._columns: dict[str, list[str]] = {}
            try:
                self._configure()
                self.names = Names(self.connection)
                self._spans = SpanWriter(self.connection)
                self.epoch = self._take_over(run_id)
                self._run_id = run_id
                self.files.remember()
                self._log("opened", schema=SCHEMA_VERSION, epoch=self.epoch)
            except BaseException:
                self.connection.close()
                raise

    def _configure(self) -> None:
        execute = self.connection.execute
        execute("PRAGMA journal_mode = WAL")
        execute("PRAGMA synchronous = NORMAL")
        execute("PRAGMA wal_autocheckpoint = 0")
        execute(f"PRAGMA journal_size_limit = {_WAL_BYTES}")
        execute("PRAGMA secure_delete = OFF")
        execute("PRAGMA cache_size = -8192")

    def _take_over(self, run_id: str) -> int:
        """Create missing tables and become the only writer that may move cursors."""
        with self.transaction():
            execute = self.connection.execute
            if not execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
                for statement in TABLES.split(";\n"):
                    execute(statement)
                values = {"schema": SCHEMA_VERSION, "decoder": DECODER_VERSION, "run_id": run_id, "epoch": 0}
                self.connection.executemany("INSERT INTO meta VALUES (?,?)", list(values.items()))
            meta = dict(execute("SELECT key, value FROM meta").fetchall())
            check_schema(meta["schema"], self.path)
            if meta["run_id"] != run_id:
                raise TelemetryError(
                    f"the database is of run {meta['run_id']}",
                    where=str(self.path),
                    why=f"expected run {run_id}",
                    next_step=f"mosaic runs reindex {run_id}",
                )
            execute(SPANS_TABLE)
            epoch = int(meta["epoch"]) + 1
            execute("UPDATE meta SET value = ? WHERE key = 'epoch'", (epoch,))
            execute("UPDATE cursors SET epoch = ?", (epoch,))
        return epoch

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Return a context whose statements are committed together or not at all.

        Raises:
            DiskFull: Nothing was changed.
        """
        with disk_errors(self.path):
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self.connection.execute("COMMIT")
            except BaseException:
                self.names.rolled_back()
                self._spans.forget()
                # SQLite may have rolled back by itself already (a full disk).
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise
            self.names.committed()

    def check_epoch(self) -> None:
        """Make sure, inside a transaction, that no other writer has taken over.

        Raises:
            Fenced: Another one has.
        """
        (epoch,) = self.connection.execute("SELECT value FROM meta WHERE key = 'epoch'").fetchone()
        if epoch != self.epoch:
            raise self._fenced()

    def sources(self) -> list[SourceRow]:
        """Return the logs that have been read from."""
        rows = self.connection.execute(
            "SELECT worker_no, attempt, worker_id, path, off, base, inode, tail, overlong, closed FROM cursors"
        )
        return [
            SourceRow(*row[:4], cursor=Cursor(*row[4:9], closed=bool(row[9])))  # type: ignore[misc]
            for row in rows.fetchall()
        ]

    def add_source(self, source: SourceRow, rollup: Rollup) -> None:
        """Add a log and its rollup, inside a transaction."""
        cursor = source.cursor
        self.check_epoch()
        self.connection.execute(
            "INSERT INTO cursors VALUES (?,?,?,?,?,?,?,?,?,?,?)",
            (*source[:4], self.epoch, *cursor[:5], int(cursor.closed)),
        )
        columns = rollup.columns()
        self.connection.execute(
            f"INSERT INTO rollups (worker_no, attempt, {', '.join(columns)})"  # noqa: S608 - our own column names
            f" VALUES (?,?{',?' * len(columns)})",
            (source.worker_no, source.attempt, *columns.values()),
        )

    def move(self, worker_no: int, attempt: int, old: Cursor, new: Cursor) -> None:
        """Move a log's cursor, as the first statement of a transaction: this is the fence.

        Raises:
            Fenced: Another writer has moved the cursor or taken over.
        """
        changed = self.connection.execute(
            "UPDATE cursors SET off = ?, base = ?, inode = ?, tail = ?, overlong = ?, closed = ?"
            " WHERE worker_no = ? AND attempt = ? AND off = ? AND epoch = ?",
            (*new[:5], int(new.closed), worker_no, attempt, old.off, self.epoch),
        ).rowcount
        if changed != 1:
            raise self._fenced()

    def insert(self, batch: Batch) -> None:
        """Store a batch's rows, inside a transaction; quarantine those that the database refuses."""
        self.names.write()
        for table in ("steps", "metrics", "metric_extras", "events", "episodes"):
            rows: list[Row] = getattr(batch, table)
            if rows:
                if table == "episodes" and any(row[2] is None for row in rows):
                    rows = self._numbered(rows)
                setattr(batch, table, self._insert(table, rows, batch))
        if batch.metrics:
            self._spans.add(batch.metrics)
        if batch.quarantine:
            self.connection.executemany(INSERTS["quarantine"], batch.quarantine)

    def _insert(self, table: str, rows: list[Row], batch: Batch) -> list[Row]:
        """Insert rows, all at once if possible, and return those stored."""
        execute = self.connection.execute
        execute("SAVEPOINT rows")
        try:
            self.connection.executemany(*self._filled(table, rows))
            execute("RELEASE rows")
            return rows
        except _REFUSED:
            execute("ROLLBACK TO rows")
            execute("RELEASE rows")
        good = []
        for row in rows:
            try:
                execute(INSERTS[table], row)
            except _REFUSED as error:  # noqa: PERF203 - each row is tried by itself
                self._refuse(table, row, error, batch)
            else:
                good.append(row)
        return good

    def _numbered(self, episodes: list[Row]) -> list[Row]:
        """Number episodes without an index: one more than the highest before them."""
        highest: dict[tuple[int, int], int] = {}
        numbered = []
        for row in episodes:
            key = phase, agent = row[1], row[3]
            if key not in highest:
                stored = self.connection.execute(
                    "SELECT max(ep_index) FROM episodes WHERE id >> 44 = ? AND phase = ? AND agent = ?",
                    (row[0] >> ATTEMPT_SHIFT, phase, agent),
                ).fetchone()[0]
                highest[key] = -1 if stored is None else max(-1, stored)
            ep_index = highest[key] + 1 if row[2] is None else row[2]
            highest[key] = max(highest[key], ep_index)
            numbered.append((*row[:2], ep_index, *row[3:]))
        return numbered

    def _filled(self, table: str, rows: list[Row]) -> tuple[str, Iterable[Row]]:
        """Return an insert statement and its rows, without empty columns.

        Binding ``None`` takes the sqlite3 module ten times as long as a number: half of an ordinary step's time.
        """
        columns = list(zip(*rows, strict=True))
        kept = [
            place for place, column in enumerate(columns) if column[0] is not None or column.count(None) < len(rows)
        ]
        if len(kept) == len(columns):
            return INSERTS[table], rows
        names = self._columns.get(table)
        if names is None:
            info = self.connection.execute(f"PRAGMA table_info({table})").fetchall()
            names = self._columns[table] = [name for _, name, *_ in info]
        listed = ", ".join(names[place] for place in kept)
        statement = f"INSERT INTO {table} ({listed}) VALUES ({', '.join('?' * len(kept))})"  # noqa: S608 - our names
        return statement, zip(*(columns[place] for place in kept), strict=True)

    def _refuse(self, table: str, row: Row, error: Exception, batch: Batch) -> None:
        if table == "episodes" and (isinstance(error, sqlite3.IntegrityError) or row[2] > MAX_INDEX):
            reason, detail = why_episode_refused(row[1], row[2])
        else:
            reason, detail = "unbindable", f"{table}: {error!r}"[:200]
        batch.refuse(row[ID_COLUMN[table]], reason, detail)

    def save_rollup(self, worker_no: int, attempt: int, values: dict[str, Any]) -> None:
        """Write columns of a log's rollup, inside a transaction."""
        columns = ", ".join(f"{name} = ?" for name in values)
        self.connection.execute(
            f"UPDATE rollups SET {columns} WHERE worker_no = ? AND attempt = ?",  # noqa: S608 - our own column names
            (*values.values(), worker_no, attempt),
        )

    def load_rollup(self, worker_no: int, attempt: int) -> Rollup:
        """Return the rollup of a log."""
        row = self.connection.execute(
            "SELECT state, curve FROM rollups WHERE worker_no = ? AND attempt = ?", (worker_no, attempt)
        ).fetchone()
        return Rollup(row[0], row[1])

    def add_segment(self, worker_no: int, attempt: int, base: int, end: int, reason: str, rollup: Rollup) -> None:
        """Record the end of a log's segment, inside a transaction.

        Args:
            worker_no: The worker.
            attempt: Its attempt.
            base: Logical offset of the segment's first byte.
            end: Logical offset after its last byte.
            reason: Why it ends.
            rollup: Of everything before its end.
        """
        self.connection.execute(
            "INSERT OR REPLACE INTO segments VALUES (?,?,?,?,?,?)",
            (worker_no, attempt, base, end, reason, rollup.snapshot()),
        )

    def segments_end(self, worker_no: int, attempt: int) -> int:
        """Return the end (logical offset) of a log's last segment, 0 without one."""
        (end,) = self.connection.execute(
            "SELECT coalesce(max(end), 0) FROM segments WHERE worker_no = ? AND attempt = ?", (worker_no, attempt)
        ).fetchone()
        return int(end)

    def note_batch(self, last: int, row: int, received_at: float) -> None:
        """Record the time of the rows up to `row`, inside a transaction.

        Args:
            last: The record of the same second to be extended, or -1.
            row: Highest row id of the batch.
            received_at: Unix time, seconds.
        """
        if last >= 0:
            self.connection.execute("UPDATE batches SET id = ? WHERE id = ?", (row, last))
        else:
            self.connection.execute("INSERT INTO batches VALUES (?,?)", (row, received_at))

    def checkpoint(self) -> bool:
        """Merge the write-ahead log into the database, as far as readers permit.

        Returns:
            Whether all of it was merged.
        """
        with disk_errors(self.path):
            busy, log, moved = self.connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        return not busy and log == moved

    def finish(self, timeout_s: float = 5.0) -> bool:
        """Merge the database into one file that can be copied, and close it.

        Args:
            timeout_s: Maximum wait for readers.

        Returns:
            Whether it succeeded; if not (a reader has it open), the data is complete together with the ``-wal`` file.

        Raises:
            DiskFull: Nothing was lost; the store is still open.
            DatabaseGone: Its file was removed, replaced or damaged.
        """
        deadline = time.monotonic() + timeout_s
        while not self.try_finish():
            if time.monotonic() >= deadline:
                self.close()
                return False
            time.sleep(0.05)
        return True

    def try_finish(self) -> bool:
        """Merge the database and close it as :meth:`finish` does, unless a reader has it open at this moment.

        Returns:
            Whether it succeeded; if not, the store is still open.

        Raises:
            DiskFull: Nothing was lost; the store is still open.
            DatabaseGone: Its file was removed, replaced or damaged.
        """
        self.files.check()
        self.connection.execute("PRAGMA busy_timeout = 0")
        merged = False
        with contextlib.suppress(sqlite3.OperationalError), disk_errors(self.path):
            self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            merged = self.connection.execute("PRAGMA journal_mode = DELETE").fetchone()[0] == "delete"
        if not merged:
            return False
        self.files.check_pages(self.connection)
        self.close()
        self.files.check(main_only=True)
        self._log("finished")
        return True

    def close(self) -> None:
        """Close the database as it is."""
        self.connection.close()

    def _log(self, what: str, **values: object) -> None:
        extra = {"run_id": self._run_id, "path": str(self.path), **values}
        log_constant(logger, LOG_SERVICE_SQLITE_DEBUG, message=f"Telemetry database {what}", extra=extra)

    def _fenced(self) -> Fenced:
        return Fenced(
            "another telemetry proxy has taken over this run",
            where=str(self.path),
            why="the cursor was moved by another process",
            next_step="nothing to do: the other proxy goes on, and this one ends",
        )
