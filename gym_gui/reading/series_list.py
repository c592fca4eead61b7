"""The series that a run has, with what is known of their values: of episodes, metrics, event files, system usage."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Sequence

import msgspec

from gym_gui.reading.episode_lines import EPISODE_COLUMNS, EVAL_PREFIX
from gym_gui.reading.run_database import Attempt, attempts_of, has_spans, metrics_of, shown_name, snapshot
from gym_gui.reading.tensorboard_lines import finite_values, tensorboard_values
from gym_gui.reading.usage_lines import SYSTEM_NAMES, usage_values
from gym_gui.runs import RunFolder
from gym_gui.telemetry import ATTEMPT_SHIFT, SPAN_ROWS, row_id_range

_FINITE = "abs(value) < 9e999"


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
            spans = has_spans(database)
            attempts = attempts_of(database) if spans else []
            names += [_metric_name(database, name, number, attempts) for number, name in metrics_of(database)]
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


def _metric_name(database: sqlite3.Connection, name: str, number: int, attempts: Sequence[Attempt]) -> SeriesName:
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
        name=shown_name(name),
        kind="metric",
        count=sum(counts),
        last=math.nan if last is None else last,
        low=min((value for value in lows if value is not None), default=None),
        high=max((value for value in highs if value is not None), default=None),
        first_step=min((step for step in first_steps if step is not None), default=None),
        last_step=max((step for step in last_steps if step is not None), default=None),
    )
