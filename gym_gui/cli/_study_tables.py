"""Studies as tables and JSON."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gym_gui.cli._palette import STATE_STYLES
from gym_gui.cli.output import console, echo, print_json, rich_text, say
from gym_gui.cli.table import LUXURY, Column, add_row, print_table
from gym_gui.fleet import ASSIGNMENT_STATES, split_text
from gym_gui.look import figures

if TYPE_CHECKING:
    from gym_gui.fleet import AssignmentRun, StudyState

_BAR = 24
_ALWAYS = ("pending", "running", "completed", "failed")
_STYLES = {**STATE_STYLES, "pending": STATE_STYLES["queued"], "missing": STATE_STYLES["lost"]}


def tiles(state: StudyState) -> str:
    """Return a study's counts in words: ``2 pending, 1 running, 5 completed, 0 failed``."""
    shown = [name for name in ASSIGNMENT_STATES if name in _ALWAYS or state.counts.get(name)]
    return ", ".join(f"{state.counts.get(name, 0)} {name}" for name in shown)


def print_study_json(state: StudyState) -> None:
    """Print a study as the one document of a ``--json`` call."""
    print_json(state)


def print_studies(studies: Sequence[StudyState]) -> None:
    """Print a list of studies."""
    columns = [
        Column("id"), Column("name", shortest=12), Column("kind", shortest=8, rank=2),
        Column("assignments", right=True), Column("progress", right=True), Column("states", shortest=12),
        Column("created", rank=LUXURY),
    ]  # fmt: skip
    for each in studies:
        add_row(
            columns, each.study_id, each.name, each.command or each.worker or "run config", figures.count(each.total),
            f"{each.progress:.0%}", tiles(each), figures.age(each.created_at),
        )  # fmt: skip
    print_table(console(), columns)


def print_study(state: StudyState, *, wide: bool = False) -> None:
    """Print how far a study is.

    Args:
        state: The study.
        wide: Shorten nothing.
    """
    echo(f"{state.name}  {state.study_id}")
    if state.description:
        echo(f"  {state.description}")
    full = int(state.progress * _BAR)
    rest = "; its runs are being submitted" if state.submitting and state.assignments else ""
    echo(f"  {tiles(state)}{rest}")
    echo(f"  {'█' * full}{'░' * (_BAR - full)} {state.progress:.1%}")
    columns = [
        Column("#", right=True), Column("state"), Column("attempt", right=True, rank=4), Column("machine", rank=5),
        Column("run", rank=1), Column("progress", right=True), Column("steps", right=True, rank=2),
        Column("return", right=True, rank=2), Column("started", rank=3), Column("split", shortest=16),
        Column("cause", shortest=12, rank=6),
    ]  # fmt: skip
    now = time.time()
    for each in state.assignments:
        run = each.runs[-1]
        shown = run.state if run.state in _STYLES else each.state
        add_row(
            columns, str(each.index), rich_text(shown, style=_STYLES.get(shown, "")), str(each.attempt),
            run.machine or figures.NOTHING, run.run_id, f"{run.progress:.0%}", figures.short(run.steps),
            figures.decimal(run.mean_return), figures.age(run.started_at, now), split_text(each.split), _cause(run),
        )  # fmt: skip
    print_table(console(), columns, wide=wide)
    if state.counts.get("failed") or state.counts.get("cancelled"):
        from gym_gui.cli.next_steps import for_this_home

        say(for_this_home(f"run those again: mosaic study retry {state.study_id}"))


def _cause(run: AssignmentRun) -> str:
    return run.cause.partition("\n")[0]
