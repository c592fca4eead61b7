"""Curves of episodes: their returns, lengths and successes, by worker, attempt, phase and agent."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import NamedTuple

from gym_gui.reading.thinning import SeriesLine, Thinning, least_width
from gym_gui.telemetry import legal_time, returns_of, row_id_range

#: Names of the curves, and the columns with their values.
EPISODE_COLUMNS = {"return": "total_reward", "length": "steps", "success": "success"}
EVAL_PREFIX = "eval_"
EPISODE_NAMES = (*EPISODE_COLUMNS, *(EVAL_PREFIX + name for name in EPISODE_COLUMNS))
PHASES = ("train", "eval")
_Points = list[tuple[float | None, float | None]]


class _Ended(NamedTuple):
    """An episode that ended."""

    row: int
    agent: str
    number: int
    length: int | None
    timestamp: float | None


def episode_lines(
    database: sqlite3.Connection,
    name: str,
    worker_no: int,
    attempt: int,
    axis: str,
    start: float,
    span: tuple[float, float],
    points: int,
) -> list[SeriesLine]:
    """Return curves of the episodes of one attempt, without the worker's id.

    Args:
        database: A connection to the run's database.
        name: One of `EPISODE_NAMES`.
        worker_no: The worker.
        attempt: Its attempt.
        axis: ``step``: environment steps when the episode ended; ``episode``: its index; ``update``: its number in the
            curve, from 1; ``wall``: Unix seconds.
        start: Subtracted from each x.
        span: Lowest and highest x.
        points: Maximum number of points of each curve.
    """
    column = EPISODE_COLUMNS[name.removeprefix(EVAL_PREFIX)]
    phase = PHASES[name.startswith(EVAL_PREFIX)]
    by_agent: dict[str, _Points] = defaultdict(list)
    for agent, x, value in _values(database, column, PHASES.index(phase), worker_no, attempt, axis):
        x = len(by_agent[agent]) + 1 if axis == "update" else x
        by_agent[agent].append((None if x is None else x - start, value))
    return [_line(found, agent, phase, attempt, span, points) for agent, found in by_agent.items()]


def _line(found: _Points, agent: str, phase: str, attempt: int, span: tuple[float, float], points: int) -> SeriesLine:
    kept = [(place, x, value) for place, (x, value) in enumerate(found) if x is not None and span[0] <= x <= span[1]]
    thinning = Thinning(points, least_width(len(kept), points))
    if kept:
        places, xs, values = zip(*kept, strict=True)
        thinning.add_values(places, [float(x) for x in xs], values)
    line = thinning.line()
    line.agent_id, line.phase, line.attempt = agent, phase, attempt
    line.without_x = sum(x is None for x, _ in found)
    return line


def _values(
    database: sqlite3.Connection, column: str, phase: int, worker_no: int, attempt: int, axis: str
) -> Iterator[tuple[str, float | None, float | None]]:
    """Yield agent, x and value of each episode that has a value, in log order; a value of ``None`` is NaN."""
    reward = column == "total_reward"
    place = _steps(database, worker_no, attempt) if axis == "step" else _PLACES[axis]
    for row, ep_index, length, agent, value, timestamp, nan, rewards in database.execute(
        "SELECT id, ep_index, steps, (SELECT name FROM names WHERE names.id = agent),"  # noqa: S608 - our own columns
        f" {column}, timestamp, nan, agent_rewards"
        " FROM episodes WHERE id BETWEEN ? AND ? AND phase = ? ORDER BY id",
        (*row_id_range(worker_no, attempt), phase),
    ):
        x = place(_Ended(row, agent or "", ep_index, length, timestamp))
        if value is not None or (reward and nan):
            yield agent or "", x, None if value is None else float(value)
        if reward and rewards is not None:
            for agent_id, own in returns_of(rewards):
                yield agent_id, x, own


def _steps(database: sqlite3.Connection, worker_no: int, attempt: int) -> Callable[[_Ended], float | None]:
    """Return what finds the number of steps when an episode ended.

    That of the last step before it of the same attempt, if there is one; otherwise the sum of the episodes' lengths.
    """
    first, last = row_id_range(worker_no, attempt)
    has_steps = database.execute("SELECT 1 FROM steps WHERE id BETWEEN ? AND ? LIMIT 1", (first, last)).fetchone()
    totals: dict[str, int] = defaultdict(int)

    def place(ended: _Ended) -> float | None:
        totals[ended.agent] += ended.length or 0
        if has_steps:
            found = database.execute(
                "SELECT step_index FROM steps WHERE id BETWEEN ? AND ? ORDER BY id DESC LIMIT 1", (first, ended.row)
            ).fetchone()
            if found is not None:
                return float(found[0] + 1)
        return None if ended.length is None else float(totals[ended.agent])

    return place


_PLACES: dict[str, Callable[[_Ended], float | None]] = {
    "episode": lambda ended: ended.number,
    "update": lambda _: 0.0,  # counted by agent
    "wall": lambda ended: legal_time(ended.timestamp),
}
