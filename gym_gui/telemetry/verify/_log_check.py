"""Recounts one log and compares every row, column and count with the database."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from gym_gui.core.regular_files import kind_of, open_stream
from gym_gui.runs import Ledger, RunFolder
from gym_gui.telemetry._names import MemoryNames
from gym_gui.telemetry.batch import Batch, why_episode_refused
from gym_gui.telemetry.decode import LineDecoder
from gym_gui.telemetry.limits import MAX_INDEX
from gym_gui.telemetry.logs.logfile import (
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
from gym_gui.telemetry.logs.segments import Segment
from gym_gui.telemetry.reader import reading
from gym_gui.telemetry.rollup import Rollup
from gym_gui.telemetry.rowid import row_id, row_id_range
from gym_gui.telemetry.verify._compared import COMPARED
from gym_gui.telemetry.verify._log_report import LogReport, StoredLog
from gym_gui.telemetry.verify._row_comparison import QuarantineNotes, RowComparison
from gym_gui.telemetry.verify._seen_episodes import SeenEpisodes
from gym_gui.telemetry.verify.recount import LineClassifier, RawLine, Record, raw_lines

_MAX_PROBLEMS = 20
_CHUNK = 96 << 10
_DEADLINE_S = 24 * 3600.0


class LogCheck:
    """Verification of one log, a piece at a time in memory.

    Args:
        folder: The run's folder.
        run_id: Of the run.
        log: The log as the database has it.
        segments: Earlier segments that can be recounted, in order.
        begun: Logical offset at which the present file begins.
        before: Rollup of what precedes the recounted part.
        progress: Called now and then with the bytes done.
        current: Whether this version's decoder made the database, so that quarantine notes and rollups must agree.
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
        self._classifier = LineClassifier(run_id, log.worker_id, supervisor=log.worker_no == 0)
        self._origin = row_id(log.worker_no, log.attempt, 0)
        # The second parser gives neither reasons for quarantine nor rollups: the decoder does.
        self._names = MemoryNames()
        self._decoder = LineDecoder(run_id, log.worker_id, self._names, self._origin, any_event=log.worker_no == 0)
        self._rollup = before.copy()
        self._seen = SeenEpisodes()

    def run(self) -> None:
        """Recount, compare, and fill the report."""
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
        if begin:  # episodes of sealed segments may not be repeated after them
            start = row_id_range(log.worker_no, log.attempt)[0]
            self._seen.load(self._folder.database, start, start + begin)
        first, last = self._origin + begin, self._origin + end
        rows = RowComparison(self._folder.database, self._origin, first, last, self._problem)
        for segment in self._segments:
            part = path.parent / segment.part
            with self._undamaged(part), open_stream(part) as stream:
                stream.seek(segment.start)
                self._recount(raw_lines(stream, segment.base, segment.byte_offset), rows, ended=True)
        if size:
            with self._undamaged(path), open_log(path) as stream:
                stream.seek(self._begun - log.base)
                self._recount(raw_lines(stream, self._begun, end), rows, ended=bool(log.closed))
        rows.finish()
        self._seen.close()
        self._compare_ledgers("the log has")
        if self._current:
            self._compare_rollup()

    def _recount(self, lines: Iterator[RawLine], rows: RowComparison, *, ended: bool) -> None:
        for chunk in _chunks(lines, ended=ended):
            self._compare_lines(chunk, rows)
            self._progress(chunk[-1].offset - self.report.base)

    def _compare_lines(self, lines: list[RawLine], rows: RowComparison) -> None:
        """Compare the rows of some lines."""
        batch = self._decoded(lines)
        notes = QuarantineNotes(batch)
        for line in lines:
            self._compare(line, self._classifier.records(line), rows, notes)
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
            recounted, stored = getattr(self.report.recounted, name), getattr(self.report.database, name)
            if recounted != stored:
                self._problem(f"{name}: {source} {recounted}, the database says {stored}")
        if not self.report.database.balanced:
            self._problem("the database's ledger does not balance")

    def _compare_rollup(self) -> None:
        log, expected = self._log, self._rollup.columns()
        try:
            stored = Rollup(log.state, log.curve).columns()
        except msgspec.MsgspecError as error:
            self._problem(f"the figures of the run cannot be read: {error}")
            return
        stored |= {name: getattr(log, name) for name in ("episodes", "steps", "last_event")}
        for name in ("episodes", "steps", "last_event"):
            if stored[name] != expected[name]:
                self._problem(f"{name}: the log has {expected[name]!r}, the database says {stored[name]!r}")
        if (stored["state"], stored["curve"]) != (expected["state"], expected["curve"]):
            self._problem("the figures of the run (returns, curve, last events) are not those of the log")

    def _compare_dropped(self, record: LogRecord, base: int, end: int) -> None:
        """Compare with the counts made when the log was dropped: it cannot be recounted."""
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
        """Report a log that cannot be read or unpacked as a problem."""
        try:
            yield
        except DAMAGED as error:
            self._problem(f"{compressed_path(path).name} is damaged: {error}")
        except OSError as error:
            self._problem(f"{path.name} cannot be read: {error.strerror or error}")

    def _compare(
        self, line: RawLine, records: list[Record] | None, rows: RowComparison, notes: QuarantineNotes
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
                values = self._seen.numbered(values)
                if not self._seen.add(values):
                    notes.refuse(row, *why_episode_refused(*values[:2]))
                    table = ""
            if not table:
                rows.expect_quarantined(line, record, row, notes.of(row))
                continue
            stored += 1
            if table == "metrics":
                rows.expect_metrics(row, values)
            else:
                rows.expect(table, (row, *values))
        ledger.records += stored
        if stored:
            ledger.stored += 1
        else:
            ledger.quarantined += 1

    def _problem(self, text: str) -> None:
        if len(self.report.problems) < _MAX_PROBLEMS:
            self.report.problems.append(text)
        elif len(self.report.problems) == _MAX_PROBLEMS:
            self.report.problems.append("and more")


def count_rows(folder: RunFolder, first: int, end: int) -> dict[str, int]:
    """Return the number of rows from `first` to before `end`, by table."""
    tables = (*COMPARED, "metrics")
    with reading(folder.database, _DEADLINE_S) as connection:
        return {
            table: connection.execute(
                f"SELECT count(*) FROM {table} WHERE id >= ? AND id < ?",  # noqa: S608 - our own table names
                (first, end),
            ).fetchone()[0]
            for table in tables
        }


def _chunks(lines: Iterator[RawLine], *, ended: bool) -> Iterator[list[RawLine]]:
    """Yield lines in chunks; over-long ones alone, a torn one alone and only at the end."""
    chunk: list[RawLine] = []
    size = 0
    for line in lines:
        alone = line.data is None or line.torn
        if chunk and (alone or size >= _CHUNK):
            yield chunk
            chunk, size = [], 0
        if line.torn and not ended:
            return  # it was not complete yet
        chunk.append(line)
        size += _CHUNK if alone else line.length
    if chunk:
        yield chunk
