"""Learning curves of bounded size: points cover more episodes as these accumulate."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from gym_gui.runs import CurvePoint, ReturnSpread

MAX_BUCKETS = 256


class Bucket(msgspec.Struct, array_like=True):
    """Consecutive training episodes."""

    step: int
    episodes: int
    total: float
    low: float
    high: float


class Curve(msgspec.Struct):
    """Training returns by environment steps, and the recent returns.

    The curve depends on the episodes alone, not on how they were batched: each bucket has `width` of them, and when
    there are more than `MAX_BUCKETS`, neighbours are merged and the width doubles.
    """

    buckets: list[Bucket] = []
    width: int = 1
    recent: list[float] = []
    recent_eval: list[float] = []

    def copy(self) -> Curve:
        """Return an independent copy."""
        buckets = self.buckets[:]
        if buckets:
            buckets[-1] = msgspec.structs.replace(buckets[-1])
        return Curve(buckets, self.width, self.recent[:], self.recent_eval[:])

    def add(self, step: int, value: float) -> None:
        """Add a training episode's return.

        Args:
            step: Environment steps taken when it ended.
            value: The return; a non-finite one counts in the recent mean, not in the curve.
        """
        push(self.recent, value)
        if not math.isfinite(value):
            return
        last = self.buckets[-1] if self.buckets else None
        if last is not None and last.episodes < self.width:
            last.step = step
            last.episodes += 1
            last.total += value
            last.low = min(last.low, value)
            last.high = max(last.high, value)
            return
        self.buckets.append(Bucket(step, 1, value, value, value))
        if len(self.buckets) > MAX_BUCKETS:
            self._halve()

    def add_eval(self, value: float) -> None:
        """Add an evaluation episode's return."""
        push(self.recent_eval, value)

    def points(self) -> list[CurvePoint]:
        """Return the curve."""
        return [
            CurvePoint(
                step=bucket.step,
                episodes=bucket.episodes,
                mean_return=bucket.total / bucket.episodes,
                min_return=bucket.low,
                max_return=bucket.high,
            )
            for bucket in self.buckets
        ]

    def _halve(self) -> None:
        old = self.buckets
        pairs = [old[place : place + 2] for place in range(0, len(old), 2)]
        self.buckets = [_merged(pair) for pair in pairs]
        self.width *= 2


RECENT = 100
"""Number of episodes in a recent mean."""


def mean(values: list[float]) -> float | None:
    """Return the mean (``None`` without values); NaN and infinities propagate."""
    return sum(values) / len(values) if values else None


def spread(values: list[float]) -> ReturnSpread | None:
    """Return the spread of returns (``None`` without values); NaN and infinities propagate."""
    if not values:
        return None
    middle = sum(values) / len(values)
    finite = math.isfinite(middle)
    deviation = math.sqrt(sum((value - middle) ** 2 for value in values) / len(values)) if finite else math.nan
    numbers = [value for value in values if value == value] or [math.nan]
    return ReturnSpread(episodes=len(values), mean=middle, std=deviation, min=min(numbers), max=max(numbers))


def pooled_spread(spreads: list[ReturnSpread]) -> ReturnSpread | None:
    """Return the spread over the episodes of several spreads."""
    count = sum(one.episodes for one in spreads)
    if not count:
        return None
    middle = sum(one.episodes * one.mean for one in spreads) / count
    variance = sum(one.episodes * (one.std**2 + (one.mean - middle) ** 2) for one in spreads) / count
    numeric = [one for one in spreads if one.min == one.min] or spreads
    return ReturnSpread(
        episodes=count,
        mean=middle,
        std=math.sqrt(variance) if math.isfinite(variance) else math.nan,
        min=min(one.min for one in numeric),
        max=max(one.max for one in numeric),
    )


BEST_OVER = 20
"""Number of consecutive episodes, at least, in a best mean: a single lucky one is none."""


def best_mean(points: Sequence[CurvePoint], episodes: int = BEST_OVER) -> float | None:
    """Return the highest mean return of consecutive points that just reach some number of episodes.

    Args:
        points: The curve.
        episodes: That number; a curve with fewer counts as a whole.

    Returns:
        ``None`` for a curve without points.
    """
    best = None
    first = count = 0
    total = 0.0
    for point in points:
        count += point.episodes
        total += point.episodes * point.mean_return
        while count - points[first].episodes >= episodes:
            count -= points[first].episodes
            total -= points[first].episodes * points[first].mean_return
            first += 1
        if count >= episodes and (best is None or total / count > best):
            best = total / count
    return total / count if best is None and count else best


def push(values: list[float], value: float) -> None:
    """Append a value to the recent ones, of which `RECENT` are kept."""
    values.append(value)
    if len(values) > RECENT:
        del values[0]


def _merged(buckets: list[Bucket]) -> Bucket:
    return Bucket(
        buckets[-1].step,
        sum(bucket.episodes for bucket in buckets),
        sum(bucket.total for bucket in buckets),
        min(bucket.low for bucket in buckets),
        max(bucket.high for bucket in buckets),
    )
