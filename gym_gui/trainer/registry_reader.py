"""Reads ``registry.db``, and tells whether it is sound: in the daemon, and beside it."""

from __future__ import annotations

import contextlib
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from gym_gui.runs import EVERY_RUN, CurvePoint, RunFilter, RunSummary
from gym_gui.trainer.home import DaemonHome
from gym_gui.trainer.registry_damage import errors_of_sqlite, fault_of, is_damage, misplaced, unusable

SCHEMA_VERSION = 2
_COLUMNS = ("sequence", "run_id", "state", "group", "tags", "report", "created_at", "summary", "curves")
#: Milliseconds that a statement waits for another connection's lock.
BUSY_MS = 5000
_SEAL_BYTES = 4
_PAGE = 500
#: A number that no home will reach.
_LARGEST_SEQUENCE = 1 << 53
Curves = dict[str, list[list[CurvePoint]]]
"""By run id: the learning curves of the run's workers."""
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
        wanted: RunFilter = EVERY_RUN,
        *,
        limit: int | None = None,
        before: int | None = None,
        curves: bool = False,
    ) -> Sequence[RunSummary]:
        """Return runs, the newest first.

        Args:
            wanted: Which runs.
            limit: At most so many.
            before: Only runs whose sequence is below this (the last one of the page before).
            curves: With their workers' learning curves.
        """
        if not wanted.worker:
            return self._page(wanted, limit, before, curves)
        found: list[RunSummary] = []
        while limit is None or len(found) < limit:  # the kinds of a run's workers have no column of their own
            page = self._page(wanted, _PAGE, before, curves)
            found += filter(wanted.matches, page)
            if len(page) < _PAGE:
                break
            before = page[-1].sequence
        return found[:limit]

    def _page(self, wanted: RunFilter, limit: int | None, before: int | None, curves: bool) -> Sequence[RunSummary]:
        where: list[str] = []
        values: list[Any] = []
        if before is not None:
            where.append("sequence < ?")
            values.append(before)
        if wanted.states:
            where.append(f"state IN ({', '.join('?' * len(wanted.states))})")
            values += [state.value for state in wanted.states]
        if wanted.group:
            where.append('"group" = ?')
            values.append(wanted.group)
        if wanted.tag:
            where.append("EXISTS (SELECT 1 FROM json_each(tags) WHERE json_each.value = ?)")
            values.append(wanted.tag)
        clause = f"WHERE {' AND '.join(where)} " if where else ""
        values.append(-1 if limit is None else limit)
        return self._select(f"{clause}ORDER BY sequence DESC LIMIT ?", values, curves)

    def count(self) -> int:
        """Return the number of runs."""
        with errors_of_sqlite():
            (number,) = self._db.execute("SELECT count(*) FROM runs").fetchone()
        return int(number)

    def run_ids(self, prefix: str = "") -> Sequence[str]:
        """Return the ids of the runs that begin with a prefix, the newest first."""
        with errors_of_sqlite():
            rows = self._db.execute(
                "SELECT run_id FROM runs WHERE substr(run_id, 1, ?) = ? ORDER BY sequence DESC", (len(prefix), prefix)
            )
            return [run_id for (run_id,) in rows]

    def get_all(self, run_ids: Iterable[str]) -> dict[str, RunSummary]:
        """Return runs by id, without curves; those that it does not have are left out."""
        return {
            run.run_id: run
            for some, marks in _batches(run_ids)
            for run in self._select(f"WHERE run_id IN ({marks})", some, curves=False)
        }

    def curves(self, run_ids: Iterable[str]) -> Curves:
        """Return the learning curves of runs' workers, by run id; runs that it does not have are left out.

        Args:
            run_ids: The runs.
        """
        found = {}
        for some, marks in _batches(run_ids):
            with errors_of_sqlite():
                rows = self._db.execute(f"SELECT run_id, curves FROM runs WHERE run_id IN ({marks})", some)  # noqa: S608 - question marks
                found.update({run_id: _decode_curves(run_id, curves) for run_id, curves in rows})
        return found

    def _select(self, clause: str, values: Iterable[Any], curves: bool) -> Sequence[RunSummary]:
        columns = "sequence, summary, curves" if curves else "sequence, summary, NULL"
        with errors_of_sqlite():
            rows = self._db.execute(f"SELECT {columns} FROM runs {clause}", tuple(values))  # noqa: S608 - our own words
            return [_decode(*row) for row in rows]


def open_registry_readonly(home: Path) -> RegistryReader | None:
    """Return a reader of a home's registry, or ``None`` if there is none that this version can read.

    Args:
        home: The home.
    """
    path = DaemonHome(home).registry
    if misplaced(path) or not path.exists():
        return None
    try:
        with errors_of_sqlite():
            connection = _open_readonly(path)
    except sqlite3.Error:
        return None
    try:
        with errors_of_sqlite():
            (version,) = connection.execute("PRAGMA user_version").fetchone()
    except sqlite3.Error:
        version = None
    if version != SCHEMA_VERSION:
        connection.close()
        return None
    return RegistryReader(connection)


def examine_registry(path: Path) -> str:
    """Return what is wrong with a registry that another process may be using, ``""`` if nothing or if there is none.

    Raises:
        sqlite3.OperationalError: It cannot be checked now.
    """
    fault = unusable(path)
    if fault or not path.exists():
        return fault
    try:
        with errors_of_sqlite(), contextlib.closing(_open_readonly(path)) as connection:
            return fault_of_registry(connection)
    except sqlite3.Error as error:
        if not is_damage(error, path):
            raise
        return str(error)


def fault_of_registry(connection: sqlite3.Connection) -> str:
    """Return what is wrong with a registry, looking at all of it; ``""`` if nothing.

    Raises:
        sqlite3.Error: It cannot be checked; the error may itself show damage.
    """
    fault = fault_of(connection)
    if fault:
        return fault
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version != SCHEMA_VERSION:
        return f"it is of schema {version}, not {SCHEMA_VERSION}"
    columns = tuple(name for (name,) in connection.execute("SELECT name FROM pragma_table_info('runs')"))
    if columns != _COLUMNS:
        return f"its columns are {', '.join(columns)}"
    highest = 0
    for sequence, run_id, state, summary, curves in connection.execute(
        "SELECT sequence, run_id, state, summary, curves FROM runs"
    ):
        run = _decode(sequence, summary, curves)
        if (run.run_id, run.state.value) != (run_id, state):
            return f"row {sequence} is not that of its run"
        highest = max(highest, sequence)
    for (last,) in connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'runs'"):
        if type(last) is not int or not highest <= last < _LARGEST_SEQUENCE:
            return f"the last number given is {last!r}"
    return ""


def _open_readonly(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
    return connection


def encode_run(run: RunSummary) -> tuple[bytes, bytes]:
    """Return a run as its row keeps it: without curves, and its curves."""
    bare = [msgspec.structs.replace(worker, curve=[]) for worker in run.workers]
    curves = [worker.curve for worker in run.workers]
    return _sealed(_encoder.encode(msgspec.structs.replace(run, workers=bare))), _sealed(_encoder.encode(curves))


def _decode(sequence: int, summary: bytes, curves: bytes | None) -> RunSummary:
    try:
        run = _summary_of.decode(_unsealed(summary))
        run.sequence = sequence
        if curves is not None:
            for worker, curve in zip(run.workers, _curves_of.decode(_unsealed(curves)), strict=True):
                worker.curve = curve
    except (ValueError, TypeError) as error:  # msgspec's errors are ValueErrors
        raise sqlite3.DatabaseError(f"row {sequence} is damaged: {error}") from None
    return run


def _batches(run_ids: Iterable[str]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield some run ids after the other, each with as many question marks."""
    ids = tuple(dict.fromkeys(run_ids))
    for start in range(0, len(ids), _PAGE):
        some = ids[start : start + _PAGE]
        yield some, ", ".join("?" * len(some))


def _decode_curves(run_id: str, curves: bytes) -> list[list[CurvePoint]]:
    try:
        return _curves_of.decode(_unsealed(curves))
    except (ValueError, TypeError) as error:
        raise sqlite3.DatabaseError(f"the curves of run {run_id} are damaged: {error}") from None


def _sealed(data: bytes) -> bytes:
    """Return a value behind its checksum."""
    return zlib.crc32(data).to_bytes(_SEAL_BYTES, "big") + data


def _unsealed(sealed: bytes) -> bytes:
    data = sealed[_SEAL_BYTES:]
    if zlib.crc32(data).to_bytes(_SEAL_BYTES, "big") != sealed[:_SEAL_BYTES]:
        raise ValueError("its checksum is wrong")
    return data
