"""``mosaic runs list``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gym_gui.cli.next_steps import for_this_home
from gym_gui.cli.options import common, run_filters
from gym_gui.cli.supervised import starts_daemon
from gym_gui.cli.where import anywhere, site_of

if TYPE_CHECKING:
    from rich.text import Text

    from gym_gui.cli.table import Column
    from gym_gui.runs.filter import RunFilter
    from gym_gui.runs.summary import RunSummary


@click.command("list")
@click.option(
    "-n", "--limit", type=click.IntRange(min=0), default=20, show_default=True, help="Maximum number of runs; 0: all."
)
@run_filters()
@click.option("--wide", is_flag=True, help="All columns, ids and names whole, however long the lines become.")
@common
@starts_daemon
@anywhere
def list_(home: Path, limit: int, wanted: RunFilter, wide: bool, as_json: bool) -> int:
    """List runs, the newest first.

    Ids are shown by their last characters, which every command takes. A terminal that is too narrow shows fewer columns
    and shortens names, never a state or a number. Reads the home's files, or asks the daemon that --daemon names.
    """
    from gym_gui.app.json_output import summary_json
    from gym_gui.cli.output import console, print_json, say
    from gym_gui.cli.palette import QUIET
    from gym_gui.cli.table import print_table

    site = site_of(home)
    with site.runs() as source:
        found = source.list(wanted, limit=limit or None)
    if as_json:
        print_json({"runs": [summary_json(run, site.home) for run in found]})
    elif found:
        screen = console()
        wide = wide or not screen.is_terminal  # a script wants whole ids
        print_table(screen, _columns(site.home, found, wide=wide), wide=wide)
        screen.print("¹ mean of the last training episodes (at most 100 a worker), else of the evaluation", style=QUIET)
        if limit and len(found) == limit:
            say(f"the newest {limit}; --limit 0 lists all")
    else:
        say(f"no runs in {site.where}{' that fit' if wanted else for_this_home('; start one: mosaic train WORKER')}")
    return 0


def _columns(home: Path | None, runs: list[RunSummary], *, wide: bool) -> list[Column]:
    import time

    from gym_gui.analysis.queries import run_ids, short_id_length
    from gym_gui.app.progress import episodes_of, return_of
    from gym_gui.cli.output import rich_text
    from gym_gui.cli.palette import STATE_STYLES
    from gym_gui.cli.table import LUXURY, Column
    from gym_gui.cli.worker_tables import each_of
    from gym_gui.look import figures

    ids = [run.run_id for run in runs] if home is None else run_ids(home)
    length, now = short_id_length(ids), time.time()
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
    }
    for run in runs:
        took = None if run.started_at is None else (run.ended_at or now) - run.started_at
        row: dict[str, Text | str] = {
            "id": run.run_id if wide else run.run_id[-length:],
            "name": run.run_name,
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
        }
        for key, cell in row.items():
            columns[key].cells.append(cell)
    return list(columns.values())
