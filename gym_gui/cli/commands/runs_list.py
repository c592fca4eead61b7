"""``mosaic runs list``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gym_gui.cli.options import TEXT, common
from gym_gui.runs.states import RunState

if TYPE_CHECKING:
    from rich.table import Table

    from gym_gui.runs.summary import RunSummary


@click.command("list")
@click.option(
    "-n", "--limit", type=click.IntRange(min=0), default=20, show_default=True, help="At most so many; 0: all."
)
@click.option(
    "--state",
    "states",
    metavar="STATE",
    type=click.Choice([state.value for state in RunState]),
    multiple=True,
    help="In this state only.",
)
@click.option("--worker", "worker_type", type=TEXT, metavar="NAME", help="Of this worker only.")
@click.option("--group", type=TEXT, metavar="GROUP", help="Of this group (one --seeds submission) only.")
@click.option("--tag", type=TEXT, metavar="TEXT", help="With this tag only.")
@common
def list_(
    home: Path,
    limit: int,
    states: tuple[str, ...],
    worker_type: str | None,
    group: str | None,
    tag: str | None,
    as_json: bool,
) -> int:
    """List runs, the newest first.

    Reads the home's files; starts no daemon.
    """
    from gym_gui.analysis.queries import list_runs
    from gym_gui.cli.output import console, print_json, say
    from gym_gui.cli.palette import QUIET
    from gym_gui.cli.progress.ending import summary_json

    wanted = [RunState(state) for state in states] or None
    found = list_runs(home, limit=limit or None, states=wanted, group=group, tag=tag, worker_type=worker_type)
    if as_json:
        print_json([summary_json(run, home) for run in found])
    elif found:
        screen = console()
        screen.print(_table(found))
        screen.print("¹ mean of the last training episodes (at most 100 a worker), else of the evaluation", style=QUIET)
        if limit and len(found) == limit:
            say(f"the newest {limit}; --limit 0 lists all")
    else:
        narrowed = bool(states or worker_type or group or tag)
        say(f"no runs in {home}{' that fit' if narrowed else '; start one: mosaic train WORKER'}")
    return 0


def _table(runs: list[RunSummary]) -> Table:
    from rich.table import Table

    from gym_gui.cli import figures
    from gym_gui.cli.output import rich_text
    from gym_gui.cli.palette import HEADER, STATE_STYLES
    from gym_gui.cli.progress.model import episodes_of, return_of

    table = Table(box=None, padding=(0, 2, 0, 0), header_style=HEADER)
    table.add_column("id", no_wrap=True, min_width=26)
    table.add_column("name", no_wrap=True, overflow="ellipsis")
    table.add_column("state", no_wrap=True)
    for header in ("steps", "episodes", "return¹", "took"):
        table.add_column(header, justify="right", no_wrap=True)
    table.add_column("submitted", no_wrap=True)
    for run in runs:
        took = None if run.started_at is None else (run.ended_at or _now()) - run.started_at
        table.add_row(
            run.run_id, run.run_name, rich_text(run.state.value, style=STATE_STYLES[run.state.value]),
            figures.short(run.steps), figures.count(episodes_of(run)), figures.decimal(return_of(run)),
            figures.duration(took), figures.age(run.created_at),
        )  # fmt: skip
    return table


def _now() -> float:
    import time

    return time.time()
