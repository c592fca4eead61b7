"""A run's database as its series are read from it: a snapshot, the attempts, the metrics with their shown names."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from gym_gui.reading.episode_lines import EPISODE_NAMES, EVAL_PREFIX, PHASES
from gym_gui.reading.tensorboard_lines import TENSORBOARD_PREFIX
from gym_gui.reading.usage_lines import SYSTEM_NAMES
from gym_gui.telemetry import reading

#: Before the name of a metric that is called like a series of another kind.
METRIC_PREFIX = "metric:"
_DEADLINE_S = 20.0


class Attempt(NamedTuple):
    worker_no: int
    attempt: int
    worker_id: str


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


def attempts_of(database: sqlite3.Connection) -> list[Attempt]:
    rows = database.execute(
        "SELECT worker_no, attempt, worker_id FROM cursors WHERE worker_no > 0 ORDER BY worker_no, attempt"
    )
    return [Attempt(*row) for row in rows]


def has_spans(database: sqlite3.Connection) -> bool:
    return database.execute("SELECT 1 FROM sqlite_master WHERE name = 'metric_spans'").fetchone() is not None


def metrics_of(database: sqlite3.Connection) -> list[tuple[int, str]]:
    """Return id and name of all metrics, sorted by name."""
    return database.execute(
        "SELECT id, name FROM names WHERE EXISTS (SELECT 1 FROM metrics WHERE metrics.name = names.id) ORDER BY name"
    ).fetchall()


def metric_id(database: sqlite3.Connection, name: str) -> int | None:
    """Return the id of the metric that a series shows."""
    for own in (name, name.removeprefix(METRIC_PREFIX)):
        found = database.execute("SELECT id FROM names WHERE name = ?", (own,)).fetchone()
        if found is not None:
            return int(found[0])
    return None


def all_names(database: sqlite3.Connection) -> list[str]:
    metrics = [shown_name(name) for _, name in metrics_of(database)]
    phases = {PHASES[phase] for (phase,) in database.execute("SELECT DISTINCT phase FROM episodes")}
    return [name for name in EPISODE_NAMES if PHASES[name.startswith(EVAL_PREFIX)] in phases] + metrics


def shown_name(metric: str) -> str:
    taken = metric in EPISODE_NAMES or metric in SYSTEM_NAMES or metric.startswith(TENSORBOARD_PREFIX)
    return f"{METRIC_PREFIX}{metric}" if taken else metric
