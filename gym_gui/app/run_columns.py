"""What the columns of a window's list of runs show, of a run and of several as one."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from gym_gui.look import STATES, figures
from gym_gui.reading import (
    CONFIG,
    METRIC,
    GroupRow,
    Kind,
    find_field,
    group_name,
    is_seeds,
    mean_text,
    states_text,
    values_text,
)
from gym_gui.runs import RunSummary, return_of


@dataclass(frozen=True)
class ListRow:
    """A line of the list.

    Args:
        key: What it is known by.
        run: The run; of several, the newest of them.
        group: The runs together; ``None``: there is one.
        values: Values of further columns.
        line: Of a run below an opened line: the key of that.
    """

    key: str
    run: RunSummary
    group: GroupRow | None = None
    values: dict[str, list[Any]] = field(default_factory=dict)
    line: str = ""

    @property
    def run_ids(self) -> list[str]:
        """Ids of its runs, the newest first."""
        return [self.run.run_id] if self.group is None else self.group.run_ids

    @property
    def states(self) -> set[str]:
        """States of its runs."""
        return {self.run.state.value} if self.group is None else set(self.group.states)


@dataclass(frozen=True)
class ListColumn:
    """One column.

    Args:
        title: Its header.
        field: The field that it shows, by which it sorts.
        text: What it shows of a run; a further column shows the values of its field.
        tip: The same exactly, shown where the mouse rests; empty: nothing more is known.
        number: It is aligned at the right.
        together: What it shows of several runs; ``None``: the values that they have.
        width: Pixels at first.
    """

    title: str
    field: str
    text: Callable[[RunSummary], str] = lambda _run: ""
    tip: Callable[[RunSummary], str] = lambda _run: ""
    number: bool = False
    together: Callable[[GroupRow], str] | None = None
    width: int = 100

    def cell(self, row: ListRow) -> str:
        """Return what it shows of a row."""
        group = row.group
        if group is not None and self.together is not None:
            return self.together(group)
        if self.field in LIST_COLUMNS and (group is None or is_seeds(group)):
            return self.text(row.run)
        values = group.key.get(self.field) if group is not None else None
        found = row.values.get(self.field, []) if values is None else values
        return values_text(self.field, found, together=group is not None)

    def exact(self, row: ListRow) -> str:
        """Return what it shows where the mouse rests."""
        if row.group is None:
            return self.tip(row.run) or self.cell(row)
        far = f"\n{len(row.group.far_runs)} of them are far off" if row.group.far_runs else ""
        return f"{self.cell(row)}\n{len(row.group.run_ids)} runs{far}\nEnter shows them one by one"


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


def list_column(name: str) -> ListColumn | None:
    """Return the column of a field, ``config.NAME`` or ``metric.NAME``; ``None``: there is none."""
    known = find_field(name)
    if name in LIST_COLUMNS or (known is None and not (name.startswith(METRIC) and name != METRIC)):
        return LIST_COLUMNS.get(name)
    number = known is None or known.kind in (Kind.NUMBER, Kind.DURATION)
    return ListColumn(name.removeprefix(CONFIG).removeprefix(METRIC), name, number=number)


def _each(values: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(value for value in values if value))


def _return(value: float | None) -> str:
    return figures.decimal(value) if value is None or math.isfinite(value) else str(value)


def _exact(value: float | None) -> str:
    return "" if value is None else repr(value)


LIST_COLUMNS = {
    column.field: column
    for column in (
        ListColumn(
            "State",
            "state",
            lambda run: state_text(run.state.value),
            lambda run: run.cause,
            width=130,
            together=lambda group: states_text(group.states),
        ),
        ListColumn(
            "Name",
            "name",
            lambda run: f"★ {run.run_name}" if run.starred else run.run_name,
            lambda run: f"{run.run_name}\n{run.run_id}",
            together=group_name,
            width=200,
        ),
        ListColumn(
            "Return",
            "return",
            lambda run: _return(return_of(run)),
            lambda run: _exact(return_of(run)),
            number=True,
            together=lambda group: mean_text(group.returns),
            width=110,
        ),
        ListColumn(
            "Steps",
            "steps",
            progress_text,
            lambda run: f"{run.steps:,} steps",
            number=True,
            together=lambda group: figures.short(group.steps.mean if group.steps else None),
        ),
        ListColumn("Environment", "env", lambda run: _each(worker.env_id for worker in run.workers), width=130),
        ListColumn("Algorithm", "algo", lambda run: _each(worker.algorithm for worker in run.workers), width=80),
        ListColumn("Worker", "worker", lambda run: _each(worker.worker_type for worker in run.workers), width=80),
        ListColumn(
            "Seed",
            "seed",
            lambda run: figures.NOTHING if run.seed is None else str(run.seed),
            number=True,
            together=lambda group: f"n = {len(group.run_ids)}",
            width=95,
        ),
        ListColumn(
            "Best",
            "best",
            lambda run: _return(run.best_return),
            lambda run: _exact(run.best_return),
            number=True,
            together=lambda group: mean_text(group.best),
            width=110,
        ),
        ListColumn(
            "Duration",
            "duration",
            lambda run: figures.duration(elapsed(run)),
            number=True,
            together=lambda _group: figures.NOTHING,
        ),
        ListColumn(
            "Submitted",
            "created",
            lambda run: figures.age(run.created_at),
            lambda run: figures.moment(run.created_at),
            together=lambda group: figures.age(group.newest.created_at),
            width=110,
        ),
        ListColumn("Tags", "tag", lambda run: ", ".join(run.tags), width=110),
    )
}
"""The columns that need no settings or metrics, by field, in their order at first."""


def column_groups(
    shown: Sequence[str], settings: Iterable[str], metrics: Iterable[str]
) -> tuple[list[str], list[str], list[str]]:
    """Return the columns that a list can show: those of every list, settings, and metrics.

    Args:
        shown: Those that are shown: also settings and metrics that no run has any more.
        settings: ``config.NAME`` of the runs.
        metrics: ``metric.NAME`` of the runs.
    """
    more = [[*names, *(name for name in shown if name.startswith(begin) and name not in LIST_COLUMNS)]
            for begin, names in ((CONFIG, settings), (METRIC, metrics))]  # fmt: skip
    return (list(LIST_COLUMNS), sorted(set(more[0])), sorted(set(more[1])))
