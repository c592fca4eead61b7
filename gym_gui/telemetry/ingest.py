"""Stores the lines of a run's logs in its database, each exactly once."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from gym_gui.runs import Ledger, RunFolder, RunPlan
from gym_gui.telemetry._refusals import Refusals
from gym_gui.telemetry.batch import Batch
from gym_gui.telemetry.checkpoint import Checkpointer
from gym_gui.telemetry.decode import LineDecoder
from gym_gui.telemetry.logs.cursor import Reading, SegmentEnd
from gym_gui.telemetry.logs.segments import Segment, beginning, read_segments, readable
from gym_gui.telemetry.logs.tail import LogTail
from gym_gui.telemetry.logs.watch import LogWatch
from gym_gui.telemetry.rollup import Rollup, WorkerRollup
from gym_gui.telemetry.rowid import row_id
from gym_gui.telemetry.store import SourceRow, Store

SUPERVISOR_NO = 0
"""The worker number of the supervisor's own log."""

_LEAST_SHARE = 64 << 10
#: Lines are decoded and stored in pieces that stay in the processor's cache: a third faster than all at once.
_PIECE_BYTES = 96 << 10


class PumpResult(msgspec.Struct, frozen=True):
    """Result of one transaction."""

    bytes_read: int
    records: int
    caught_up: bool
    """Whether the logs have no more lines."""
    lines: int = 0
    truncations: tuple[Segment, ...] = ()
    more: bool = False
    """Whether a log has another file to be read."""


@dataclass
class _Source:
    """One log that is being read."""

    worker_no: int
    attempt: int
    worker_id: str
    tail: LogTail
    decoder: LineDecoder
    rollup: Rollup
    batch_row: int = -1
    """The last row of the ``batches`` table, and the second that it is for."""
    batch_second: int = -1


@dataclass
class _Changes:
    """Changes of a source by the open transaction."""

    reading: Reading
    rollup: Rollup
    batch_row: int
    batch_second: int
    size: int
    records: int = 0
    lines: int = 0
    episodes: int = 0
    refused: list[tuple[int, str, str]] = field(default_factory=list)
    """Row id, reason and detail of quarantined lines and objects."""


class Ingestor:
    """The single writer of a run's database. The caller holds the proxy lock.

    Args:
        folder: The run's folder.
        plan: The run's plan.
        database: Another database than the run's own (a reindex writes beside it).
        watch: Reports the files that get the names of logs.
        on_segment: Called when a segment of a log ends, before the database records it.

    Raises:
        DiskFull: No space for the database; may be retried.
        OldSchema: The database is of an earlier version: see :func:`gym_gui.telemetry.reindex.open_ingestor`.
        TelemetryError: The database is of another run or a later version.
    """

    def __init__(
        self,
        folder: RunFolder,
        plan: RunPlan,
        *,
        database: Path | None = None,
        watch: LogWatch | None = None,
        on_segment: Callable[[Segment], None] = lambda _segment: None,
    ) -> None:
        self._watch = watch
        self._on_segment = on_segment
        self._announced: dict[tuple[int, int], Segment] = {}
        self._segments = read_segments(folder)
        self._folder = folder
        self._run_id = plan.run_id
        self._store = Store(database or folder.database, plan.run_id)
        self._refusals = Refusals(plan.run_id)
        self._sources: dict[tuple[int, int], _Source] = {}
        self._checkpointer = Checkpointer(self._store)
        self._synced = False
        """The last lines of the logs are durable: nothing is read any more."""
        for row in self._store.sources():
            self._open(row)

    @property
    def store(self) -> Store:
        """The database (for this package alone)."""
        return self._store

    def add_source(self, worker_no: int, worker_id: str, attempt: int, path: Path) -> None:
        """Add a log to be read; does nothing for one that was added before.

        Args:
            worker_no: The worker's number in the run; 0 for the supervisor's own log.
            worker_id: The launched instance.
            attempt: From 1; the supervisor's is always 1.
            path: The log. It may not exist yet.

        Raises:
            Fenced: Another writer has taken over.
            DiskFull: May be tried again.
            ValueError: Number or attempt is out of range.
        """
        if (worker_no, attempt) in self._sources:
            return
        row_id(worker_no, attempt, 0)
        cursor, lost = beginning(self._folder, self._segments.get((worker_no, attempt), []))
        row = SourceRow(worker_no, attempt, worker_id, os.path.relpath(path, self._folder.path), cursor)
        with self._store.transaction():
            self._store.add_source(row, Rollup())
            if lost:
                self._store.add_segment(worker_no, attempt, 0, lost, "lost", Rollup())
        self._open(row)

    def pump(self, max_bytes: int = 4 << 20) -> PumpResult:
        """Store new lines of the logs: rows, rollups and cursors in one transaction.

        Args:
            max_bytes: About how much to read, over all logs (a single line may be longer).

        Raises:
            Fenced: Another writer has taken over; nothing was changed.
            DatabaseGone: The database was removed or replaced.
            DiskFull: Nothing was changed; may be retried.
            OSError: A log cannot be read.
        """
        self._store.files.check()
        due = [source for source in self._sources.values() if source.tail.due()]
        if not due:
            return PumpResult(0, 0, caught_up=True)
        share = max(max_bytes // len(due), min(_LEAST_SHARE, max_bytes))
        return self._pump(due, share, final=False)

    def close_source(self, worker_no: int, attempt: int) -> None:
        """Read a complete log to its end: a last line needs no newline.

        Args:
            worker_no: As given to :meth:`add_source`.
            attempt: As given to :meth:`add_source`.

        Raises:
            Fenced: Another writer has taken over.
            DiskFull: May be retried; lines read before are stored.
            KeyError: No such source.
        """
        source = self._sources[worker_no, attempt]
        while not source.tail.cursor.closed:
            self._pump([source], 4 << 20, final=True)
        source.tail.sync()  # later checkpoints skip this log
        source.tail.close()

    def lag_bytes(self) -> int:
        """Return how many bytes of the workers' logs are not indexed yet."""
        return sum(source.tail.lag() for source in self._sources.values() if source.worker_no != SUPERVISOR_NO)

    def drained(self, worker_no: int, attempt: int) -> bool:
        """Return whether every whole line of a log is indexed; true for an unread log."""
        source = self._sources.get((worker_no, attempt))
        return source is None or source.tail.drained()

    def fault(self, worker_no: int, attempt: int) -> str:
        """Return why a log cannot be read (``is a FIFO, not a file``), else empty text."""
        source = self._sources.get((worker_no, attempt))
        return "" if source is None else source.tail.fault()

    def restore_log_names(self) -> None:
        """Link the open logs under their names again where their folder was replaced."""
        for source in self._sources.values():
            if source.worker_no != SUPERVISOR_NO:
                source.tail.restore_name()

    def ledger(self) -> Ledger:
        """Return the ledger of all workers, without the supervisor's own log."""
        total = Ledger()
        for source in self._sources.values():
            if source.worker_no != SUPERVISOR_NO:
                counts = source.rollup.counts
                total.add(Ledger(**{name: getattr(counts, name) for name in Ledger.__struct_fields__}))
        return total

    def worker_rollups(self) -> list[WorkerRollup]:
        """Return the rollup of each attempt, by worker and attempt."""
        return [
            source.rollup.report(
                source.worker_no,
                source.worker_id,
                source.attempt,
                bytes_read=source.tail.cursor.off,
                closed=source.tail.cursor.closed,
            )
            for key, source in sorted(self._sources.items())
            if key[0] != SUPERVISOR_NO
        ]

    def finish(self) -> None:
        """Merge the database into one file that can be copied, and close.

        Raises:
            DiskFull: May be retried.
        """
        self._sync()
        self._store.finish()
        self._close_tails()

    def try_finish(self) -> bool:
        """Merge the database as :meth:`finish` does, unless a reader has it open at this moment; return whether done.

        Raises:
            DiskFull: May be retried.
        """
        if not self._synced:
            self._sync()
            self._synced = True
        if not self._store.try_finish():
            return False
        self._close_tails()
        return True

    def close(self) -> None:
        """Close without finishing: another ingestor can continue from here."""
        self._store.close()
        self._close_tails()

    def _sync(self) -> None:
        for source in self._sources.values():
            source.tail.sync()

    def _tail(self, row: SourceRow) -> LogTail:
        segments = self._segments.get((row.worker_no, row.attempt), [])
        return LogTail(
            self._folder.path / row.path,
            row.cursor,
            begun=self._store.segments_end(row.worker_no, row.attempt),
            watch=self._watch if row.worker_no != SUPERVISOR_NO else None,
            rewritten=row.worker_no == SUPERVISOR_NO,
            script=[one for one in readable(self._folder, segments) if one.byte_offset > row.cursor.off],
        )

    def _open(self, row: SourceRow) -> None:
        supervisor = row.worker_no == SUPERVISOR_NO
        self._sources[row.worker_no, row.attempt] = _Source(
            worker_no=row.worker_no,
            attempt=row.attempt,
            worker_id=row.worker_id,
            tail=self._tail(row),
            decoder=LineDecoder(
                self._run_id,
                row.worker_id,
                self._store.names,
                row_id(row.worker_no, row.attempt, 0),
                any_event=supervisor,
            ),
            rollup=self._store.load_rollup(row.worker_no, row.attempt),
        )

    def _pump(self, due: list[_Source], share: int, *, final: bool) -> PumpResult:
        read = []
        for source in due:
            reading = source.tail.read(share, final=final)
            if reading is None and final:
                reading = Reading(source.tail.cursor._replace(closed=True))
            if reading is not None:
                size = reading.cursor.off - source.tail.cursor.off
                read.append(
                    (source, _Changes(reading, source.rollup.copy(), source.batch_row, source.batch_second, size))
                )
        if not read:
            return PumpResult(0, 0, caught_up=True)
        segments = tuple(
            _segment(source, changes.reading, changes.reading.segment_end)
            for source, changes in read
            if changes.reading.segment_end is not None
        )
        for segment in segments:
            key = (segment.worker_no, segment.attempt)
            if self._announced.get(key) != segment:  # once, however often the disk is full
                self._announced[key] = segment
                self._on_segment(segment)
        now = time.time()
        with self._store.transaction():
            for source, changes in read:
                self._write(source, changes, now)
        for source, changes in read:
            self._adopt(source, changes)
            if changes.refused:
                self._refusals.note(source.worker_id, source.attempt, changes.refused)
        size = sum(changes.size for _, changes in read)
        tails = [source.tail for source in self._sources.values()]
        self._checkpointer.add(size, tails)
        return PumpResult(
            size,
            sum(changes.records for _, changes in read),
            caught_up=not any(source.tail.lag() for source, _ in read),
            lines=sum(changes.lines for _, changes in read),
            truncations=segments,
            more=any(source.tail.has_next() for source, _ in read),
        )

    def _write(self, source: _Source, changes: _Changes, now: float) -> None:
        store, reading = self._store, changes.reading
        key = (source.worker_no, source.attempt)
        old = source.tail.cursor
        store.move(*key, old, reading.cursor)
        for start, piece in _pieces(reading.data, reading.start):
            self._store_batch(source.decoder.decode(piece, start, torn=reading.torn), changes)
        if reading.overlong is not None:
            self._store_batch(source.decoder.overlong(*reading.overlong), changes)
        store.save_rollup(*key, changes.rollup.columns(curve=changes.episodes > 0))
        if reading.segment_end is not None:
            store.add_segment(*key, reading.segment_end.base, old.off, reading.sealed, changes.rollup)
        if changes.size:
            last = row_id(*key, reading.cursor.off - 1)
            second = int(now)
            store.note_batch(source.batch_row if source.batch_second == second else -1, last, now)
            changes.batch_row, changes.batch_second = last, second

    def _store_batch(self, batch: Batch, changes: _Changes) -> None:
        self._store.insert(batch)
        changes.rollup.add(batch, self._store.names.name)
        changes.records += batch.counts.records
        changes.lines += batch.counts.lines
        changes.episodes += len(batch.episodes)
        changes.refused += [(row, reason, detail) for row, _, reason, detail, _ in batch.quarantine]

    @staticmethod
    def _adopt(source: _Source, changes: _Changes) -> None:
        """Make the committed changes the state of a source."""
        source.tail.commit(changes.reading.cursor)
        source.rollup = changes.rollup
        source.batch_row, source.batch_second = changes.batch_row, changes.batch_second

    def _close_tails(self) -> None:
        for source in self._sources.values():
            source.tail.close()


def _segment(source: _Source, reading: Reading, ended: SegmentEnd) -> Segment:
    return Segment(
        worker_no=source.worker_no,
        worker_id=source.worker_id,
        attempt=source.attempt,
        byte_offset=reading.cursor.off,
        reason=reading.sealed,
        **ended._asdict(),
    )


def _pieces(data: bytes, start: int) -> Iterator[tuple[int, bytes]]:
    """Yield stretches of whole lines with their offsets."""
    place = 0
    while len(data) - place > _PIECE_BYTES:
        cut = data.rfind(b"\n", place, place + _PIECE_BYTES) + 1 or data.find(b"\n", place) + 1
        if not cut:
            break
        yield start + place, data[place:cut]
        place = cut
    if place < len(data):
        yield start + place, data[place:]
