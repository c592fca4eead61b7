"""Recounts one log and holds the database against it: every row, every column, every count."""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from gym_gui.core.regular_files import kind_of, open_stream
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.summary import Ledger
from gym_gui.telemetry.batch import Batch, why_episode_refused
from gym_gui.telemetry.compared import COMPARED, Signature, same, stored_rows, stored_signature
from gym_gui.telemetry.decode import LineDecoder
from gym_gui.telemetry.limits import EXCERPT_BYTES, MAX_INDEX
from gym_gui.telemetry.logfile import (
    DAMAGED,
    LogRecord,
    compressed_path,
    dropped_record,
    file_sha256,
    is_compressed,
    log_size,
    open_log,
    read_record,
)
from gym_gui.telemetry.names import MemoryNames
from gym_gui.telemetry.reader import reading
from gym_gui.telemetry.recount import LineJudge, RawLine, Record, raw_lines
from gym_gui.telemetry.rollup import Rollup
from gym_gui.telemetry.rowid import id_range, row_id
from gym_gui.telemetry.segments import Segment

_MAX_PROBLEMS = 20
_CHUNK = 96 << 10
_Rows = dict[str, Iterator[tuple[Any, ...]]]


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
    """Stretches of this log that ended because it was renamed, replaced or truncated."""
    recounted_segments: int = 0
    """Those of them that are kept, and were recounted."""
    gaps: int = 0
    """How often something may have been printed into it that nobody could read."""
    compressed: bool = False
    dropped: LogRecord | None = None
    """The log was dropped after it had been recounted: what was counted then is compared."""
    problems: list[str] = []


class StoredLog(NamedTuple):
    """What the database says of one log."""

    worker_no: int
    attempt: int
    worker_id: str
    path: str
    off: int
    base: int
    overlong: int | None
    closed: int
    state: bytes
    curve: bytes
    lines: int
    stored: int
    log: int
    quarantined: int
    records: int
    dropped: int
    sampled: int
    episodes: int
    steps: int
    last_event: str


class LogCheck:
    """One log. Nothing of it is held in memory but a piece.

    Args:
        folder: The run's folder.
        run_id: Of the run.
        log: What the database says of the log.
        segments: What of the log is to be recounted before its present file, in order.
        begun: Logical offset at which the reading of the present file began.
        before: What had been counted of it before all that is recounted.
        progress: Called now and then with the bytes done.
        current: Whether the database was made by the rules of this version, so that its comments on what is
            quarantined, and its rollups, must be those of this version.
    """

    def __init__(
        self,
        folder: RunFolder,
        run_id: str,
        log: StoredLog,
        segments: list[Segment],
        begun: int,
        before: Rollup,
        progress: Callable[[int], None],
        *,
        current: bool,
    ) -> None:
        self.report = LogReport(
            worker_id=log.worker_id if log.worker_no else "",
            attempt=log.attempt,
            path=log.path,
            base=segments[0].base if segments else begun,
            recounted_segments=len(segments),
            recounted=Ledger(),
            database=Ledger(
                **{name: getattr(log, name) - getattr(before.counts, name) for name in Ledger.__struct_fields__}
            ),
        )
        self._progress = progress
        self._folder = folder
        self._log = log
        self._segments = segments
        self._begun = begun
        self._current = current
        self._judge = LineJudge(run_id, log.worker_id, supervisor=log.worker_no == 0)
        self._origin = row_id(log.worker_no, log.attempt, 0)
        # For what no second reader tells: why something is quarantined, and what it all amounts to.
        self._names = MemoryNames()
        self._decoder = LineDecoder(run_id, log.worker_id, self._names, self._origin, any_event=log.worker_no == 0)
        self._rollup = before.copy()
        # Episodes seen, on disk where there are many: the database's own index is not to be trusted here.
        self._seen = sqlite3.connect("", isolation_level=None)
        self._seen.execute("PRAGMA synchronous = OFF")
        self._seen.execute(
            "CREATE TABLE seen (phase, ep_index, agent, PRIMARY KEY (phase, agent, ep_index)) WITHOUT ROWID"
        )

    def run(self) -> None:
        """Recount, compare, and enter what is found in the report."""
        log = self._log
        end = log.off if log.overlong is None else log.overlong
        path = self._folder.path / log.path
        dropped = dropped_record(path)
        if dropped is not None:
            self._compare_dropped(dropped, self.report.base, end)
            return
        kind = kind_of(path)
        if kind:
            self._problem(f"{path.name} is {kind}, not a file")
            return
        size = self._compressed_size(path) if is_compressed(path) else log_size(path)
        self.report.unread_bytes = max(0, log.base + size - log.off)
        if log.base + size < log.off:
            self._problem(f"the log is {log.off - log.base - size} bytes shorter than what was read of it")
        elif log.closed and self.report.unread_bytes:
            self._problem(f"the log grew by {self.report.unread_bytes} bytes after its attempt had ended")
        begin = self.report.base
        self._load_seen(begin)
        first, last = self._origin + begin, self._origin + end
        rows = {table: stored_rows(self._folder.database, table, first, last) for table in COMPARED}
        metrics = Signature()
        self._seen.execute("BEGIN")
        for segment in self._segments:
            part = path.parent / segment.part
            with self._undamaged(part), open_stream(part) as stream:
                stream.seek(segment.start)
                self._recount(raw_lines(stream, segment.base, segment.byte_offset), rows, metrics, ended=True)
        if size:
            with self._undamaged(path), open_log(path) as stream:
                stream.seek(self._begun - log.base)
                self._recount(raw_lines(stream, self._begun, end), rows, metrics, ended=bool(log.closed))
        for table, left in rows.items():
            for row in itertools.islice(left, 3):
                self._problem(f"{table}: a row at byte {row[0] - self._origin} that the log does not have")
        found = stored_signature(self._folder.database, first, last)
        if found != metrics:
            self._problem(f"metrics: the log has {metrics.count} values, the database {found.count}, or they differ")
        self._seen.close()
        self._compare_ledgers("the log has")
        if self._current:
            self._compare_rollup()

    def _recount(self, lines: Iterator[RawLine], rows: _Rows, metrics: Signature, *, ended: bool) -> None:
        for chunk in _chunks(lines, ended=ended):
            self._take(chunk, rows, metrics)
            self._progress(chunk[-1].offset - self.report.base)

    def _take(self, lines: list[RawLine], rows: _Rows, metrics: Signature) -> None:
        """Compare the rows of some lines."""
        batch = self._decoded(lines)
        comments = _Comments(batch)
        for line in lines:
            self._compare(line, self._judge.judge(line), rows, metrics, comments)
        if batch.counts.lines:
            self._rollup.add(batch, self._names.name)

    def _decoded(self, lines: list[RawLine]) -> Batch:
        if not self._current:
            return Batch()
        (first, *_), last = lines, lines[-1]
        if first.data is None:
            return self._decoder.overlong(first.offset, first.length)
        data = b"\n".join(line.data or b"" for line in lines) + (b"" if last.torn else b"\n")
        return self._decoder.decode(data, first.offset, torn=last.torn)

    def _compare_ledgers(self, source: str) -> None:
        for name in Ledger.__struct_fields__:
            found, said = getattr(self.report.recounted, name), getattr(self.report.database, name)
            if found != said:
                self._problem(f"{name}: {source} {found}, the database says {said}")
        if not self.report.database.balanced:
            self._problem("the database's ledger does not balance")

    def _compare_rollup(self) -> None:
        log, expected = self._log, self._rollup.columns()
        try:
            said = Rollup(log.state, log.curve).columns()
        except msgspec.MsgspecError as error:
            self._problem(f"the figures of the run cannot be read: {error}")
            return
        said |= {name: getattr(log, name) for name in ("episodes", "steps", "last_event")}
        for name in ("episodes", "steps", "last_event"):
            if said[name] != expected[name]:
                self._problem(f"{name}: the log has {expected[name]!r}, the database says {said[name]!r}")
        if (said["state"], said["curve"]) != (expected["state"], expected["curve"]):
            self._problem("the figures of the run (returns, curve, last events) are not those of the log")

    def _compare_dropped(self, record: LogRecord, base: int, end: int) -> None:
        """Compare with what was counted when the log was dropped: nobody can recount it any more."""
        self._seen.close()
        self.report.dropped = record
        self.report.recounted = record.ledger or Ledger()
        self._compare_ledgers("the log had")
        if end - base != record.bytes:
            self._problem(f"the log had {record.bytes} bytes, the database says that it read {end - base} of it")
        counted = count_rows(self._folder, self._origin + base, self._origin + end)
        for table, count in record.rows.items():
            if counted[table] != count:
                self._problem(f"{table}: there were {count} rows when the log was dropped, now {counted[table]}")

    def _compressed_size(self, path: Path) -> int:
        self.report.compressed = True
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
        except OSError as error:
            self._problem(f"{path.name} cannot be read: {error.strerror or error}")

    def _compare(
        self, line: RawLine, records: list[Record] | None, rows: _Rows, metrics: Signature, comments: _Comments
    ) -> None:
        ledger = self.report.recounted
        ledger.lines += 1
        if records is None:
            ledger.log += 1
            return
        stored = 0
        for record in records:
            row = self._origin + record.offset
            ledger.dropped = min(ledger.dropped + record.dropped, MAX_INDEX)
            ledger.sampled = min(ledger.sampled + record.sampled, MAX_INDEX)
            table, values = record.table, record.values
            if table == "episodes":
                numbered = self._numbered(values)
                if not self._is_new(numbered):
                    comments.refuse(row, *why_episode_refused(*numbered[:2]))
                    table = ""
                values = numbered
            if not table:
                self._expect_quarantined(line, record, row, rows, comments)
                continue
            stored += 1
            if table == "metrics":
                step, numbers, time, extra = values
                for name, value in numbers.items():
                    metrics.add(row, step, name, value, time)
                if extra is not None:
                    self._expect("metric_extras", (row, extra), rows)
            else:
                self._expect(table, (row, *values), rows)
        ledger.records += stored
        if stored:
            ledger.stored += 1
        else:
            ledger.quarantined += 1

    def _expect_quarantined(self, line: RawLine, record: Record, row: int, rows: _Rows, comments: _Comments) -> None:
        found = self._next("quarantine", row, rows)
        if found is None:
            return
        expected = comments.of(row)
        if expected is None:  # an earlier version's: its length and beginning at least are the log's
            data = (line.data or b"")[record.offset - line.offset :]
            good = found[4] == data[: min(found[1], EXCERPT_BYTES)] and found[1] <= line.length
        else:
            good = found[1:] == expected
        if not good:
            self._problem(f"quarantine: the row at byte {record.offset} holds {found[1:4]}, the log says {expected}")

    def _expect(self, table: str, expected: tuple[Any, ...], rows: _Rows) -> None:
        found = self._next(table, expected[0], rows)
        if found is not None and not same(table, found, expected):
            place = expected[0] - self._origin
            self._problem(f"{table}: the row at byte {place} holds {found[1:]}, the log says {expected[1:]}")

    def _next(self, table: str, row: int, rows: _Rows) -> tuple[Any, ...] | None:
        """Return the stored row that a record of the log must have; ``None`` where there is none."""
        found = next(rows[table], None)
        while found is not None and found[0] < row:
            self._problem(f"{table}: a row at byte {found[0] - self._origin} that the log does not have")
            found = next(rows[table], None)
        if found is not None and found[0] == row:
            return found
        self._problem(f"{table}: no row for byte {row - self._origin} of the log")
        if found is not None:
            rows[table] = itertools.chain([found], rows[table])
        return None

    def _load_seen(self, base: int) -> None:
        """Enter the episodes of sealed segments: those after them may not repeat them."""
        first = id_range(self._log.worker_no, self._log.attempt)[0]
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
        if episode[1] > MAX_INDEX:
            return False  # no number is left for an episode without an index
        return self._seen.execute("INSERT OR IGNORE INTO seen VALUES (?,?,?)", episode[:3]).rowcount == 1

    def _numbered(self, episode: tuple[Any, ...]) -> tuple[Any, ...]:
        """Give an episode without an index the one after the highest before it."""
        phase, ep_index, agent = episode[:3]
        if ep_index is not None:
            return episode
        found = self._seen.execute("SELECT max(ep_index) FROM seen WHERE phase = ? AND agent = ?", (phase, agent))
        highest = found.fetchone()[0]
        return (phase, 0 if highest is None else max(highest, -1) + 1, *episode[2:])

    def _problem(self, text: str) -> None:
        if len(self.report.problems) < _MAX_PROBLEMS:
            self.report.problems.append(text)
        elif len(self.report.problems) == _MAX_PROBLEMS:
            self.report.problems.append("and more")


def count_rows(folder: RunFolder, first: int, end: int) -> dict[str, int]:
    """Return how many rows of each table have ids from `first` to before `end`."""
    tables = (*COMPARED, "metrics")
    with reading(folder.database, 24 * 3600.0) as connection:
        return {
            table: connection.execute(
                f"SELECT count(*) FROM {table} WHERE id >= ? AND id < ?",  # noqa: S608 - our own table names
                (first, end),
            ).fetchone()[0]
            for table in tables
        }


class _Comments:
    """What the decoder says of the objects of some lines that are quarantined."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self._rows = {row[0]: row[1:] for row in batch.quarantine}

    def of(self, row: int) -> tuple[Any, ...] | None:
        """Return length, reason, detail and excerpt; ``None`` where it has nothing to say."""
        return self._rows.get(row)

    def refuse(self, row: int, reason: str, detail: str) -> None:
        """Enter an episode that has no place among those stored."""
        if self._batch.counts.lines:
            self._batch.refuse(row, reason, detail)
            self._rows[row] = self._batch.quarantine[-1][1:]
            self._batch.episodes = [episode for episode in self._batch.episodes if episode[0] != row]


def _chunks(lines: Iterator[RawLine], *, ended: bool) -> Iterator[list[RawLine]]:
    """Yield lines, some at a time; over-long ones alone, a torn one alone and only where it is the end."""
    chunk: list[RawLine] = []
    size = 0
    for line in lines:
        alone = line.data is None or line.torn
        if chunk and (alone or size >= _CHUNK):
            yield chunk
            chunk, size = [], 0
        if line.torn and not ended:
            return  # only part of it was there
        chunk.append(line)
        size += _CHUNK if alone else line.length
    if chunk:
        yield chunk
