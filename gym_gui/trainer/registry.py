"""``registry.db``: one row a run, so that lists of thousands of runs never open the runs' own databases.

A cache of the run folders: delete it at any time, and the daemon's next start rebuilds it. Only the daemon writes.
Values carry checksums, so that no damage passes for a figure; a damaged file is renamed and rebuilt as well.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from gym_gui.logging_config.helpers import log_constant
from gym_gui.logging_config.log_constants import LOG_DAEMON_REGISTRY_REPLACED
from gym_gui.runs import EVERY_RUN, TERMINAL_STATES, RunFilter, RunSummary
from gym_gui.trainer.changes import Changes
from gym_gui.trainer.registry_damage import errors_of_sqlite, is_damage, rename_damaged, unusable
from gym_gui.trainer.registry_reader import (
    BUSY_MS,
    SCHEMA_VERSION,
    Curves,
    RegistryReader,
    encode_run,
    fault_of_registry,
)

logger = logging.getLogger(__name__)
T = TypeVar("T")

_SCHEMA = """
CREATE TABLE runs (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  run_id TEXT NOT NULL UNIQUE,
  state TEXT NOT NULL,
  "group" TEXT NOT NULL,
  tags TEXT NOT NULL,
  report INTEGER NOT NULL,
  created_at REAL,
  summary BLOB NOT NULL,
  curves BLOB NOT NULL
);
CREATE INDEX runs_by_state ON runs (state, sequence);
CREATE INDEX runs_by_group ON runs ("group", sequence);
"""
_TERMINAL_SQL = ", ".join(f"'{state.value}'" for state in sorted(TERMINAL_STATES))


class Registry(RegistryReader):
    """The registry as the daemon writes it. One thread at a time uses it.

    Whatever finds it damaged renames it (:attr:`replaced` tells how) and goes on with an empty one, which
    :attr:`refill` fills.

    Args:
        path: The database; one that is damaged or of another version is renamed.

    Raises:
        sqlite3.OperationalError: It cannot be opened now: there is no room, or another process has locked it.
        OSError: A damaged one cannot be renamed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.replaced: list[tuple[Path | None, str]] = []
        """Where damaged registries were put (``None``: there was no file), and what was wrong with them."""
        self.refill: Callable[[], None] = lambda: None
        """Enters the runs again; called with the lock held, where the damage was found."""
        self.changes = Changes()
        """Rows that were written or removed; told in the thread that wrote."""
        self._highest = 0
        self._open_again = False
        self._lock = threading.RLock()
        super().__init__(self._open_sound())
        self._inode = path.stat().st_ino

    def get(self, run_id: str, *, curves: bool = True) -> RunSummary | None:
        return self._sound(lambda: super(Registry, self).get(run_id, curves=curves))

    def list(self, wanted: RunFilter = EVERY_RUN, **page: Any) -> Sequence[RunSummary]:
        return self._sound(lambda: super(Registry, self).list(wanted, **page))

    def curves(self, run_ids: Iterable[str]) -> Curves:
        ids = [*run_ids]
        return self._sound(lambda: super(Registry, self).curves(ids))

    def get_all(self, run_ids: Iterable[str]) -> dict[str, RunSummary]:
        ids = [*run_ids]
        return self._sound(lambda: super(Registry, self).get_all(ids))

    def count(self) -> int:
        return self._sound(super().count)

    def run_ids(self, prefix: str = "") -> Sequence[str]:
        return self._sound(lambda: super(Registry, self).run_ids(prefix))

    def close(self) -> None:
        with self._lock:
            super().close()

    def replace(self, fault: str) -> None:
        """Rename the file and go on with an empty one, which is filled again.

        Args:
            fault: What is wrong with it.

        Raises:
            sqlite3.OperationalError: There can be no other now; the next use tries again.
        """
        with self._lock:
            with contextlib.suppress(sqlite3.Error):
                self._db.close()
            self._open_again = True
            self._replace(fault)
            self._reopen()

    def _sound(self, act: Callable[[], T]) -> T:
        """Return what an action on the database returns; one that finds damage is done again with a new database."""
        with self._lock:
            if self._open_again:
                self._reopen()
            try:
                with errors_of_sqlite():
                    return act()
            except sqlite3.Error as error:
                if not is_damage(error, self.path):
                    raise
                self.replace(str(error))
            return act()

    def _reopen(self) -> None:
        self._db = _open(self.path)
        self._inode = self.path.stat().st_ino
        self._open_again = False
        try:
            self.refill()
        except BaseException:  # there is no room, say: all of it again with the next use
            self._db.close()
            self._open_again = True
            raise

    def _open_sound(self) -> sqlite3.Connection:
        """Open the database once all of it was checked; one that is not sound is renamed."""
        fault = unusable(self.path)
        if not fault:
            try:
                with errors_of_sqlite():
                    connection = _open(self.path)
                try:
                    with errors_of_sqlite():
                        fault = fault_of_registry(connection)
                finally:
                    if fault:
                        connection.close()
                if not fault:
                    return connection
            except sqlite3.Error as error:
                if not is_damage(error, self.path):
                    raise
                fault = str(error)
        self._replace(fault)
        return _open(self.path)

    def _replace(self, fault: str) -> None:
        kept = rename_damaged(self.path)
        self.replaced.append((kept, fault))
        log_constant(logger, LOG_DAEMON_REGISTRY_REPLACED, extra={"fault": fault, "kept": str(kept)})

    def add(self, run: RunSummary) -> RunSummary:
        """Enter a run and return it with its sequence number.

        Args:
            run: The run; a ``sequence`` of 0 means the next one.
        """
        return self.enter([run])[0]

    def enter(self, runs: Iterable[RunSummary]) -> Sequence[RunSummary]:
        """Enter runs as :meth:`add` does, in one transaction."""
        given = list(runs)
        entered = self._sound(lambda: self._enter(given))
        self.changes.note([run.run_id for run in entered])
        return entered

    def _enter(self, runs: Sequence[RunSummary]) -> Sequence[RunSummary]:
        entered = []
        with self._db:
            for run in runs:
                cursor = self._db.execute(
                    'INSERT OR REPLACE INTO runs (sequence, run_id, state, "group", tags, report, created_at, summary,'
                    " curves) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        run.sequence or None,
                        run.run_id,
                        run.state.value,
                        run.group,
                        msgspec.json.encode(run.tags).decode(),
                        run.report,
                        run.created_at,
                        *encode_run(run),
                    ),
                )
                entered.append(msgspec.structs.replace(run, sequence=int(cursor.lastrowid or 0)))
        self._highest = max([self._highest, *(run.sequence for run in entered)])
        return entered

    def is_displaced(self) -> bool:
        """Return whether another file, or none, stands in the place of the one that is open."""
        if self._open_again:
            return False
        try:
            return self._inode != self.path.stat().st_ino
        except OSError:
            return True

    def update(self, runs: Iterable[RunSummary]) -> None:
        """Store newer values of runs, in one transaction.

        An older report, and anything about a run that has ended, changes nothing.
        """
        values = list(runs)
        self._sound(lambda: self._update(values))
        self.changes.note([run.run_id for run in values])

    def _update(self, runs: Sequence[RunSummary]) -> None:
        with self._db:
            self._db.executemany(
                "UPDATE runs SET state = ?, tags = ?, report = ?, summary = ?, curves = ?"  # noqa: S608 - our own words
                f" WHERE run_id = ? AND report <= ? AND state NOT IN ({_TERMINAL_SQL})",
                [
                    (
                        run.state.value,
                        msgspec.json.encode(run.tags).decode(),
                        run.report,
                        *encode_run(run),
                        run.run_id,
                        run.report,
                    )
                    for run in runs
                ],
            )

    def annotate(self, run: RunSummary) -> None:
        """Store a run with what users wrote about it, in whatever state it is.

        Args:
            run: Its present value.
        """
        tags, summary = msgspec.json.encode(run.tags).decode(), encode_run(run)[0]
        self._sound(lambda: self._annotate(run.run_id, tags, summary))
        self.changes.note([run.run_id])

    def _annotate(self, run_id: str, tags: str, summary: bytes) -> None:
        with self._db:
            self._db.execute("UPDATE runs SET tags = ?, summary = ? WHERE run_id = ?", (tags, summary, run_id))

    def free_number(self, created_at: float | None) -> int:
        """Return a number between the runs submitted before and after a moment; 0 if none is free.

        The number of a run that was archived is free: restored, it stands where it stood.

        Args:
            created_at: Unix time, seconds.
        """
        later = "SELECT min(sequence) FROM runs WHERE created_at > ?"
        (above,) = self._db.execute(later, (created_at,)).fetchone()
        if above is None:
            return 0
        (below,) = self._db.execute("SELECT max(sequence) FROM runs WHERE sequence < ?", (above,)).fetchone()
        return above - 1 if above - 1 > (below or 0) else 0

    def remove(self, run_ids: Iterable[str]) -> None:
        """Take runs out."""
        gone = [(run_id,) for run_id in run_ids]
        self._sound(lambda: self._remove(gone))
        self.changes.note([run_id for (run_id,) in gone])

    def _remove(self, run_ids: Sequence[tuple[str]]) -> None:
        with self._db:
            self._db.executemany("DELETE FROM runs WHERE run_id = ?", run_ids)

    def reserve(self, count: int) -> int:
        """Reserve numbers for runs that are entered later; return the first of them.

        Args:
            count: How many; no run that is entered without a number gets one of them.
        """
        return self._sound(lambda: self._reserve(count))

    def _reserve(self, count: int) -> int:
        with self._db:
            row = self._db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'runs'").fetchone()
            first = max(int(row[0]) if row else 0, self._highest) + 1
            statement = "UPDATE sqlite_sequence SET seq = ? WHERE name = 'runs'"
            if row is None:
                statement = "INSERT INTO sqlite_sequence (seq, name) VALUES (?, 'runs')"
            self._db.execute(statement, (first + count - 1,))
        self._highest = max(self._highest, first + count - 1)
        return first


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, check_same_thread=False)
    try:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        (program,) = connection.execute("PRAGMA application_id").fetchone()
        if program:
            raise sqlite3.DatabaseError(f"it is of another program: its application id is {program}")
        if not tables and not version:
            with connection:
                connection.executescript(f"{_SCHEMA} PRAGMA user_version = {SCHEMA_VERSION};")
        elif version != SCHEMA_VERSION or "runs" not in tables:
            raise sqlite3.DatabaseError(f"it is of schema {version}, not {SCHEMA_VERSION}")
        path.chmod(0o600)
    except BaseException:
        connection.close()
        raise
    return connection
