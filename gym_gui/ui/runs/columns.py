"""What the columns of the list of runs show."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from gym_gui.look import STATES, figures
from gym_gui.runs import RunSummary, return_of


@dataclass(frozen=True)
class Column:
    """One column.

    Args:
        title: Its header.
        field: The field by which it sorts.
        text: What it shows of a run.
        tip: The same exactly, shown where the mouse rests; empty: nothing more is known.
        number: It is aligned at the right.
    """

    title: str
    field: str
    text: Callable[[RunSummary], str]
    tip: Callable[[RunSummary], str] = lambda _run: ""
    number: bool = False


def state_text(state: str) -> str:
    """Return a state as glyph and word."""
    look = STATES.get(state)
    return f"{look.glyph} {state}" if look else state


def progress_text(run: RunSummary) -> str:
    """Return how far a run is: its steps, and the share of its target."""
    if run.target_steps:
        return f"{figures.short(run.steps)} ({min(run.steps / run.target_steps, 1):.0%})"
    return figures.short(run.steps)


def elapsed(run: RunSummary) -> float | None:
    """Return for how long a run has run, seconds."""
    if run.started_at is None:
        return None
    return (run.ended_at if run.ended_at is not None else time.time()) - run.started_at


def _each(values: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(value for value in values if value))


def _return(value: float | None) -> str:
    return figures.decimal(value) if value is None or math.isfinite(value) else str(value)


def _exact(value: float | None) -> str:
    return "" if value is None else repr(value)


COLUMNS = (
    Column("State", "state", lambda run: state_text(run.state.value), lambda run: run.cause),
    Column("Name", "name", lambda run: f"★ {run.run_name}" if run.starred else run.run_name, lambda run: run.run_id),
    Column("Return", "return", lambda run: _return(return_of(run)), lambda run: _exact(return_of(run)), number=True),
    Column("Steps", "steps", progress_text, lambda run: f"{run.steps:,} steps", number=True),
    Column("Environment", "env", lambda run: _each(worker.env_id for worker in run.workers)),
    Column("Algorithm", "algo", lambda run: _each(worker.algorithm for worker in run.workers)),
    Column("Worker", "worker", lambda run: _each(worker.worker_type for worker in run.workers)),
    Column("Seed", "seed", lambda run: figures.NOTHING if run.seed is None else str(run.seed), number=True),
    Column("Best", "best", lambda run: _return(run.best_return), lambda run: _exact(run.best_return), number=True),
    Column("Duration", "duration", lambda run: figures.duration(elapsed(run)), number=True),
    Column("Submitted", "created", lambda run: figures.age(run.created_at), lambda run: figures.moment(run.created_at)),
    Column("Tags", "tags", lambda run: ", ".join(run.tags)),
)
