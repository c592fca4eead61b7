"""Curves of metrics, read from the spans of their values and, at the edges and in detail, from the values."""

from __future__ import annotations

import math
import sqlite3
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any, NamedTuple

from gym_gui.reading.axes import numbered
from gym_gui.reading.thinning import MINUS, NAN, PLUS, SeriesLine, Thinning, least_width
from gym_gui.telemetry import END_OF_TIME, SPAN_LEVELS, SPAN_ROWS, Span, row_id_range, span_rows

_LEGAL_TIME = f"CASE WHEN timestamp >= 0 AND timestamp < {END_OF_TIME} THEN timestamp END"
_FETCHED = 512
#: Beyond all numbers of values.
_MOST = 1 << 62
#: Columns of a span with lowest, mean, highest and last of its values.
_NUMBERS = slice(Span._fields.index("low"), None)
_OF_KIND = {NAN: "value IS NULL", PLUS: "value = 9e999", MINUS: "value = -9e999"}


class Axis(NamedTuple):
    """How values are placed on an axis.

    Args:
        column: Expression of a row's x, before `to_x`.
        low: Expression of the lowest x of a span.
        high: Expression of the highest.
        missing: Column with the number of a span's values without an x; none: all have one.
        to_x: Makes an x of it; never decreasing.
    """

    column: str
    low: str
    high: str
    missing: str | None
    to_x: Callable[[Any], float]


def time_axis(start: float) -> Axis:
    """Return the axis of time since a moment (Unix seconds)."""
    return Axis(_LEGAL_TIME, "time_low", "time_high", "timeless", lambda time: float(time - start))


ROW_AXIS = Axis("id", "id", "last", None, float)
STEP_AXIS = Axis("step", "step_low", "step_high", "stepless", float)


def episode_axis(database: sqlite3.Connection, worker_no: int, attempt: int) -> tuple[Axis, array[int]]:
    """Return the axis of the number of training episodes that ended before a value, and their row ids."""
    span = row_id_range(worker_no, attempt)
    ends = array("q")
    ends.extend(
        row
        for (row,) in database.execute(
            # Of several agents, the first one's are counted.
            "SELECT id FROM episodes WHERE id BETWEEN ?1 AND ?2 AND phase = 0 AND agent ="
            " (SELECT agent FROM episodes WHERE id BETWEEN ?1 AND ?2 AND phase = 0 ORDER BY id LIMIT 1) ORDER BY id",
            span,
        )
    )
    return Axis("id", "id", "last", None, lambda row: float(bisect_left(ends, row))), ends


def rows_of_episodes(ends: Sequence[int], low: float, high: float) -> tuple[float, float]:
    """Return the range of row ids before which a number of episodes from `low` to `high` ended."""
    first = -math.inf if low <= 0 else ends[math.ceil(low) - 1] + 1 if math.ceil(low) <= len(ends) else math.inf
    last = -math.inf if high < 0 else ends[math.floor(high)] if high < len(ends) else math.inf
    return first, last


class MetricReader:
    """Reads one metric of one attempt.

    Args:
        database: A connection to the run's database.
        name: The metric's id.
        worker_no: The worker.
        attempt: Its attempt.
        axis: Places the values.
        spans: Whether the database has spans.
    """

    def __init__(
        self, database: sqlite3.Connection, name: int, worker_no: int, attempt: int, axis: Axis, *, spans: bool
    ) -> None:
        self._execute = database.execute
        self._name = name
        self._first, self._last = row_id_range(worker_no, attempt)
        self._axis = axis
        self._newest = [self._newest_span(level) for level in range(SPAN_LEVELS)] if spans else [None] * SPAN_LEVELS

    def exists(self) -> bool:
        """Return whether the attempt has a value of the metric."""
        return bool(
            self._execute(
                "SELECT 1 FROM metrics WHERE name = ? AND id BETWEEN ? AND ? LIMIT 1",
                (self._name, self._first, self._last),
            ).fetchone()
        )

    def line(self, low: float, high: float, points: int) -> SeriesLine:
        """Return the curve in a range.

        Args:
            low: Lowest x, before `Axis.to_x`.
            high: Highest x.
            points: Maximum number of points.
        """
        inside = self._count_spans(low, high)
        if inside * 2 <= points:  # a point stands for less than a span
            line = self._line_of_values(low, high, points)
        else:
            line = self._line_of_spans(low, high, points, inside * SPAN_ROWS)
        to_x = self._axis.to_x
        line.first_x, line.last_x = list(map(to_x, line.first_x)), list(map(to_x, line.last_x))
        line.marks.x = list(map(to_x, line.marks.x))
        line.without_x = self._without_x()
        return line

    def numbered_line(self, low: float, high: float, points: int) -> SeriesLine:
        """Return the curve over the numbers of its values, from 1; the axis must be that of rows.

        Args:
            low: Lowest number.
            high: Highest.
            points: Maximum number of points.
        """
        start = 0 if low <= 1 else math.ceil(min(low, _MOST)) - 1
        first = self._row_at(start)
        last = math.inf if high >= _MOST else self._row_at(math.floor(high) - 1) if high >= 1 else -math.inf
        if first is None:
            return SeriesLine()
        return numbered(self.line(first, math.inf if last is None else last, points), start, self._place_of)

    def _row_at(self, place: int) -> int | None:
        """Return the row id of the value at a place, from 0; ``None``: there are not so many."""
        start, covered = self._tail()
        before = place - covered
        if before < 0:
            before = place % SPAN_ROWS
            ((start,),) = self._execute(
                "SELECT id FROM metric_spans WHERE name = ? AND level = 0 AND id BETWEEN ? AND ? AND number = ?",
                (self._name, self._first, self._last, place // SPAN_ROWS),
            ).fetchall()
        found = self._execute(
            "SELECT id FROM metrics WHERE name = ? AND id BETWEEN ? AND ? ORDER BY id LIMIT 1 OFFSET ?",
            (self._name, start, self._last, before),
        ).fetchone()
        return None if found is None else int(found[0])

    def _place_of(self, row: float) -> int:
        """Return the place of a row, from 0."""
        start, number = self._first, 0
        if self._newest[0] is not None:
            span = self._execute(
                "SELECT id, number FROM metric_spans WHERE name = ? AND level = 0 AND id BETWEEN ? AND ?"
                " ORDER BY id DESC LIMIT 1",
                (self._name, self._first, int(row)),
            ).fetchone()
            start, number = span or (start, number)
        (before,) = self._execute(
            "SELECT count(*) FROM metrics WHERE name = ? AND id BETWEEN ? AND ?", (self._name, start, int(row) - 1)
        ).fetchone()
        return int(number * SPAN_ROWS + before)

    def _newest_span(self, level: int) -> tuple[int, int] | None:
        """Return last row id and number of the newest span of a level."""
        found: tuple[int, int] | None = self._execute(
            "SELECT last, number FROM metric_spans WHERE name = ? AND level = ? AND id BETWEEN ? AND ?"
            " ORDER BY id DESC LIMIT 1",
            (self._name, level, self._first, self._last),
        ).fetchone()
        return found

    def _tail(self, level: int = 0) -> tuple[int, int]:
        """Return the first row id that no span of a level covers, and the place of its value."""
        newest = self._newest[level]
        return (self._first, 0) if newest is None else (newest[0] + 1, (newest[1] + 1) * span_rows(level))

    def _count_spans(self, low: float, high: float) -> int:
        """Return how many spans of level 0 lie within a range."""
        newest, axis = self._newest[0], self._axis
        if newest is None:
            return 0
        if low == -math.inf and high == math.inf and axis.missing is None:
            return newest[1] + 1
        (count,) = self._execute(
            "SELECT count(*) FROM metric_spans"  # noqa: S608 - our own columns
            " WHERE name = :name AND level = 0 AND id BETWEEN :first AND :last"
            f" AND {axis.low} >= :low AND {axis.high} <= :high" + (f" AND {axis.missing} = 0" if axis.missing else ""),
            self._values(low, high),
        ).fetchone()
        return int(count)

    def _line_of_values(self, low: float, high: float, points: int) -> SeriesLine:
        """Return the curve from the values alone."""
        found = [part for stretch in self._stretches(low, high) if (part := self._rows(*stretch, low, high))[0]]
        places, xs, values = found[0] if found else ([], [], [])
        if len(found) > 1:
            places, xs, values = (list(chain(*columns)) for columns in zip(*found, strict=True))
        thinning = Thinning(points, least_width(len(places), points))
        thinning.add_values(places, xs, values)
        return thinning.line()

    def _stretches(self, low: float, high: float) -> list[tuple[int, int, int]]:
        """Return stretches with all values of a range: first and last row id, place of the first value."""
        spans: list[tuple[int, int, int]] = []
        if self._newest[0] is not None:
            spans = self._execute(
                "SELECT id, last, number FROM metric_spans"  # noqa: S608 - our own columns
                " WHERE name = :name AND level = 0 AND id BETWEEN :first AND :last"
                f" AND {self._axis.high} >= :low AND {self._axis.low} <= :high ORDER BY id",
                self._values(low, high),
            ).fetchall()
        tail, place = self._tail()
        stretches: list[tuple[int, int, int]] = []
        following = -1
        for first, last, number in [*spans, (tail, self._last, place // SPAN_ROWS)]:
            if number == following:
                stretches[-1] = (stretches[-1][0], last, stretches[-1][2])
            else:
                stretches.append((first, last, number * SPAN_ROWS))
            following = number + 1
        return stretches

    def _line_of_spans(self, low: float, high: float, points: int, values: int) -> SeriesLine:
        """Return the curve from its spans, and from values where a span is only partly in the range."""
        thinning = Thinning(points, max(least_width(values, points), SPAN_ROWS))
        level = 0
        while level < SPAN_LEVELS - 1 and span_rows(level + 1) <= thinning.width:
            level += 1
        first = self._first
        for lower in range(level, -1, -1):
            newest = self._newest[lower]
            if newest is not None and newest[0] >= first:
                self._add_spans(thinning, lower, first, newest[0], low, high)
                first = newest[0] + 1
        tail, place = self._tail()
        thinning.add_values(*self._rows(tail, self._last, place, low, high))
        return thinning.line(self._place_of_mark)

    def _add_spans(self, thinning: Thinning, level: int, first: int, last: int, low: float, high: float) -> None:
        axis = self._axis
        places = [Span._fields.index(name) for name in (axis.low, axis.high)]
        missing = Span._fields.index(axis.missing) if axis.missing else None
        for row in self._execute(
            "SELECT * FROM metric_spans"  # noqa: S608 - our own columns
            " WHERE name = :name AND level = :level AND id BETWEEN :first AND :last"
            f" AND {axis.high} >= :low AND {axis.low} <= :high ORDER BY id",
            self._values(low, high) | {"level": level, "first": first, "last": last},
        ).fetchall():
            span = Span._make(row)
            extent: tuple[float, float] = row[places[0]], row[places[1]]
            start = span.number * span_rows(level)
            if (missing is not None and row[missing]) or extent[0] < low or extent[1] > high:
                if level:
                    self._add_spans(thinning, level - 1, span.id, span.last, low, high)
                else:
                    thinning.add_values(*self._rows(span.id, span.last, start, low, high))
                continue
            mark = thinning.add_summary(start, extent, (span.finite, *row[_NUMBERS]))
            for kind, count in ((NAN, span.nan), (PLUS, span.plus), (MINUS, span.minus)):
                if count:
                    mark(kind, span, count)

    def _rows(
        self, first: int, last: int, place: int, low: float, high: float
    ) -> tuple[Sequence[int], Sequence[float], Sequence[float | None]]:
        """Return places, x and values of the rows in a range, of which the first one has a place."""
        rows = self._execute(
            f"SELECT {self._axis.column}, value FROM metrics"  # noqa: S608 - our own columns
            " WHERE name = ? AND id BETWEEN ? AND ? ORDER BY id",
            (self._name, first, last),
        )
        xs: list[float] = []
        values: list[float | None] = []
        # Few at a time: so many tuples at once would start the garbage collector again and again.
        while some := rows.fetchmany(_FETCHED):
            some_xs, some_values = zip(*some, strict=True)
            xs += some_xs
            values += some_values
        places: Sequence[int] = range(place, place + len(xs))
        try:
            ordered = sorted(xs)
        except TypeError:  # some have none
            ordered = []
        if ordered == xs and xs[:1] != [None]:
            within = slice(bisect_left(xs, low), bisect_right(xs, high))
            return places[within], xs[within], values[within]
        kept = [index for index, x in enumerate(xs) if x is not None and low <= x <= high]
        return [places[index] for index in kept], [xs[index] for index in kept], [values[index] for index in kept]

    def _place_of_mark(self, where: Any, kind: str) -> float:
        """Return the x of the first value of a kind, given its x or its span."""
        if not isinstance(where, Span):
            return float(where)
        ((x,),) = self._execute(
            f"SELECT {self._axis.column} FROM metrics"  # noqa: S608 - our own columns
            f" WHERE name = ? AND id BETWEEN ? AND ? AND {_OF_KIND[kind]} ORDER BY id LIMIT 1",
            (self._name, where.id, where.last),
        ).fetchall()
        return float(x)

    def _without_x(self) -> int:
        """Return how many values have no place on the axis."""
        axis = self._axis
        if axis.missing is None:
            return 0
        count, first = 0, self._first
        for level in range(SPAN_LEVELS - 1, -1, -1):  # few spans of high levels cover most values
            newest = self._newest[level]
            if newest is not None and newest[0] >= first:
                (missing,) = self._execute(
                    f"SELECT sum({axis.missing}) FROM metric_spans"  # noqa: S608 - our own columns
                    " WHERE name = ? AND level = ? AND id BETWEEN ? AND ?",
                    (self._name, level, first, newest[0]),
                ).fetchone()
                count += missing
                first = newest[0] + 1
        (rest,) = self._execute(
            "SELECT count(*) FROM metrics WHERE name = ? AND id BETWEEN ? AND ?"  # noqa: S608 - our own columns
            f" AND ({axis.column}) IS NULL",
            (self._name, first, self._last),
        ).fetchone()
        return int(count + rest)

    def _values(self, low: float, high: float) -> dict[str, Any]:
        return {"name": self._name, "first": self._first, "last": self._last, "low": low, "high": high}
