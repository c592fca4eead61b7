"""The one writer of a run's ``telemetry.db``: transactions that move cursors and store rows, or do neither."""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from gym_gui.core.regular_files import check_regular
from gym_gui.logging_config.components.service import LOG_SERVICE_SQLITE_DEBUG
from gym_gui.logging_config.helpers import log_constant
from gym_gui.telemetry.batch import Batch, Row, why_episode_refused
from gym_gui.telemetry.errors import DatabaseGone, DiskFull, Fenced, TelemetryError
from gym_gui.telemetry.limits import DECODER_VERSION, MAX_INDEX
from gym_gui.telemetry.names import Names
from gym_gui.telemetry.reading import Cursor
from gym_gui.telemetry.rollup import Rollup
from gym_gui.telemetry.rowid import ATTEMPT_SHIFT
from gym_gui.telemetry.schema import ID_COLUMN, INSERTS, SCHEMA_VERSION, TABLES, check_schema

logger = logging.getLogger(__name__)

_BUSY_S = 30.0
#: The files of a database that is being written.
_ENDINGS = ("", "-wal", "-shm")
_WAL_BYTES = 64 << 20
#: What a row can fail with. Everything else fails the transaction.
_UNBINDABLE = (OverflowError, UnicodeError, sqlite3.InterfaceError, sqlite3.ProgrammingError, sqlite3.DataError)
_REFUSED = (*_UNBINDABLE, sqlite3.IntegrityError)


class SourceRow(NamedTuple):
    """One log of the run as the database knows it."""

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
        for ending in _ENDINGS:
            check_regular(f"{path}{ending}")
        with _disk(path):
            self.connection = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None)
            self._columns: dict[str, list[str]] = {}
            try:
                self._configure()
                self.names = Names(self.connection)
                self.epoch = self._take_over(run_id)
                self._run_id = run_id
                self._files = self._inodes()
                self._tell("opened", schema=SCHEMA_VERSION, epoch=self.epoch)
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
        """Create the tables if there are none, and become the only one who may move cursors."""
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
            epoch = int(meta["epoch"]) + 1
            execute("UPDATE meta SET value = ? WHERE key = 'epoch'", (epoch,))
            execute("UPDATE cursors SET epoch = ?", (epoch,))
        return epoch

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All of what is done inside, or nothing.

        Raises:
            DiskFull: Nothing was changed.
        """
        with _disk(self.path):
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self.connection.execute("COMMIT")
            except BaseException:
                self.names.rolled_back()
                # SQLite may have rolled back by itself already (a full disk).
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise
            self.names.committed()

    def check_files(self) -> None:
        """Make sure that what is written is what others find under the database's name.

        Raises:
            DatabaseGone: Its file, or one that belongs to it, was removed or replaced.
        """
        there = self._inodes()
        if there != self._files:
            gone = [name for name, now, then in zip(_ENDINGS, there, self._files, strict=True) if now != then]
            raise self._gone(gone[0], replaced=there[_ENDINGS.index(gone[0])] != 0)

    def _inodes(self) -> tuple[int, ...]:
        return tuple(_inode(f"{self.path}{ending}") for ending in _ENDINGS)

    def _gone(self, ending: str, *, replaced: bool) -> DatabaseGone:
        return DatabaseGone(
            f"{self.path.name}{ending} was {'replaced' if replaced else 'removed'} while it was written",
            where=str(self.path),
            why="another process changed the run's folder",
            next_step="nothing to do: the database is made anew from the logs",
        )

    def check_epoch(self) -> None:
        """Make sure, inside a transaction, that nobody has taken over.

        Raises:
            Fenced: Somebody has.
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
        """Enter a log and what has been counted of it, inside a transaction."""
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
        """Move a log's cursor, inside a transaction and before anything else in it: this is the fence.

        Raises:
            Fenced: The cursor is not where this writer left it, or another one has taken over.
        """
        changed = self.connection.execute(
            "UPDATE cursors SET off = ?, base = ?, inode = ?, tail = ?, overlong = ?, closed = ?"
            " WHERE worker_no = ? AND attempt = ? AND off = ? AND epoch = ?",
            (*new[:5], int(new.closed), worker_no, attempt, old.off, self.epoch),
        ).rowcount
        if changed != 1:
            raise self._fenced()

    def insert(self, batch: Batch) -> None:
        """Store a batch's rows, inside a transaction. Those that the database refuses are moved to the quarantine."""
        self.names.write()
        for table in ("steps", "metrics", "metric_extras", "events", "episodes"):
            rows: list[Row] = getattr(batch, table)
            if rows:
                if table == "episodes" and any(row[2] is None for row in rows):
                    rows = self._numbered(rows)
                setattr(batch, table, self._insert(table, rows, batch))
        if batch.quarantine:
            self.connection.executemany(INSERTS["quarantine"], batch.quarantine)

    def _insert(self, table: str, rows: list[Row], batch: Batch) -> list[Row]:
        """Insert rows, all at once if they are good, and return those that got in."""
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
        """Give each episode that was printed without an index the one after the highest before it in its log."""
        highest: dict[tuple[int, int], int] = {}
        numbered = []
        for row in episodes:
            key = phase, agent = row[1], row[3]
            if key not in highest:
                found = self.connection.execute(
                    "SELECT max(ep_index) FROM episodes WHERE id >> 44 = ? AND phase = ? AND agent = ?",
                    (row[0] >> ATTEMPT_SHIFT, phase, agent),
                ).fetchone()[0]
                highest[key] = -1 if found is None else max(-1, found)
            ep_index = highest[key] + 1 if row[2] is None else row[2]
            highest[key] = max(highest[key], ep_index)
            numbered.append((*row[:2], ep_index, *row[3:]))
        return numbered

    def _filled(self, table: str, rows: list[Row]) -> tuple[str, Iterable[Row]]:
        """Return a statement, and the rows for it, without the columns in which there is nothing.

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
            found = self.connection.execute(f"PRAGMA table_info({table})").fetchall()
            names = self._columns[table] = [name for _, name, *_ in found]
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
        """Return what has been counted of a log."""
        row = self.connection.execute(
            "SELECT state, curve FROM rollups WHERE worker_no = ? AND attempt = ?", (worker_no, attempt)
        ).fetchone()
        return Rollup(row[0], row[1])

    def add_segment(self, worker_no: int, attempt: int, base: int, end: int, reason: str, rollup: Rollup) -> None:
        """Record that a segment of a log ends, inside a transaction.

        Args:
            worker_no: The worker.
            attempt: Its attempt.
            base: Logical offset of the segment's first byte.
            end: Logical offset after its last byte.
            reason: Why it ends.
            rollup: Of all up to there.
        """
        self.connection.execute(
            "INSERT OR REPLACE INTO segments VALUES (?,?,?,?,?,?)",
            (worker_no, attempt, base, end, reason, rollup.snapshot()),
        )

    def segments_end(self, worker_no: int, attempt: int) -> int:
        """Return the logical offset at which the last segment of a log ended, 0 where there was none."""
        (end,) = self.connection.execute(
            "SELECT coalesce(max(end), 0) FROM segments WHERE worker_no = ? AND attempt = ?", (worker_no, attempt)
        ).fetchone()
        return int(end)

    def note_batch(self, last: int, row: int, received_at: float) -> None:
        """Record, inside a transaction, that the rows up to `row` came in now.

        Args:
            last: The record that this one extends (of the same second), or -1.
            row: Highest row id of the batch.
            received_at: Unix time, seconds.
        """
        if last >= 0:
            self.connection.execute("UPDATE batches SET id = ? WHERE id = ?", (row, last))
        else:
            self.connection.execute("INSERT INTO batches VALUES (?,?)", (row, received_at))

    def checkpoint(self) -> bool:
        """Move what is in the write-ahead log into the database, as far as readers let it.

        Returns:
            Whether all of it could be moved.
        """
        with _disk(self.path):
            busy, log, moved = self.connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        return not busy and log == moved

    def finish(self, timeout_s: float = 5.0) -> bool:
        """Leave one file that anyone can read and copy, and close it.

        Args:
            timeout_s: How long to wait for readers.

        Returns:
            Whether that went well; if not (a reader did not let go), the data is whole, beside its ``-wal`` file.

        Raises:
            DiskFull: Nothing was lost; the store is still open.
            DatabaseGone: Its file was removed, replaced or damaged.
        """
        self.check_files()
        deadline = time.monotonic() + timeout_s
        self.connection.execute("PRAGMA busy_timeout = 100")
        while True:
            with contextlib.suppress(sqlite3.OperationalError), _disk(self.path):
                self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                if self.connection.execute("PRAGMA journal_mode = DELETE").fetchone()[0] == "delete":
                    break
            if time.monotonic() >= deadline:
                self.close()
                return False
            time.sleep(0.05)
        self._check_pages()
        self.close()
        if _inode(self.path) != self._files[0]:
            raise self._gone("", replaced=_inode(self.path) != 0)
        self._tell("finished")
        return True

    def _check_pages(self) -> None:
        """Look at what is on disk: pages that somebody wrote over may be whole in this process's memory."""
        self.connection.execute("PRAGMA shrink_memory")
        try:
            (found,) = self.connection.execute("PRAGMA quick_check(1)").fetchone()
        except sqlite3.DatabaseError as error:
            found = str(error)
        if found != "ok":
            raise DatabaseGone(
                f"{self.path.name} is damaged: {found}",
                where=str(self.path),
                why="another process wrote into it, or the disk is failing",
                next_step="nothing to do: the database is made anew from the logs",
            )

    def close(self) -> None:
        """Close the database as it is."""
        self.connection.close()

    def _tell(self, what: str, **values: object) -> None:
        extra = {"run_id": self._run_id, "path": str(self.path), **values}
        log_constant(logger, LOG_SERVICE_SQLITE_DEBUG, message=f"Telemetry database {what}", extra=extra)

    def _fenced(self) -> Fenced:
        return Fenced(
            "another telemetry proxy has taken over this run",
            where=str(self.path),
            why="the cursor was moved by another process",
            next_step="nothing to do: the other proxy goes on, and this one ends",
        )


def _inode(path: Path | str) -> int:
    """Return which file has a name, 0 where there is none."""
    try:
        return os.lstat(path).st_ino
    except OSError:
        return 0


@contextlib.contextmanager
def _disk(path: Path) -> Iterator[None]:
    """Tell a full disk from other faults of the database."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if not _is_full(error, path):
            raise
        raise DiskFull(
            "the disk is full: telemetry cannot be stored",
            where=str(path),
            why=str(error),
            next_step="free some room; nothing is lost, indexing goes on by itself",
        ) from error


def _is_full(error: sqlite3.OperationalError, path: Path) -> bool:
    text = str(error)
    if "full" in text:
        return True
    if "I/O error" not in text and "unable to open" not in text:
        return False
    room = os.statvfs(path.parent)
    return room.f_bavail * room.f_frsize < 1 << 20
