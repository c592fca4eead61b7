"""Compares stored rows with the expected ones, both in the log's order."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from gym_gui.telemetry.batch import Batch
from gym_gui.telemetry.limits import EXCERPT_BYTES
from gym_gui.telemetry.verify._compared import COMPARED, Signature, same, stored_rows, stored_signature
from gym_gui.telemetry.verify.recount import RawLine, Record

_SHOWN = 3


class RowComparison:
    """The rows of one range of ids.

    Args:
        database: The run's database.
        origin: Row id of the log's first byte.
        first: The range's first id.
        end: The first id after the range.
        problem: Called with each difference.
    """

    def __init__(self, database: Path, origin: int, first: int, end: int, problem: Callable[[str], None]) -> None:
        self._database = database
        self._origin = origin
        self._range = first, end
        self._problem = problem
        self._rows: dict[str, Iterator[tuple[Any, ...]]] = {
            table: stored_rows(database, table, first, end) for table in COMPARED
        }
        self._metrics = Signature()

    def expect(self, table: str, expected: tuple[Any, ...]) -> None:
        """Compare the next row of a table.

        Args:
            table: Its name.
            expected: Row id and columns.
        """
        stored = self._next(table, expected[0])
        if stored is not None and not same(table, stored, expected):
            place = expected[0] - self._origin
            self._problem(f"{table}: the row at byte {place} holds {stored[1:]}, the log says {expected[1:]}")

    def expect_metrics(self, row: int, values: tuple[Any, ...]) -> None:
        """Compare the values of a metric event.

        Args:
            row: Its row id.
            values: Step, numbers by name, time, and the other fields.
        """
        step, numbers, time, extra = values
        for name, value in numbers.items():
            self._metrics.add(row, step, name, value, time)
        if extra is not None:
            self.expect("metric_extras", (row, extra))

    def expect_quarantined(self, line: RawLine, record: Record, row: int, expected: tuple[Any, ...] | None) -> None:
        """Compare a quarantined object.

        Args:
            line: The line it is in.
            record: The object.
            row: Its row id.
            expected: Length, reason, detail and excerpt; ``None`` if an earlier version's rules gave them.
        """
        stored = self._next("quarantine", row)
        if stored is None:
            return
        if expected is None:  # its length and beginning at least are the log's
            data = (line.data or b"")[record.offset - line.offset :]
            good = stored[4] == data[: min(stored[1], EXCERPT_BYTES)] and stored[1] <= line.length
        else:
            good = stored[1:] == expected
        if not good:
            self._problem(f"quarantine: the row at byte {record.offset} holds {stored[1:4]}, the log says {expected}")

    def finish(self) -> None:
        """Report stored rows and metric values that the log does not have."""
        for table, left in self._rows.items():
            for row in itertools.islice(left, _SHOWN):
                self._extra_row(table, row[0])
        stored, expected = stored_signature(self._database, *self._range), self._metrics
        if stored != expected:
            self._problem(f"metrics: the log has {expected.count} values, the database {stored.count}, or they differ")

    def _next(self, table: str, row: int) -> tuple[Any, ...] | None:
        """Return the stored row with an id; ``None`` where there is none."""
        rows = self._rows
        stored = next(rows[table], None)
        while stored is not None and stored[0] < row:
            self._extra_row(table, stored[0])
            stored = next(rows[table], None)
        if stored is not None and stored[0] == row:
            return stored
        self._problem(f"{table}: no row for byte {row - self._origin} of the log")
        if stored is not None:
            rows[table] = itertools.chain([stored], rows[table])
        return None

    def _extra_row(self, table: str, row: int) -> None:
        self._problem(f"{table}: a row at byte {row - self._origin} that the log does not have")


class QuarantineNotes:
    """Length, reason, detail and excerpt that the decoder gives for quarantined objects.

    Args:
        batch: Some lines, decoded.
    """

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self._rows = {row[0]: row[1:] for row in batch.quarantine}

    def of(self, row: int) -> tuple[Any, ...] | None:
        """Return length, reason, detail and excerpt of a row, ``None`` without."""
        return self._rows.get(row)

    def refuse(self, row: int, reason: str, detail: str) -> None:
        """Quarantine an episode that the database would not take.

        Args:
            row: Its row id.
            reason: A word to group by.
            detail: One sentence.
        """
        if self._batch.counts.lines:
            self._batch.refuse(row, reason, detail)
            self._rows[row] = self._batch.quarantine[-1][1:]
            self._batch.episodes = [episode for episode in self._batch.episodes if episode[0] != row]
