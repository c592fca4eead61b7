"""``registry.db``: one row a run, so that lists of thousands of runs never open the runs' own databases.

A cache of the run folders: delete it at any time, and the daemon's next start builds it anew. Only the daemon writes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from gym_gui.runs.states import TERMINAL, RunState
from gym_gui.runs.summary import CurvePoint, RunSummary
from gym_gui.trainer.home import DaemonHome

SCHEMA_VERSION = 1
#: Milliseconds that a statement waits for another connection's lock.
_BUSY_MS = 5000
_SCHEMA = """
CREATE TABLE runs (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  run_id TEXT NOT NULL UNIQUE,
  state TEXT NOT NULL,
  "group" TEXT NOT NULL,
  tags TEXT NOT NULL,
  report INTEGER NOT NULL,
  submitter TEXT NOT NULL,
  priority INTEGER NOT NULL,
  created_at REAL,
  summary BLOB NOT NULL,
  curves BLOB NOT NULL
);
CREATE INDEX runs_by_state ON runs (state, sequence);
CREATE INDEX runs_by_group ON runs ("group", sequence);
"""
_TERMINAL_SQL = ", ".join(f"'{state.value}'" for state in sorted(TERMINAL))
_curves_of = msgspec.msgpack.Decoder(list[list[CurvePoint]])
_summary_of = msgspec.msgpack.Decoder(RunSummary)
_encoder = msgspec.msgpack.Encoder()


class RegistryReader:
    """Reads a registry; made by :func:`open_registry_readonly` outside the daemon."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def get(self, run_id: str, *, curves: bool = True) -> RunSummary | None:
        """Return a run, or ``None``."""
        found = self._select("WHERE run_id = ?", [run_id], curves)
        return found[0] if found else None

    def list(
        self,
        *,
        limit: int | None = None,
        before: int | None = None,
        states: Iterable[RunState] | None = None,
        group: str | None = None,
        tag: str | None = None,
        curves: bool = False,
    ) -> Sequence[RunSummary]:
        """Return runs, the newest first.

        Args:
            limit: At most so many.
            before: Only runs whose sequence is below this (the last one of the page before).
            states: In these states only.
            group: Of this group only.
            tag: With this tag only.
            curves: With their workers' learning curves.
        """
        where: list[str] = []
        values: list[Any] = []
        if before is not None:
            where.append("sequence < ?")
            values.append(before)
        wanted = [state.value for state in states or ()]
        if wanted:
            where.append(f"state IN ({', '.join('?' * len(wanted))})")
            values += wanted
        if group:
            where.append('"group" = ?')
            values.append(group)
        if tag:
            where.append("EXISTS (SELECT 1 FROM json_each(tags) WHERE json_each.value = ?)")
            values.append(tag)
        clause = f"WHERE {' AND '.join(where)} " if where else ""
        values.append(-1 if limit is None else limit)
        return self._select(f"{clause}ORDER BY sequence DESC LIMIT ?", values, curves)

    def count(self) -> int:
        """Return the number of runs."""
        (number,) = self._db.execute("SELECT count(*) FROM runs").fetchone()
        return int(number)

    def run_ids(self, prefix: str = "") -> Sequence[str]:
        """Return the ids of the runs that begin with a prefix, the newest first."""
        rows = self._db.execute(
            "SELECT run_id FROM runs WHERE substr(run_id, 1, ?) = ? ORDER BY sequence DESC", (len(prefix), prefix)
        )
        return [run_id for (run_id,) in rows]

    def _select(self, clause: str, values: Iterable[Any], curves: bool) -> Sequence[RunSummary]:
        columns = "sequence, summary, curves" if curves else "sequence, summary, NULL"
        rows = self._db.execute(f"SELECT {columns} FROM runs {clause}", tuple(values))  # noqa: S608 - our own words
        return [_decode(*row) for row in rows]


class Registry(RegistryReader):
    """The registry as the daemon writes it.

    Args:
        path: The database; one that is damaged or of another version is replaced by an empty one.

    Raises:
        sqlite3.OperationalError: It cannot be opened now: there is no room, or somebody has locked it.
    """

    def __init__(self, path: Path) -> None:
        try:
            connection = _open(path)
        except sqlite3.OperationalError:
            raise  # nothing is wrong with what stands in it
        except sqlite3.DatabaseError:
            for suffix in ("", "-wal", "-shm"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
            connection = _open(path)
        super().__init__(connection)

    def add(self, run: RunSummary, *, submitter: str = "", priority: int = 0) -> RunSummary:
        """Enter a run and return it with its sequence number.

        Args:
            run: The run; a ``sequence`` of 0 means the next one.
            submitter: Who submitted it.
            priority: Runs of higher priority start first.
        """
        with self._db:
            cursor = self._db.execute(
                'INSERT OR REPLACE INTO runs (sequence, run_id, state, "group", tags, report, submitter, priority,'
                " created_at, summary, curves) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    run.sequence or None,
                    run.run_id,
                    run.state.value,
                    run.group,
                    msgspec.json.encode(run.tags).decode(),
                    run.report,
                    submitter,
                    priority,
                    run.created_at,
                    *_encode(run),
                ),
            )
        return msgspec.structs.replace(run, sequence=int(cursor.lastrowid or 0))

    def update(self, runs: Iterable[RunSummary]) -> None:
        """Store newer values of runs, in one transaction.

        An older report, and anything about a run that has ended, changes nothing.
        """
        with self._db:
            self._db.executemany(
                "UPDATE runs SET state = ?, tags = ?, report = ?, summary = ?, curves = ?"  # noqa: S608 - our own words
                f" WHERE run_id = ? AND report <= ? AND state NOT IN ({_TERMINAL_SQL})",
                [
                    (
                        run.state.value,
                        msgspec.json.encode(run.tags).decode(),
                        run.report,
                        *_encode(run),
                        run.run_id,
                        run.report,
                    )
                    for run in runs
                ],
            )

    def remove(self, run_ids: Iterable[str]) -> None:
        """Take runs out."""
        with self._db:
            self._db.executemany("DELETE FROM runs WHERE run_id = ?", [(run_id,) for run_id in run_ids])

    def reserve(self, count: int) -> int:
        """Set numbers aside for runs that are entered later; return the first of them.

        Args:
            count: How many; no run that is entered without a number gets one of them.
        """
        with self._db:
            row = self._db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'runs'").fetchone()
            first = int(row[0]) + 1 if row else 1
            statement = "UPDATE sqlite_sequence SET seq = ? WHERE name = 'runs'"
            if row is None:
                statement = "INSERT INTO sqlite_sequence (seq, name) VALUES (?, 'runs')"
            self._db.execute(statement, (first + count - 1,))
        return first


def open_registry_readonly(home: Path) -> RegistryReader | None:
    """Return a reader of a home's registry, or ``None`` if there is none that this version can read.

    Args:
        home: The home.
    """
    path = DaemonHome(home).registry
    if not path.exists():
        return None
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
    except sqlite3.Error:
        return None
    if version != SCHEMA_VERSION:
        connection.close()
        return None
    return RegistryReader(connection)


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, check_same_thread=False)
    try:
        connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        tables = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'runs'").fetchone()[0]
        if not tables and not version:
            with connection:
                connection.executescript(f"{_SCHEMA} PRAGMA user_version = {SCHEMA_VERSION};")
        elif version != SCHEMA_VERSION or not tables:
            raise sqlite3.DatabaseError(f"registry schema {version}")
        path.chmod(0o600)
    except BaseException:
        connection.close()
        raise
    return connection


def _encode(run: RunSummary) -> tuple[bytes, bytes]:
    bare = [msgspec.structs.replace(worker, curve=[]) for worker in run.workers]
    curves = [worker.curve for worker in run.workers]
    return _encoder.encode(msgspec.structs.replace(run, workers=bare)), _encoder.encode(curves)


def _decode(sequence: int, summary: bytes, curves: bytes | None) -> RunSummary:
    run = _summary_of.decode(summary)
    run.sequence = sequence
    if curves is not None:
        for worker, curve in zip(run.workers, _curves_of.decode(curves), strict=True):
            worker.curve = curve
    return run
