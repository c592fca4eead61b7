"""Series of runs for charts: returns, lengths and successes of episodes, and every metric, thinned to some points."""

from __future__ import annotations

import contextlib
import math
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from gym_gui.core.worker.errors import ConfigError, Problem, UsageError, nearest
from gym_gui.proxy import read_summary
from gym_gui.reading.axes import METRIC_AXIS, over_series
from gym_gui.reading.episode_lines import EPISODE_COLUMNS, EPISODE_NAMES, EVAL_PREFIX, PHASES, episode_lines
from gym_gui.reading.metric_lines import ROW_AXIS, STEP_AXIS, MetricReader, episode_axis, rows_of_episodes, time_axis
from gym_gui.reading.tensorboard_lines import (
    TENSORBOARD_PREFIX,
    finite_values,
    tensorboard_lines,
    tensorboard_values,
)
from gym_gui.reading.thinning import SeriesLine
from gym_gui.reading.usage_lines import SYSTEM_NAMES, usage_lines, usage_values
from gym_gui.runs import RunFolder
from gym_gui.telemetry import ATTEMPT_SHIFT, SPAN_ROWS, reading, row_id_range

AXES = ("step", "update", "episode", "wall", "relative")
TIME_AXES = ("wall", "relative")
MAX_POINTS = 10_000
DEFAULT_POINTS = 1000
#: Series of one request: runs times names.
MAX_SERIES = 100
#: Points and marks of one answer, over all curves.
MAX_TOTAL_POINTS = 1_000_000
#: Before the name of a metric that is called like a series of episodes.
METRIC_PREFIX = "metric:"
_DEADLINE_S = 20.0
_FINITE = "abs(value) < 9e999"


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


class SeriesName(msgspec.Struct, kw_only=True):
    """A series that a run has.

    Args:
        name: Its name.
        kind: ``episodes``, ``metric``, ``system`` or ``tensorboard``.
        count: Number of its values, over all workers and attempts.
        last: The last one of the last attempt; may be NaN or infinite.
        low: The lowest finite one.
        high: The highest.
        first_step: Lowest step of a metric, or of scalars for TensorBoard.
        last_step: Highest step, likewise.
    """

    name: str
    kind: str
    count: int
    last: float | None = None
    low: float | None = None
    high: float | None = None
    first_step: int | None = None
    last_step: int | None = None


class _Attempt(NamedTuple):
    worker_no: int
    attempt: int
    worker_id: str


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
        attempts, spans = _attempts(database), _has_spans(database)
        found = []
        for name in request.names:
            series = Series(run_id=folder.run_id, name=name)
            if name in SYSTEM_NAMES:
                series.lines = usage_lines(folder.usage, name, start, (low, high), request.points)
                found.append(series)
                continue
            metric = None if name in EPISODE_NAMES else _metric(database, name)
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
                series.nearest = nearest(name, _all_names(database))
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


def series_names(folder: RunFolder) -> list[SeriesName]:
    """Return the series of a run: of its episodes, its metrics by name, its event files, what its workers used.

    Args:
        folder: The run's folder.

    Raises:
        TelemetryError: The database cannot be read.
    """
    names: list[SeriesName] = []
    with snapshot(folder.database) as database:
        if database is not None:
            names = [
                name
                for phase, prefix in enumerate(("", EVAL_PREFIX))
                for column_name, column in EPISODE_COLUMNS.items()
                if (name := _episode_name(database, f"{prefix}{column_name}", column, phase)) is not None
            ]
            spans = _has_spans(database)
            attempts = _attempts(database) if spans else []
            names += [_metric_name(database, name, number, attempts) for number, name in _metrics(database)]
    return names + _tensorboard_names(folder) + _system_names(folder)


def _tensorboard_names(folder: RunFolder) -> list[SeriesName]:
    """Return the series in a run's event files."""
    names = []
    for name, found in tensorboard_values(folder).items():
        finite = finite_values(found)
        steps = [step for _, scalars in found for step in scalars.steps]
        names.append(
            SeriesName(
                name=name, kind="tensorboard", count=len(steps), last=found[-1][1].values[-1],
                low=min(finite, default=None), high=max(finite, default=None),
                first_step=int(min(steps)), last_step=int(max(steps)),
            )
        )  # fmt: skip
    return names


def _system_names(folder: RunFolder) -> list[SeriesName]:
    """Return the series of what the run's workers used."""
    found = usage_values(folder.usage)
    names = []
    for name in SYSTEM_NAMES:
        columns = [values for _, values in found.get(name, {}).values()]
        values = [value for column in columns for value in column]
        if values:
            names.append(
                SeriesName(
                    name=name, kind="system", count=len(values), last=columns[-1][-1], low=min(values), high=max(values)
                )
            )
    return names


def _range(request: SeriesRequest) -> tuple[float, float]:
    return (
        -math.inf if request.low is None else request.low,
        math.inf if request.high is None else request.high,
    )


def _start(folder: RunFolder) -> float:
    run = read_summary(folder)
    return run.started_at or run.created_at or 0.0


@contextlib.contextmanager
def snapshot(path: Path) -> Iterator[sqlite3.Connection | None]:
    """Return a context with a database that does not change meanwhile; ``None`` without one."""
    if not path.exists():
        yield None
        return
    with reading(path, _DEADLINE_S) as database:
        database.execute("BEGIN")
        if database.execute("SELECT 1 FROM sqlite_master WHERE name = 'rollups'").fetchone() is None:
            yield None  # it is being created
        else:
            yield database


def _attempts(database: sqlite3.Connection) -> list[_Attempt]:
    rows = database.execute(
        "SELECT worker_no, attempt, worker_id FROM cursors WHERE worker_no > 0 ORDER BY worker_no, attempt"
    )
    return [_Attempt(*row) for row in rows]


def _has_spans(database: sqlite3.Connection) -> bool:
    return database.execute("SELECT 1 FROM sqlite_master WHERE name = 'metric_spans'").fetchone() is not None


def _metrics(database: sqlite3.Connection) -> list[tuple[int, str]]:
    """Return id and name of all metrics, sorted by name."""
    return database.execute(
        "SELECT id, name FROM names WHERE EXISTS (SELECT 1 FROM metrics WHERE metrics.name = names.id) ORDER BY name"
    ).fetchall()


def _metric(database: sqlite3.Connection, name: str) -> int | None:
    """Return the id of the metric that a series shows."""
    for own in (name, name.removeprefix(METRIC_PREFIX)):
        found = database.execute("SELECT id FROM names WHERE name = ?", (own,)).fetchone()
        if found is not None:
            return int(found[0])
    return None


def _all_names(database: sqlite3.Connection) -> list[str]:
    metrics = [_shown(name) for _, name in _metrics(database)]
    phases = {PHASES[phase] for (phase,) in database.execute("SELECT DISTINCT phase FROM episodes")}
    return [name for name in EPISODE_NAMES if PHASES[name.startswith(EVAL_PREFIX)] in phases] + metrics


def _shown(metric: str) -> str:
    taken = metric in EPISODE_NAMES or metric in SYSTEM_NAMES or metric.startswith(TENSORBOARD_PREFIX)
    return f"{METRIC_PREFIX}{metric}" if taken else metric


def _metric_line(
    database: sqlite3.Connection,
    metric: int,
    attempt: _Attempt,
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


def _episode_name(database: sqlite3.Connection, name: str, column: str, phase: int) -> SeriesName | None:
    nan = " OR nan" if column == "total_reward" else ""
    count, low, high = database.execute(
        f"SELECT count(*), min(value) FILTER (WHERE {_FINITE}), max(value) FILTER (WHERE {_FINITE}) FROM"  # noqa: S608
        f" (SELECT {column} AS value, nan FROM episodes WHERE phase = ?) WHERE value IS NOT NULL{nan}",
        (phase,),
    ).fetchone()
    if not count:
        return None
    (last,) = database.execute(
        f"SELECT {column} FROM episodes WHERE phase = ? AND ({column} IS NOT NULL{nan})"  # noqa: S608 - our own columns
        " ORDER BY id DESC LIMIT 1",
        (phase,),
    ).fetchone()
    return SeriesName(
        name=name, kind="episodes", count=count, last=math.nan if last is None else float(last), low=low, high=high
    )


def _metric_name(database: sqlite3.Connection, name: str, number: int, attempts: Sequence[_Attempt]) -> SeriesName:
    """Return what a metric has: of the spans, and of the values that no span covers."""
    parts: list[tuple[int, float | None, float | None, int | None, int | None]] = []
    covered: dict[int, int] = {}
    if attempts:
        for key, last, *part in database.execute(
            f"SELECT id >> {ATTEMPT_SHIFT}, max(last), {SPAN_ROWS} * count(*), min(low), max(high), min(step_low),"  # noqa: S608
            " max(step_high) FROM metric_spans WHERE name = ? AND level = 0 GROUP BY 1",
            (number,),
        ):
            covered[key] = last
            parts.append(tuple(part))
    ranges = [row_id_range(*attempt[:2]) for attempt in attempts] or [(0, (1 << 63) - 1)]
    for first, last in ranges:
        parts += database.execute(
            f"SELECT count(*), min(value) FILTER (WHERE {_FINITE}), max(value) FILTER (WHERE {_FINITE}), min(step),"  # noqa: S608
            " max(step) FROM metrics WHERE name = ? AND id BETWEEN ? AND ?",
            (number, covered.get(first >> ATTEMPT_SHIFT, first - 1) + 1, last),
        ).fetchall()
    counts, lows, highs, first_steps, last_steps = zip(*parts, strict=True)
    (last,) = database.execute(
        "SELECT value FROM metrics WHERE name = ? ORDER BY id DESC LIMIT 1", (number,)
    ).fetchone()
    return SeriesName(
        name=_shown(name),
        kind="metric",
        count=sum(counts),
        last=math.nan if last is None else last,
        low=min((value for value in lows if value is not None), default=None),
        high=max((value for value in highs if value is not None), default=None),
        first_step=min((step for step in first_steps if step is not None), default=None),
        last_step=max((step for step in last_steps if step is not None), default=None),
    )
