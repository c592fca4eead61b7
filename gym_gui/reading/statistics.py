"""Centre and spread of values of several runs, and of their curves.

The dashboard does the same in ``static/statistics.js``, down to the random draws: both give the same numbers.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import product
from operator import mul

import msgspec

from gym_gui.core.worker.errors import ConfigError, Problem, nearest
from gym_gui.reading.curves import GRID_POINTS, Line, value_at

#: ``iqm``: the mean of the middle half, without a quarter of the values (rounded down) at either end.
CENTRES = ("mean", "median", "iqm")
#: ``std``: one standard deviation of these values (population) to either side; ``range``: lowest to highest;
#: ``bootstrap``: 95 % percentile bootstrap interval of the centre.
SPREADS = ("std", "range", "bootstrap")
#: Share of the values that the IQM leaves out at either end.
_QUARTER = 4
_TAIL = 0.025
#: Up to so many values of one stratum, all resamples are taken instead of random ones.
_ALL_OF = 4
#: Additions of one bootstrap, and resamples at least and at most.
_WORK, _FEWEST, _MOST = 300_000, 200, 2000
#: Robust standard deviations from the median from which on a value is far.
_FAR = 6.0
_SEED = 20_210_829
_WORD = 0xFFFFFFFF


class Statistic(msgspec.Struct, frozen=True):
    """How several values become one with a range.

    Args:
        centre: One of `CENTRES`.
        spread: One of `SPREADS`.
    """

    centre: str = "mean"
    spread: str = "std"

    def check(self) -> None:
        """Check it.

        Raises:
            ConfigError: There is no such centre or spread.
        """
        problems = [
            Problem(name, "is unknown", value=value, allowed=", ".join(known), nearest=nearest(value, known))
            for name, value, known in (("centre", self.centre, CENTRES), ("spread", self.spread, SPREADS))
            if value not in known
        ]
        if problems:
            raise ConfigError("there is no such statistic", problems, next_step="correct these values")


class Interval(msgspec.Struct, kw_only=True):
    """Centre and range of some values.

    Args:
        count: Number of values.
        centre: Their centre.
        low: Lower end of the range.
        high: Upper end.
    """

    count: int
    centre: float
    low: float
    high: float


class StatisticBand(msgspec.Struct, kw_only=True):
    """Curves combined, over the range that all of them cover: columns of equal length.

    Args:
        steps: The common grid.
        centre: Centre of the curves.
        low: Lower end of their range.
        high: Upper end.
        count: Number of curves.
    """

    steps: list[float]
    centre: list[float]
    low: list[float]
    high: list[float]
    count: int


class Description(msgspec.Struct, kw_only=True):
    """Centres and spreads of some values.

    Args:
        count: Number of values.
        mean: Their mean.
        std: Standard deviation, of these values alone (population).
        median: Their median.
        iqm: Mean of the middle half.
        low: The lowest.
        high: The highest.
        mean_low: Lower end of the 95 % bootstrap interval of the mean.
        mean_high: Its upper end.
    """

    count: int
    mean: float
    std: float
    median: float
    iqm: float
    low: float
    high: float
    mean_low: float
    mean_high: float


def describe(values: Sequence[float], strata: Sequence[str] = ()) -> Description | None:
    """Return all centres and spreads of the finite values, ``None`` without any.

    Args:
        values: The values.
        strata: As of :func:`interval_of`.
    """
    names = (("mean", "std"), ("median", "range"), ("iqm", "range"), ("mean", "bootstrap"))
    found = [interval_of(values, Statistic(*each), strata) for each in names]
    deviation, median, iqm, interval = found
    if deviation is None or median is None or iqm is None or interval is None:
        return None
    return Description(
        count=deviation.count, mean=deviation.centre, std=deviation.high - deviation.centre, median=median.centre,
        iqm=iqm.centre, low=median.low, high=median.high, mean_low=interval.low, mean_high=interval.high,
    )  # fmt: skip


def interval_of(values: Sequence[float], statistic: Statistic, strata: Sequence[str] = ()) -> Interval | None:
    """Return centre and range of the finite values, ``None`` without any.

    Args:
        values: The values.
        statistic: Centre and spread.
        strata: For each value its stratum, such as the environment: the bootstrap draws from each as many values as it
            has. None: all are of one.

    Raises:
        ConfigError: There is no such statistic.
    """
    statistic.check()
    kept = [index for index, value in enumerate(values) if math.isfinite(value)]
    if not kept:
        return None
    finite = [values[index] for index in kept]
    (column,) = _columns([finite], statistic, [strata[index] for index in kept] if strata else ())
    return Interval(count=len(finite), centre=column[0], low=column[1], high=column[2])


def statistic_band(
    lines: Sequence[Line], statistic: Statistic, strata: Sequence[str] = (), points: int = GRID_POINTS
) -> StatisticBand:
    """Return curves combined on a common grid over the range that all of them cover.

    The bootstrap resamples whole curves: one resample serves all places of the grid.

    Args:
        lines: The curves; those without points are ignored.
        statistic: Centre and spread.
        strata: For each curve its stratum; none: all are of one.
        points: Points of the grid, at least 2.

    Raises:
        ConfigError: There is no such statistic.
    """
    statistic.check()
    strata = [strata[index] for index, line in enumerate(lines) if line.steps] if strata else ()
    lines = [line for line in lines if line.steps]
    first = max((line.steps[0] for line in lines), default=0.0)
    extent = min((line.steps[-1] for line in lines), default=-1.0) - first
    if extent < 0:
        return StatisticBand(steps=[], centre=[], low=[], high=[], count=len(lines))
    grid = [first + extent * index / (points - 1) for index in range(points)] if extent else [first]
    rows = [[value_at(line, step) for line in lines] for step in grid]
    centre, low, high = map(list, zip(*_columns(rows, statistic, strata), strict=True))
    return StatisticBand(steps=grid, centre=centre, low=low, high=high, count=len(lines))


def far_values(values: Sequence[float]) -> list[int]:
    """Return the indices of values that lie far from most others, NaN and infinities included.

    That is more than `_FAR` robust standard deviations (from the median absolute deviation) from the median; never the
    case of fewer than four finite values, nor of more than a fifth of them.

    Args:
        values: The values.
    """
    odd = [index for index, value in enumerate(values) if not math.isfinite(value)]
    finite = [(index, value) for index, value in enumerate(values) if math.isfinite(value)]
    if len(finite) < _ALL_OF:
        return odd
    median = _middle([value for _, value in finite])
    distances = [abs(value - median) for _, value in finite]
    scale = 1.4826 * _middle(distances)
    if not scale:  # more than half are the same
        scale = sum(distances) / len(distances)
    far = [index for (index, _), distance in zip(finite, distances, strict=True) if distance > _FAR * scale > 0]
    return sorted(odd + far) if len(far) <= max(1, len(finite) // 5) else odd


def _middle(values: Sequence[float]) -> float:
    return _trimmed(sorted(values), _cut(len(values), "median"))


def _columns(
    rows: Sequence[Sequence[float]], statistic: Statistic, strata: Sequence[str]
) -> list[tuple[float, float, float]]:
    """Return centre, lower and upper end of each row of values; all rows are of the same runs."""
    cut = _cut(len(rows[0]), statistic.centre)
    found = []
    drawn = _drawn(tuple(strata) or ("",) * len(rows[0]), len(rows)) if statistic.spread == "bootstrap" else ()
    for values in rows:
        ordered = sorted(values)
        centre = _trimmed(ordered, cut)
        if statistic.spread == "range":
            found.append((centre, ordered[0], ordered[-1]))
        elif statistic.spread == "std":
            mean = sum(values) / len(values)
            deviation = math.sqrt(sum((value - mean) ** 2 for value in values) / len(values))
            found.append((centre, centre - deviation, centre + deviation))
        else:
            centres = sorted(_resampled(values, counts, cut) for counts in drawn)
            found.append((centre, _percentile(centres, _TAIL), _percentile(centres, 1 - _TAIL)))
    return found


def _cut(count: int, centre: str) -> int:
    """Return how many of the ordered values are left out at either end."""
    return {"mean": 0, "median": (count - 1) // 2, "iqm": count // _QUARTER}[centre]


def _trimmed(ordered: Sequence[float], cut: int) -> float:
    kept = ordered[cut : len(ordered) - cut]
    return math.fsum(kept) / len(kept)


def _resampled(values: Sequence[float], counts: Sequence[int], cut: int) -> float:
    """Return the centre of a resample.

    Args:
        values: The values.
        counts: How often each was drawn.
        cut: Drawn values that are left out at either end.
    """
    if not cut:
        total: float = sum(map(mul, counts, values))
        return total / len(values)
    ordered = [value for value, times in sorted(zip(values, counts, strict=True)) for _ in range(times)]
    return _trimmed(ordered, cut)


def _percentile(ordered: Sequence[float], share: float) -> float:
    """Return a percentile of ordered values, with linear interpolation."""
    place = share * (len(ordered) - 1)
    left = min(int(place), len(ordered) - 2) if len(ordered) > 1 else 0
    right = min(left + 1, len(ordered) - 1)
    return ordered[left] + (ordered[right] - ordered[left]) * (place - left)


def _drawn(strata: tuple[str, ...], rows: int) -> Sequence[Sequence[int]]:
    """Return the resamples; those of few values are kept: to draw them takes most of the time of a bootstrap."""
    return _kept_resamples(strata, rows) if len(strata) * _FEWEST <= _WORK else list(_resamples(strata, rows))


@lru_cache(maxsize=8)
def _kept_resamples(strata: tuple[str, ...], rows: int) -> Sequence[Sequence[int]]:
    return [array("H", counts) for counts in _resamples(strata, rows)]


def _resamples(strata: Sequence[str], rows: int) -> Iterator[list[int]]:
    """Yield resamples with replacement: how often each value is drawn, from each stratum as many as it has.

    Args:
        strata: For each value its stratum.
        rows: Number of rows that the resamples serve.
    """
    members: dict[str, list[int]] = {}
    for index, stratum in enumerate(strata):
        members.setdefault(stratum, []).append(index)
    size = len(strata)
    if len(members) == 1 and size <= _ALL_OF:
        for drawn in product(range(size), repeat=size):
            yield [drawn.count(index) for index in range(size)]
        return
    draw = _draws()
    for _ in range(max(_FEWEST, min(_MOST, _WORK // (size * rows)))):
        counts = [0] * size
        for those in members.values():
            for _ in those:
                counts[those[int(next(draw) * len(those))]] += 1
        yield counts


def _draws() -> Iterator[float]:
    """Yield random numbers from 0 up to 1 (mulberry32): the same in JavaScript, and each time."""
    state = _SEED
    while True:
        state = (state + 0x6D2B79F5) & _WORD
        mixed = ((state ^ state >> 15) * (1 | state)) & _WORD
        mixed ^= (mixed + (((mixed ^ mixed >> 7) * (61 | mixed)) & _WORD)) & _WORD
        yield (mixed ^ mixed >> 14) / 4294967296
