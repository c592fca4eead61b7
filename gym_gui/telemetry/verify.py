"""Holds a run's database against a recount of its raw logs: every line, every row, every count."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from gym_gui.runs.folder import RunFolder
from gym_gui.runs.plan_io import load_plan
from gym_gui.runs.summary import Ledger
from gym_gui.telemetry.errors import TelemetryError
from gym_gui.telemetry.logfile import (
    DAMAGED,
    LogRecord,
    compressed_path,
    dropped_record,
    file_sha256,
    is_compressed,
    log_size,
    logs_of,
    open_log,
    read_record,
)
from gym_gui.telemetry.reader import reading
from gym_gui.telemetry.recount import LineJudge, Record, raw_lines
from gym_gui.telemetry.rollup import Rollup
from gym_gui.telemetry.rowid import id_range, row_id

_PAGE = 20_000
_MAX_PROBLEMS = 20
_PAGE_DEADLINE_S = 60.0
_INT64_MAX = (1 << 63) - 1

#: What is compared of each table's rows, in the order of their ids.
_COMPARED = {
    "steps": "id, step_index, reward FROM steps",
    "episodes": "id, phase, ep_index, coalesce((SELECT name FROM names WHERE names.id = agent), ''), total_reward"
    " FROM episodes",
    "events": "id, event FROM events",
    "quarantine": "id FROM quarantine",
}


class LogReport(msgspec.Struct, kw_only=True):
    """One log."""

    worker_id: str
    """Empty: the supervisor's own."""
    attempt: int
    path: str
    recounted: Ledger
    """From the raw log, as far as the database had read it."""
    database: Ledger
    """What the database says of the same stretch."""
    base: int = 0
    """Logical offset at which the present file begins: not 0 after a truncation."""
    unread_bytes: int = 0
    """Of the log, after what the database has read."""
    sealed_segments: int = 0
    """Files of this log that were truncated or replaced: their rows cannot be recounted any more."""
    compressed: bool = False
    dropped: LogRecord | None = None
    """The log was dropped after it had been recounted: what was counted then is compared."""
    problems: list[str] = []


class VerifyReport(msgspec.Struct, kw_only=True):
    """The whole run."""

    run_id: str
    ok: bool
    complete: bool
    """Whether the database has read all there is. (A run that goes on is verified as far as it has been read.)"""
    ledger: Ledger
    """Recounted, the supervisor's log aside."""
    logs: list[LogReport]
    problems: list[str] = []

    def to_dict(self) -> dict[str, Any]:
        """Return the report as a JSON-ready dict."""
        built: dict[str, Any] = msgspec.to_builtins(self)
        return built


def verify_run(folder: RunFolder, *, progress: Callable[[int, int], None] | None = None) -> VerifyReport:
    """Recount a run's raw logs and compare with its database.

    Args:
        folder: The run's folder. The run may still go on.
        progress: Called now and then with bytes done and bytes in all.

    Raises:
        MosaicError: There is no such run, or its database is missing or cannot be read.
    """
    plan = load_plan(folder)
    if not folder.database.exists():
        raise TelemetryError(
            f"run {folder.run_id} has no telemetry database",
            where=str(folder.database),
            why="it never started, or the file was removed",
            next_step=f"mosaic runs reindex {folder.run_id}",
        )
    with reading(folder.database, _PAGE_DEADLINE_S) as connection:
        connection.execute("BEGIN")
        sources = connection.execute(
            "SELECT worker_no, attempt, worker_id, path, off, base, overlong, closed, lines, stored, log, quarantined,"
            " records, dropped, sampled FROM cursors JOIN rollups USING (worker_no, attempt)"
            " ORDER BY worker_no, attempt"
        ).fetchall()
        sealed = connection.execute("SELECT worker_no, attempt, rollup FROM segments ORDER BY base").fetchall()
    before = {(number, attempt): _sealed_ledger(blob) for number, attempt, blob in sealed}
    total = sum(off - base for _, _, _, _, off, base, *_ in sources)
    done = 0
    logs = []
    for number, attempt, worker_id, path, off, base, overlong, closed, *counts in sources:
        said = Ledger(**dict(zip(Ledger.__struct_fields__, counts, strict=True)))
        report = LogReport(
            worker_id=worker_id if number else "",
            attempt=attempt,
            path=path,
            base=base,
            recounted=Ledger(),
            database=_difference(said, before.get((number, attempt), Ledger())),
            sealed_segments=sum(1 for entry in sealed if entry[:2] == (number, attempt)),
        )
        check = _LogCheck(folder, plan.run_id, number, report, _shifted(progress, done, total))
        check.run(base, off if overlong is None else overlong, closed=bool(closed), read_to=off)
        done += off - base
        logs.append(report)
    problems = _unknown_logs(folder, {report.path for report in logs})
    ledger = Ledger()
    for report in logs:
        if report.worker_id:
            _add(ledger, report.recounted)
    return VerifyReport(
        run_id=plan.run_id,
        ok=not problems and not any(report.problems for report in logs),
        complete=not problems and not any(report.unread_bytes for report in logs),
        ledger=ledger,
        logs=logs,
        problems=problems,
    )


class _LogCheck:
    """Recounts one log and compares row by row; nothing of it is held in memory."""

    def __init__(
        self, folder: RunFolder, run_id: str, worker_no: int, report: LogReport, progress: Callable[[int], None]
    ) -> None:
        self._progress = progress
        self._folder = folder
        self._report = report
        self._worker_no = worker_no
        self._judge = LineJudge(run_id, supervisor=worker_no == 0)
        self._origin = row_id(worker_no, report.attempt, 0)
        # Episodes seen, on disk where there are many: the database's own index is not to be trusted here.
        self._seen = sqlite3.connect("", isolation_level=None)
        self._seen.execute("PRAGMA synchronous = OFF")
        self._seen.execute(
            "CREATE TABLE seen (phase, ep_index, agent, PRIMARY KEY (phase, agent, ep_index)) WITHOUT ROWID"
        )

    def run(self, base: int, end: int, *, closed: bool, read_to: int) -> None:
        path = self._folder.path / self._report.path
        dropped = dropped_record(path)
        if dropped is not None:
            self._compare_dropped(dropped, base, end)
            return
        size = self._compressed_size(path) if is_compressed(path) else log_size(path)
        self._report.unread_bytes = max(0, base + size - read_to)
        if base + size < read_to:
            self._problem(f"the log is {read_to - base - size} bytes shorter than what was read of it")
        elif closed and self._report.unread_bytes:
            self._problem(f"the log grew by {self._report.unread_bytes} bytes after its attempt had ended")
        self._load_seen(base)
        rows = {table: self._rows(table, base, end) for table in _COMPARED}
        metrics = _Signature()
        self._seen.execute("BEGIN")
        if size:
            with open_log(path) as stream, self._undamaged(path):
                for number, line in enumerate(raw_lines(stream, base, end)):
                    if line.torn and not closed:
                        break  # only part of it was there
                    records = self._judge.judge(line)
                    self._compare(records, rows, metrics)
                    if number % 10_000 == 0:
                        self._progress(line.offset - base)
        for table, left in rows.items():
            for row in itertools.islice(left, 3):
                self._problem(f"{table}: a row at byte {row[0] - self._origin} that the log does not have")
        self._compare_metrics(metrics, base, end)
        self._seen.close()
        self._compare_ledgers("the log has")

    def _compare_ledgers(self, source: str) -> None:
        for name in Ledger.__struct_fields__:
            found, said = getattr(self._report.recounted, name), getattr(self._report.database, name)
            if found != said:
                self._problem(f"{name}: {source} {found}, the database says {said}")
        if not self._report.database.balanced:
            self._problem("the database's ledger does not balance")

    def _compare_dropped(self, record: LogRecord, base: int, end: int) -> None:
        """Compare with what was counted when the log was dropped: nobody can recount it any more."""
        self._seen.close()
        self._report.dropped = record
        self._report.recounted = record.ledger or Ledger()
        self._compare_ledgers("the log had")
        if end - base != record.bytes:
            self._problem(f"the log had {record.bytes} bytes, the database says that it read {end - base} of it")
        counted = count_rows(self._folder, self._origin + base, self._origin + end)
        for table, count in record.rows.items():
            if counted[table] != count:
                self._problem(f"{table}: there were {count} rows when the log was dropped, now {counted[table]}")

    def _compressed_size(self, path: Path) -> int:
        self._report.compressed = True
        record, sizes = read_record(path), [0]
        with self._undamaged(path):
            if record is not None and file_sha256(compressed_path(path)) != record.compressed_sha256:
                self._problem("the compressed log is not the file that was written: its hash differs")
            sizes.append(log_size(path))
        return sizes[-1]

    @contextlib.contextmanager
    def _undamaged(self, path: Path) -> Iterator[None]:
        """Tell of a compressed log that cannot be unpacked as of any other problem."""
        try:
            yield
        except DAMAGED as error:
            self._problem(f"{compressed_path(path).name} is damaged: {error}")

    def _compare(
        self, records: list[Record] | None, rows: dict[str, Iterator[tuple[Any, ...]]], metrics: _Signature
    ) -> None:
        ledger = self._report.recounted
        ledger.lines += 1
        if records is None:
            ledger.log += 1
            return
        stored = 0
        for record in records:
            row = self._origin + record.offset
            ledger.dropped = min(ledger.dropped + record.dropped, _INT64_MAX)
            ledger.sampled = min(ledger.sampled + record.sampled, _INT64_MAX)
            table, values = record.table, record.values
            if table == "episodes" and values[1] is None:
                values = self._numbered(values)
            if not table or (table == "episodes" and not self._is_new(values)):
                self._expect("quarantine", (row,), rows)
                continue
            stored += 1
            if table == "metrics":
                metrics.add(row, *values)
            else:
                self._expect(table, (row, *values), rows)
        ledger.records += stored
        if stored:
            ledger.stored += 1
        else:
            ledger.quarantined += 1

    def _expect(self, table: str, expected: tuple[Any, ...], rows: dict[str, Iterator[tuple[Any, ...]]]) -> None:
        found = next(rows[table], None)
        while found is not None and found[0] < expected[0]:
            self._problem(f"{table}: a row at byte {found[0] - self._origin} that the log does not have")
            found = next(rows[table], None)
        if found == expected:
            return
        place = expected[0] - self._origin
        if found is not None and found[0] == expected[0]:
            self._problem(f"{table}: the row at byte {place} holds {found[1:]}, the log says {expected[1:]}")
            return
        self._problem(f"{table}: no row for byte {place} of the log")
        if found is not None:
            rows[table] = itertools.chain([found], rows[table])

    def _compare_metrics(self, expected: _Signature, base: int, end: int) -> None:
        found = _Signature()
        with reading(self._folder.database, 24 * 3600.0) as connection:
            names = connection.execute("SELECT id, name FROM names").fetchall()
        for number, name in names:
            for row, step, value in self._pages(
                f"id, step, value FROM metrics WHERE name = {int(number)} AND", base, end
            ):
                found.add(row, step, {name: value})
        if found != expected:
            self._problem(f"metrics: the log has {expected.count} values, the database {found.count}, or they differ")

    def _rows(self, table: str, base: int, end: int) -> Iterator[tuple[Any, ...]]:
        return self._pages(_COMPARED[table] + " WHERE", base, end)

    def _pages(self, query: str, base: int, end: int) -> Iterator[tuple[Any, ...]]:
        """Yield rows of a stretch of the log, a page at a time, the database never open in between."""
        after, last = self._origin + base - 1, self._origin + end - 1
        while True:
            with reading(self._folder.database, _PAGE_DEADLINE_S) as connection:
                page = connection.execute(
                    f"SELECT {query} id > ? AND id <= ? ORDER BY id LIMIT {_PAGE}",
                    (after, last),
                ).fetchall()
            yield from page
            if len(page) < _PAGE:
                return
            after = page[-1][0]

    def _load_seen(self, base: int) -> None:
        """Enter the episodes of sealed segments: those after them may not repeat them."""
        first = id_range(self._worker_no, self._report.attempt)[0]
        if base:
            with reading(self._folder.database, 24 * 3600.0) as connection:
                self._seen.executemany(
                    "INSERT OR IGNORE INTO seen VALUES (?,?,?)",
                    connection.execute(
                        "SELECT phase, ep_index, coalesce((SELECT name FROM names WHERE names.id = agent), '')"
                        " FROM episodes WHERE id >= ? AND id < ?",
                        (first, first + base),
                    ),
                )

    def _is_new(self, episode: tuple[Any, ...]) -> bool:
        if episode[1] > _INT64_MAX:
            return False  # no number is left for an episode without an index
        return self._seen.execute("INSERT OR IGNORE INTO seen VALUES (?,?,?)", episode[:3]).rowcount == 1

    def _numbered(self, episode: tuple[Any, ...]) -> tuple[Any, ...]:
        """Give an episode without an index the one after the highest before it."""
        phase, _, agent = episode[:3]
        found = self._seen.execute("SELECT max(ep_index) FROM seen WHERE phase = ? AND agent = ?", (phase, agent))
        highest = found.fetchone()[0]
        return (phase, 0 if highest is None else max(highest, -1) + 1, *episode[2:])

    def _problem(self, text: str) -> None:
        if len(self._report.problems) < _MAX_PROBLEMS:
            self._report.problems.append(text)
        elif len(self._report.problems) == _MAX_PROBLEMS:
            self._report.problems.append("and more")


def count_rows(folder: RunFolder, first: int, end: int) -> dict[str, int]:
    """Return how many rows of each table have ids from `first` to before `end`."""
    tables = (*_COMPARED, "metrics")
    with reading(folder.database, 24 * 3600.0) as connection:
        return {
            table: connection.execute(
                f"SELECT count(*) FROM {table} WHERE id >= ? AND id < ?",  # noqa: S608 - our own table names
                (first, end),
            ).fetchone()[0]
            for table in tables
        }


class _Signature:
    """A sum over values in whatever order: equal sums, equal values."""

    def __init__(self) -> None:
        self.count = 0
        self._sum = 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Signature) and (self.count, self._sum) == (other.count, other._sum)

    __hash__ = None  # type: ignore[assignment]

    def add(self, row: int, step: int | None, values: dict[str, float | None]) -> None:
        for name, value in values.items():
            self.count += 1
            digest = hashlib.blake2b(f"{row}\0{step}\0{name}\0{value!r}".encode(), digest_size=8).digest()
            self._sum = (self._sum + int.from_bytes(digest, "little")) & ((1 << 64) - 1)


def _shifted(progress: Callable[[int, int], None] | None, done: int, total: int) -> Callable[[int], None]:
    return lambda here: None if progress is None else progress(done + here, total)


def _sealed_ledger(snapshot: bytes) -> Ledger:
    counts = Rollup.from_snapshot(snapshot).counts
    return Ledger(**{name: getattr(counts, name) for name in Ledger.__struct_fields__})


def _difference(one: Ledger, other: Ledger) -> Ledger:
    return Ledger(**{name: getattr(one, name) - getattr(other, name) for name in Ledger.__struct_fields__})


def _add(total: Ledger, part: Ledger) -> None:
    for name in Ledger.__struct_fields__:
        setattr(total, name, getattr(total, name) + getattr(part, name))


def _unknown_logs(folder: RunFolder, known: set[str]) -> list[str]:
    return [
        f"{path.relative_to(folder.path)}: this log is not in the database"
        for path in logs_of(folder)
        if str(path.relative_to(folder.path)) not in known and log_size(path)
    ]
