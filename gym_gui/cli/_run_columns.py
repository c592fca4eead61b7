"""Columns of lists of runs and of groups of runs."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gym_gui.app import episodes_of
from gym_gui.cli._palette import STATE_STYLES
from gym_gui.cli._worker_tables import each_of
from gym_gui.cli.output import rich_text
from gym_gui.cli.table import LUXURY, Column, add_row
from gym_gui.look import STATES, figures
from gym_gui.reading import Kind, find_field
from gym_gui.runs import RunSummary, return_of

if TYPE_CHECKING:
    from rich.text import Text

    from gym_gui.reading import GroupRow, Spread


def run_columns(
    home: Path | None,
    runs: Sequence[RunSummary],
    values: Sequence[Mapping[str, Sequence[Any]]] = (),
    *,
    wide: bool = False,
) -> list[Column]:
    """Return the columns of a list of runs.

    Args:
        home: The home; ``None``: it is on another machine.
        runs: The runs.
        values: For each run its values of further columns.
        wide: Show whole ids.
    """
    from gym_gui.analysis import run_ids, short_id_length

    ids = [run.run_id for run in runs] if home is None else run_ids(home)
    length, now = short_id_length(ids), time.time()
    further = list(dict.fromkeys(name for row in values for name in row))
    columns = {
        "id": Column("id"),
        "name": Column("name", shortest=12),
        "worker": Column("worker", shortest=6, rank=4),
        "algorithm": Column("algo", shortest=4, rank=2),
        "environment": Column("env", shortest=8, rank=1),
        "seed": Column("seed", right=True, rank=3),
        "state": Column("state"),
        "steps": Column("steps", right=True),
        "episodes": Column("episodes", right=True, rank=LUXURY),
        "return": Column("return¹", right=True),
        "took": Column("took", right=True),
        "submitted": Column("submitted", rank=LUXURY + 1),
        "tags": Column("tags", shortest=6, rank=LUXURY + 2),
        **{f"+{name}": Column(name, shortest=6) for name in further},
    }
    for number, run in enumerate(runs):
        took = None if run.started_at is None else (run.ended_at or now) - run.started_at
        row: dict[str, Text | str] = {
            "id": run.run_id if wide else run.run_id[-length:],
            "name": f"★ {run.run_name}" if run.starred else run.run_name,
            "worker": each_of(worker.worker_type for worker in run.workers),
            "algorithm": each_of(worker.algorithm for worker in run.workers) or figures.NOTHING,
            "environment": each_of(worker.env_id for worker in run.workers) or figures.NOTHING,
            "seed": figures.NOTHING if run.seed is None else str(run.seed),
            "state": rich_text(run.state.value, style=STATE_STYLES[run.state.value]),
            "steps": figures.short(run.steps),
            "episodes": figures.count(episodes_of(run)),
            "return": figures.decimal(return_of(run)),
            "took": figures.duration(took),
            "submitted": figures.age(run.created_at, now),
            "tags": ", ".join(run.tags),
            **{f"+{name}": _text(name, values[number].get(name, ()), now) for name in further},
        }
        for key, cell in row.items():
            columns[key].cells.append(cell)
    return list(columns.values())


def group_columns(groups: Sequence[GroupRow]) -> list[Column]:
    """Return the columns of a list of groups."""
    now = time.time()
    keys = [Column(name, shortest=8) for name in (groups[0].key if groups else ())]
    columns = [
        *keys, Column("runs", right=True), Column("states"), Column("return ± std¹", right=True),
        Column("best", right=True, rank=2), Column("steps", right=True), Column("steps/s", right=True, rank=1),
        Column("newest", rank=3),
    ]  # fmt: skip
    for group in groups:
        states = ", ".join(f"{group.states[state]} {state}" for state in STATES if state in group.states)
        add_row(
            columns, *(_text(name, values, now) for name, values in group.key.items()),
            figures.count(len(group.run_ids)), states, _mean(group.returns, spread_too=True), _mean(group.best),
            figures.short(None if group.steps is None else group.steps.mean),
            figures.short(None if group.speed is None else group.speed.mean), group.newest.run_id[-8:],
        )  # fmt: skip
    return columns


def _mean(spread: Spread | None, *, spread_too: bool = False) -> str:
    if spread is None:
        return figures.NOTHING
    mean = figures.decimal(spread.mean)
    return f"{mean} ± {figures.decimal(spread.std)}" if spread_too and spread.count > 1 else mean


def _text(name: str, values: Sequence[Any], now: float) -> str:
    field = find_field(name)
    return (
        ", ".join(_value(value, Kind.TEXT if field is None else field.kind, now) for value in values) or figures.NOTHING
    )


def _value(value: Any, kind: Kind, now: float) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    if kind is Kind.TIME:
        return figures.age(value, now)
    return figures.duration(value) if kind is Kind.DURATION else f"{value:.6g}"
