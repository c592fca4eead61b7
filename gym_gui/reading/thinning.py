"""Thinning of a curve to a limited number of points that keep every extreme."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

#: Kinds of numbers that cannot be drawn, as marks name them.
NAN, PLUS, MINUS = "nan", "+inf", "-inf"


class Marks(msgspec.Struct, kw_only=True):
    """Where values were not finite: columns of equal length.

    Args:
        x: The first place within a point.
        kind: ``nan``, ``+inf`` or ``-inf``.
        count: Their number within that point.
    """

    x: list[float] = []
    kind: list[str] = []
    count: list[int] = []


class SeriesLine(msgspec.Struct, kw_only=True):
    """One curve: columns of equal length, a point per place, in the order in which the values were reported.

    With a ``width`` of 1 each point is one value. Otherwise it stands for up to ``width`` consecutive values.

    Args:
        worker_id: The worker.
        attempt: Its attempt, from 1.
        agent_id: The agent; empty: none is named.
        phase: ``train`` or ``eval``; empty: a metric, which has none.
        width: Number of consecutive values that a point stands for: a power of two.
        without_x: Number of values that have no place on the axis, over the whole curve.
        first_x: Lowest x of a point.
        last_x: Highest x of a point.
        count: Number of its finite values.
        low: The lowest of them.
        mean: Their mean.
        high: The highest.
        last: The last one.
        marks: Values that are not finite.
    """

    worker_id: str = ""
    attempt: int = 1
    agent_id: str = ""
    phase: str = ""
    width: int = 1
    without_x: int = 0
    first_x: list[float] = []
    last_x: list[float] = []
    count: list[int] = []
    low: list[float] = []
    mean: list[float] = []
    high: list[float] = []
    last: list[float] = []
    marks: Marks = msgspec.field(default_factory=Marks)


class _Bucket:
    """Consecutive values that become one point."""

    __slots__ = ("count", "first_x", "high", "last", "last_x", "low", "mean", "odd")

    def __init__(self, first_x: float, last_x: float) -> None:
        self.first_x = first_x
        self.last_x = last_x
        self.count = 0
        self.low = math.inf
        self.high = -math.inf
        self.mean = 0.0
        self.last = math.nan
        self.odd: dict[str, tuple[Any, int]] = {}
        """By kind: where the first one is, and how many there are."""

    def add(self, first_x: float, last_x: float, count: int, low: float, mean: float, high: float, last: float) -> None:
        """Add values that come after those before."""
        self.first_x = min(self.first_x, first_x)
        self.last_x = max(self.last_x, last_x)
        if count:
            total = self.count + count
            self.mean = self.mean * (self.count / total) + mean * (count / total)
            self.count = total
            self.low = min(self.low, low)
            self.high = max(self.high, high)
            self.last = last

    def mark(self, kind: str, where: Any, count: int) -> None:
        """Add values that are not finite."""
        first, before = self.odd.get(kind, (where, 0))
        self.odd[kind] = (first, before + count)


class Thinning:
    """Collects the values of one curve, in their order, into points.

    Args:
        points: Maximum number of points.
        width: Number of consecutive values that a point stands for at least: a power of two.
    """

    def __init__(self, points: int, width: int) -> None:
        self.width = width
        self._points = points
        self._buckets: dict[int, _Bucket] = {}

    def add_values(self, places: Sequence[int], xs: Sequence[float], values: Sequence[float | None]) -> None:
        """Add single values.

        Args:
            places: Place of each among all values of the curve, increasing.
            xs: Their x.
            values: The values; ``None`` is NaN.
        """
        start = 0
        while start < len(places):
            key = places[start] // self.width
            end = bisect_left(places, (key + 1) * self.width, start + 1, min(len(places), start + self.width))
            here = values[start:end]
            some = sorted(xs[start:end])  # mostly in order already: that is quicker than min() and max()
            bucket = self._bucket(key, some[0], some[-1])
            try:
                low, high, mean = min(here), max(here), sum(here) / len(here)  # type: ignore[type-var,arg-type]
                plain = -math.inf < low and high < math.inf and math.isfinite(mean)  # type: ignore[operator]
            except TypeError:
                plain = False
            if plain:
                bucket.add(some[0], some[-1], len(here), low, mean, high, here[-1])  # type: ignore[arg-type]
            else:
                self._add_odd(bucket, xs[start:end], here)
            start = end

    def add_summary(
        self, place: int, extent: tuple[float, float], numbers: tuple[Any, ...]
    ) -> Callable[[str, Any, int], None]:
        """Add values by their summary; they must lie within one point.

        Args:
            place: Place of the first one among all values of the curve.
            extent: Lowest and highest x.
            numbers: Of the finite values: number, lowest, mean, highest, last.

        Returns:
            Adds values that are not finite: kind, where the first one is, number.
        """
        bucket = self._bucket(place // self.width, *extent)
        bucket.add(*extent, *numbers)
        return bucket.mark

    def line(self, where: Callable[[Any, str], float] = lambda place, _kind: place) -> SeriesLine:
        """Return the curve.

        Args:
            where: Returns the x of a mark, given where it is and its kind.
        """
        while len(self._buckets) > self._points:
            self._double()
        line = SeriesLine(width=self.width)
        for bucket in self._buckets.values():
            if bucket.count:
                line.first_x.append(bucket.first_x)
                line.last_x.append(bucket.last_x)
                line.count.append(bucket.count)
                line.low.append(bucket.low)
                line.mean.append(bucket.mean)
                line.high.append(bucket.high)
                line.last.append(bucket.last)
            for kind, (place, count) in bucket.odd.items():
                line.marks.x.append(where(place, kind))
                line.marks.kind.append(kind)
                line.marks.count.append(count)
        return line

    def _bucket(self, key: int, first_x: float, last_x: float) -> _Bucket:
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = _Bucket(first_x, last_x)
        return bucket

    @staticmethod
    def _add_odd(bucket: _Bucket, xs: Sequence[float], values: Sequence[float | None]) -> None:
        for x, value in zip(xs, values, strict=True):
            if value is None or value != value:
                bucket.add(x, x, 0, 0.0, 0.0, 0.0, 0.0)
                bucket.mark(NAN, x, 1)
            elif math.isinf(value):
                bucket.add(x, x, 0, 0.0, 0.0, 0.0, 0.0)
                bucket.mark(PLUS if value > 0 else MINUS, x, 1)
            else:
                bucket.add(x, x, 1, value, value, value, value)

    def _double(self) -> None:
        """Let each point stand for twice as many values."""
        self.width *= 2
        merged: dict[int, _Bucket] = {}
        for key, bucket in self._buckets.items():
            into = merged.setdefault(key // 2, bucket)
            if into is not bucket:
                into.add(bucket.first_x, bucket.last_x, bucket.count, bucket.low, bucket.mean, bucket.high, bucket.last)
                for kind, (place, count) in bucket.odd.items():
                    into.mark(kind, place, count)
        self._buckets = merged


def least_width(values: int, points: int) -> int:
    """Return the least width (a power of two) that makes at most so many points of so many values."""
    return 1 << (-(-values // points) - 1).bit_length() if values > points else 1
