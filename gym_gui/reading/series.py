"""Series of runs for charts: returns, lengths and successes of episodes, and every metric, thinned to some points."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Sequence

import msgspec

from gym_gui.core.worker.errors import ConfigError, Problem, UsageError, nearest
from gym_gui.proxy import read_summary
from gym_gui.reading.axes import METRIC_AXIS, over_series
from gym_gui.reading.episode_lines import EPISODE_NAMES, episode_lines
from gym_gui.reading.metric_lines import ROW_AXIS, STEP_AXIS, MetricReader, episode_axis, rows_of_episodes, time_axis
from gym_gui.reading.run_database import Attempt, all_names, attempts_of, has_spans, metric_id, snapshot
from gym_gui.reading.tensorboard_lines import TENSORBOARD_PREFIX, tensorboard_lines, tensorboard_values
from gym_gui.reading.thinning import SeriesLine
from gym_gui.reading.usage_lines import SYSTEM_NAMES, usage_lines
from gym_gui.runs import RunFolder

AXES = ("step", "update", "episode", "wall", "relative")
TIME_AXES = ("wall", "relative")
MAX_POINTS = 10_000
DEFAULT_POINTS = 1000
#: Series of one request: runs times names.
MAX_SERIES = 100
#: Points and marks of one answer, over all curves.
MAX_TOTAL_POINTS = 1_000_000


class SeriesRequest(msgspec.Struct, kw_only=True, frozen=True):
    """Which series to read, and how.

    Args:
        names: Their names, as `series_names` returns them.
        x: ``step``: environment steps; ``update``: number of the value in its series, from 1; ``episode``: index of an
            episode, or number of training episodes that ended before a metric's value; ``wall``: Unix seconds;
            ``relative``: seconds since the run's start; ``metric:NAME``: value of another series at the same step.
        low: Lowest x; ``None``: from the beginning.
        high: Highest x; ``None``: to the end.
        points: Maximum number of points of each curve, 1 to `MAX_POINTS`.
    """

    names: tuple[str, ...]
    x: str = "step"
    low: float | None = None
    high: float | None = None
    points: int = DEFAULT_POINTS


class Series(msgspec.Struct, kw_only=True):
    """One series of one run.

    Args:
        run_id: The run.
        name: The series.
        lines: A curve per worker, attempt, agent and phase; none: the run has no series of this name.
        nearest: If it has none: the name in this run that is nearest to it.
    """

    run_id: str
    name: str
    lines: list[SeriesLine] = []
    nearest: str | None = None


def check_series(request: SeriesRequest, runs: int = 1) -> None:
    """Check a request.

    Args:
        request: The request.
        runs: Number of runs that it is for.

    Raises:
        ConfigError: It is not valid.
    """
    problems = []
    system = next((name for name in request.names if name in SYSTEM_NAMES), None)
    if system is not None and request.x not in TIME_AXES:
        message = f"is no axis of {system}, which is measured over time"
        problems.append(Problem("x", message, value=request.x, allowed=" or ".join(TIME_AXES)))
    if request.x not in AXES and not request.x.startswith(METRIC_AXIS):
        near = nearest(request.x, AXES)
        allowed = f"{', '.join(AXES)}, {METRIC_AXIS}NAME"
        problems.append(Problem("x", "is unknown", value=request.x, allowed=allowed, nearest=near))
    if not 1 <= request.points <= MAX_POINTS:
        problems.append(Problem("points", "is out of range", value=request.points, allowed=f"1 to {MAX_POINTS:,}"))
    low, high = _range(request)
    if not low <= high:  # NaN, too
        problems.append(Problem("low", "is not a number up to high", value=request.low, allowed=f"at most {high:g}"))
    count = len(request.names) * runs
    if not 1 <= count <= MAX_SERIES:
        allowed = f"1 to {MAX_SERIES} in one request"
        problems.append(Problem("names", f"makes {count:,} series with {runs:,} runs", allowed=allowed))
    if problems:
        raise ConfigError("series cannot be read as requested", problems)


def read_series(folder: RunFolder, request: SeriesRequest) -> list[Series]:
    """Return series of one run, in the order of their names; those that it does not have are without curves.

    Args:
        folder: The run's folder.
        request: Which series, and how.

    Raises:
        ConfigError: The request is not valid.
        TelemetryError: The database cannot be read.
    """
    check_series(request)
    if request.x.startswith(METRIC_AXIS):
        return _over_series(folder, request)
    start = _start(folder) if request.x == "relative" else 0.0
    low, high = _range(request)
    if any(name.startswith(TENSORBOARD_PREFIX) for name in request.names):
        return _with_event_files(folder, request, start)
    with snapshot(folder.database) as database:
        if database is None:
            return [Series(run_id=folder.run_id, name=name) for name in request.names]
        attempts, spans = attempts_of(database), has_spans(database)
        found = []
        for name in request.names:
            series = Series(run_id=folder.run_id, name=name)
            if name in SYSTEM_NAMES:
                series.lines = usage_lines(folder.usage, name, start, (low, high), request.points)
                found.append(series)
                continue
            metric = None if name in EPISODE_NAMES else metric_id(database, name)
            for attempt in attempts:
                if metric is not None:
                    series.lines += _metric_line(database, metric, attempt, request, low, high, start, spans=spans)
                elif name in EPISODE_NAMES:
                    axis = "wall" if request.x == "relative" else request.x
                    lines = episode_lines(
                        database, name, attempt.worker_no, attempt.attempt, axis, start, (low, high), request.points
                    )
                    for line in lines:
                        line.worker_id = attempt.worker_id
                    series.lines += lines
            if not series.lines:
                series.nearest = nearest(name, all_names(database))
            found.append(series)
    return found


def _with_event_files(folder: RunFolder, request: SeriesRequest, start: float) -> list[Series]:
    """Return series of which some are in event files."""
    own = tuple(name for name in request.names if not name.startswith(TENSORBOARD_PREFIX))
    found = {}
    if own:
        read = read_series(folder, msgspec.structs.replace(request, names=own))
        found = {series.name: series for series in read}
    values, run = tensorboard_values(folder), read_summary(folder)
    for name in request.names:
        if name in values:
            lines = tensorboard_lines(values[name], run, request.x, start, _range(request), request.points)
            found[name] = Series(run_id=folder.run_id, name=name, lines=lines)
        elif name not in found:
            found[name] = Series(run_id=folder.run_id, name=name, nearest=nearest(name, values))
    return [found[name] for name in request.names]


def _over_series(folder: RunFolder, request: SeriesRequest) -> list[Series]:
    """Return series over another one of the run; of a part of its range in as much detail as there can be."""
    low, high = _range(request)
    other = request.x.removeprefix(METRIC_AXIS)
    points = request.points if (low, high) == (-math.inf, math.inf) else MAX_POINTS
    (axis,) = read_series(folder, SeriesRequest(names=(other,), points=points))
    found = read_series(folder, SeriesRequest(names=request.names, points=points))
    for series in found:
        lines = [over_series(line, axis.lines, low, high, request.points) for line in series.lines]
        series.lines = [line for line in lines if line is not None]
        if not axis.lines:
            series.nearest = axis.nearest
    return found


def check_size(found: Sequence[Series], request: SeriesRequest) -> None:
    """Make sure that the points found do not exceed what one answer holds.

    Raises:
        UsageError: They do.
    """
    total = sum(len(line.count) + len(line.marks.x) for series in found for line in series.lines)
    if total > MAX_TOTAL_POINTS:
        raise UsageError(
            f"{total:,} points are too many for one answer",
            why=f"at most {MAX_TOTAL_POINTS:,} are sent at once",
            next_step=f"ask for fewer than {request.points:,} points of each curve, or for fewer runs or names",
        )


def require_found(found: Sequence[Series], request: SeriesRequest) -> None:
    """Make sure that each name is that of a series in at least one of the runs.

    Raises:
        UsageError: No run has a series of this name; with the nearest name.
    """
    for name in request.names:
        named = [series for series in found if series.name == name]
        if any(series.lines for series in named):
            continue
        run_ids = [series.run_id for series in named]
        near = next((series.nearest for series in named if series.nearest), None)
        raise UsageError(
            f"there is no series {name!r}",
            where=f"run {run_ids[0]}" if len(run_ids) == 1 else f"{len(run_ids)} runs",
            why=f"the nearest name is {near!r}" if near else "no value of it has been reported",
            next_step=f"list the series: mosaic runs metrics {run_ids[0]}",
        )


def _range(request: SeriesRequest) -> tuple[float, float]:
    return (
        -math.inf if request.low is None else request.low,
        math.inf if request.high is None else request.high,
    )


def _start(folder: RunFolder) -> float:
    run = read_summary(folder)
    return run.started_at or run.created_at or 0.0


def _metric_line(
    database: sqlite3.Connection,
    metric: int,
    attempt: Attempt,
    request: SeriesRequest,
    low: float,
    high: float,
    start: float,
    *,
    spans: bool,
) -> list[SeriesLine]:
    """Return the curve of a metric in one attempt, if it has one."""
    place = attempt.worker_no, attempt.attempt
    axis = ROW_AXIS if request.x == "update" else STEP_AXIS
    if request.x == "episode":
        axis, ends = episode_axis(database, *place)
        low, high = rows_of_episodes(ends, low, high)
    elif request.x in ("wall", "relative"):
        axis, low, high = time_axis(start), low + start, high + start
    reader = MetricReader(database, metric, *place, axis, spans=spans)
    if not reader.exists():
        return []
    read = reader.numbered_line if request.x == "update" else reader.line
    line = read(low, high, request.points)
    line.worker_id, line.attempt = attempt.worker_id, attempt.attempt
    return [line]
