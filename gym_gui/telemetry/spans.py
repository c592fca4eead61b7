"""Spans: summaries of 64, 512, 4,096, … consecutive values of a metric, so that long curves are drawn quickly.

The writer of a run's database adds them in the transaction that stores the values. A database without them, or with
some of them missing, only takes longer to read.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from gym_gui.telemetry.batch import Row
from gym_gui.telemetry.limits import END_OF_TIME
from gym_gui.telemetry.rowid import ATTEMPT_SHIFT

#: Values of a span of level 0, and spans of a level that make one of the next.
SPAN_ROWS = 64
SPAN_FACTOR = 8
SPAN_LEVELS = 5

#: Not among the tables that the schema version stands for: it can be missing. `id` is the row id of the first value.
SPANS_TABLE = """
CREATE TABLE IF NOT EXISTS metric_spans (
  name INTEGER NOT NULL,
  level INTEGER NOT NULL,
  id INTEGER NOT NULL,
  last INTEGER NOT NULL,     -- row id of the last value
  number INTEGER NOT NULL,   -- place among the spans of its level, within the attempt
  stepless INTEGER NOT NULL, -- values without a step
  step_low INTEGER,
  step_high INTEGER,
  timeless INTEGER NOT NULL, -- values without a time
  time_low REAL,
  time_high REAL,
  nan INTEGER NOT NULL,
  plus INTEGER NOT NULL,     -- positive infinities
  minus INTEGER NOT NULL,
  low REAL,                  -- of the finite values
  mean REAL,
  high REAL,
  final REAL,                -- the last finite value
  PRIMARY KEY (name, level, id)
) WITHOUT ROWID
"""
_INSERT = f"INSERT OR REPLACE INTO metric_spans VALUES ({','.join('?' * 18)})"  # noqa: S608 - placeholders
_PENDING_ROWS = 1 << 13

_name = itemgetter(0)


class Span(NamedTuple):
    """Summary of consecutive values of one metric in one attempt; columns as in the table."""

    name: int
    level: int
    id: int
    last: int
    number: int
    stepless: int
    step_low: int | None
    step_high: int | None
    timeless: int
    time_low: float | None
    time_high: float | None
    nan: int
    plus: int
    minus: int
    low: float | None
    mean: float | None
    high: float | None
    final: float | None

    @property
    def rows(self) -> int:
        """Number of values."""
        return span_rows(self.level)

    @property
    def finite(self) -> int:
        """Number of finite values."""
        return self.rows - self.nan - self.plus - self.minus


def span_rows(level: int) -> int:
    """Return the number of values in a span of a level."""
    return SPAN_ROWS * int(SPAN_FACTOR**level)


class _Curve:
    """State of one metric of one attempt: what is summarized, and the rows after it."""

    __slots__ = ("last", "number", "pending", "waiting")

    def __init__(self, last: int, number: int, waiting: int) -> None:
        self.last = last
        """Row id of the last summarized value."""
        self.number = number
        """Number of spans of level 0."""
        self.waiting = waiting
        """Number of values after it."""
        self.pending: list[Row] | None = [] if waiting == 0 else None
        """These values; ``None``: they must be read from the database."""


class SpanWriter:
    """Adds the spans of new values.

    Args:
        connection: To the run's database.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._curves: dict[tuple[int, int], _Curve] = {}
        self._kept = 0

    def add(self, rows: Sequence[Row]) -> None:
        """Add the spans that new rows of `metrics` complete, inside the transaction that inserted them.

        Args:
            rows: New rows of one attempt, in log order.
        """
        attempt = rows[0][1] >> ATTEMPT_SHIFT
        spans: list[Span] = []
        by_name: dict[int, list[Row]] = {name: [] for name in set(map(_name, rows))}
        if len(by_name) == 1:
            by_name[rows[0][0]] = list(rows)
        else:
            for row in rows:
                by_name[row[0]].append(row)
        for name, own in by_name.items():
            curve = self._curves.get((name, attempt))
            if curve is None:
                curve = self._curves[name, attempt] = self._read(name, attempt, own[0][1])
            curve.waiting += len(own)
            if curve.waiting >= SPAN_ROWS:
                self._summarize(name, curve, own, spans)
            elif curve.pending is not None:
                curve.pending += own
                self._kept += len(own)
        if spans:
            self._connection.executemany(_INSERT, spans)
            self._merge(spans)
        if self._kept > _PENDING_ROWS:
            self._drop_pending()

    def forget(self) -> None:
        """Forget all state: a transaction failed."""
        self._curves.clear()
        self._kept = 0

    def _summarize(self, name: int, curve: _Curve, own: list[Row], spans: list[Span]) -> None:
        if curve.pending is None:
            cursor = self._connection.execute(
                "SELECT name, id, step, value, timestamp FROM metrics"
                " WHERE name = ? AND id > ? AND id <= ? ORDER BY id",
                (name, curve.last, own[-1][1]),
            )
            rows: list[Row] = []
            while more := cursor.fetchmany(SPAN_ROWS):
                rows = more
                if len(more) == SPAN_ROWS:
                    spans.append(span_of(more, curve.number))
                    curve.number += 1
                    rows = []
        else:
            self._kept -= len(curve.pending)
            rows = curve.pending + own
            done = len(rows) - len(rows) % SPAN_ROWS
            for start in range(0, done, SPAN_ROWS):
                spans.append(span_of(rows[start : start + SPAN_ROWS], curve.number))
                curve.number += 1
            rows = rows[done:]
        curve.last = rows[0][1] - 1 if rows else own[-1][1]
        curve.pending, curve.waiting = rows, len(rows)
        self._kept += len(rows)

    def _read(self, name: int, attempt: int, before: int) -> _Curve:
        """Return the state of a curve as of the database, without the new rows."""
        first = attempt << ATTEMPT_SHIFT
        found = self._connection.execute(
            "SELECT last, number FROM metric_spans WHERE name = ? AND level = 0 AND id BETWEEN ? AND ?"
            " ORDER BY id DESC LIMIT 1",
            (name, first, before),
        ).fetchone()
        last, number = found or (first - 1, -1)
        (waiting,) = self._connection.execute(
            "SELECT count(*) FROM metrics WHERE name = ? AND id > ? AND id < ?", (name, last, before)
        ).fetchone()
        return _Curve(last, number + 1, waiting)

    def _merge(self, spans: Iterable[Span]) -> None:
        """Add the spans of higher levels that are complete now."""
        for span in spans:
            while span.number % SPAN_FACTOR == SPAN_FACTOR - 1 and span.level < SPAN_LEVELS - 1:
                rows = self._connection.execute(
                    "SELECT * FROM metric_spans WHERE name = ? AND level = ? AND id <= ? ORDER BY id DESC LIMIT ?",
                    (span.name, span.level, span.id, SPAN_FACTOR),
                ).fetchall()
                span = merge_spans([Span(*row) for row in reversed(rows)])
                self._connection.execute(_INSERT, span)

    def _drop_pending(self) -> None:
        """Forget rows that the database has; they are read again."""
        for curve in self._curves.values():
            if curve.pending:
                curve.pending = None
        self._kept = 0


def span_of(rows: Sequence[Row], number: int) -> Span:
    """Return the span of rows of `metrics`.

    Args:
        rows: `SPAN_ROWS` rows of one metric in one attempt, in log order.
        number: Place of the span among those of the attempt.
    """
    names, ids, steps, values, times = zip(*rows, strict=True)
    # Sorting finds the extremes of what is in order already faster than min() and max(); None cannot be compared.
    try:
        ordered = sorted(steps)
        step_columns = (0, ordered[0], ordered[-1])
    except TypeError:
        step_columns = _extent(steps)
    try:
        ordered = sorted(times)
        time_columns = (0, ordered[0], ordered[-1])
        if ordered[0] < 0.0 or ordered[-1] >= END_OF_TIME:
            raise TypeError
    except TypeError:
        time_columns = _extent([time if time is not None and 0.0 <= time < END_OF_TIME else None for time in times])
    try:
        low, high, mean = min(values), max(values), sum(values) / SPAN_ROWS
        if not (-math.inf < low and high < math.inf and -math.inf < mean < math.inf):
            raise TypeError
        value_columns = (0, 0, 0, low, mean, high, values[-1])
    except TypeError:
        value_columns = _spread(values)
    return Span(names[0], 0, ids[0], ids[-1], number, *step_columns, *time_columns, *value_columns)


def merge_spans(spans: Sequence[Span]) -> Span:
    """Return the span of the next level over complete spans of one level."""
    name, level, ids, lasts, numbers, stepless, step_lows, step_highs, timeless, time_lows, time_highs, *values = zip(
        *spans, strict=True
    )
    nan, plus, minus, lows, means, highs, finals = values
    rows, odd = span_rows(level[0]), sum(nan) + sum(plus) + sum(minus)
    if odd:
        finite = [rows - sum(counts) for counts in zip(nan, plus, minus, strict=True)]
        total = sum(finite)
        pairs = zip(means, finite, strict=True)
        mean = sum(one * (count / total) for one, count in pairs if count) if total else None
    else:
        mean = sum(one / len(spans) for one in means)
    return Span(
        name[0], level[0] + 1, ids[0], lasts[-1], numbers[0] // SPAN_FACTOR,
        sum(stepless), _least(step_lows), _greatest(step_highs),
        sum(timeless), _least(time_lows), _greatest(time_highs),
        sum(nan), sum(plus), sum(minus),
        _least(lows), mean, _greatest(highs), next((one for one in reversed(finals) if one is not None), None),
    )  # fmt: skip


def _least(values: Sequence[Any]) -> Any:
    return min((value for value in values if value is not None), default=None) if None in values else min(values)


def _greatest(values: Sequence[Any]) -> Any:
    return max((value for value in values if value is not None), default=None) if None in values else max(values)


def _extent(values: Sequence[Any]) -> tuple[Any, ...]:
    """Return the number of missing values, the least and the greatest."""
    return values.count(None), _least(values), _greatest(values)


def _spread(values: Iterable[Any]) -> tuple[Any, ...]:
    """Return the columns of a span's values, where some of them are not finite."""
    known = [value for value in values if value is not None]
    finite = [value for value in known if math.isfinite(value)]
    mean = sum(value / len(finite) for value in finite) if finite else None
    return (
        SPAN_ROWS - len(known) + sum(map(math.isnan, known)),
        known.count(math.inf),
        known.count(-math.inf),
        min(finite, default=None),
        mean,
        max(finite, default=None),
        finite[-1] if finite else None,
    )
