"""``mosaic runs delete``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gym_gui.cli.options import common, dry_run_option, run_filters, some_runs_argument, yes_option

if TYPE_CHECKING:
    from gym_gui.analysis.selection import RunFilter


@click.command()
@some_runs_argument
@run_filters(ended=True)
@dry_run_option
@yes_option
@common
def delete(home: Path, runs: tuple[str, ...], wanted: RunFilter, dry_run: bool, yes: bool, as_json: bool) -> int:
    """Remove runs that have ended, with all their files.

    Without RUN: all that have ended and fit the filters. There is no way back, unlike with archive. A named run that
    has not ended is refused, and then none is removed.
    """
    from gym_gui.analysis.deletion import check_deletable, delete_run
    from gym_gui.cli import exits
    from gym_gui.cli.bulk import confirm_removal, some_runs
    from gym_gui.cli.output import echo, print_json, say
    from gym_gui.runs.states import TERMINAL

    found = some_runs(home, runs, wanted, among=list(TERMINAL))
    for run in found:
        check_deletable(home, run)
    if not dry_run and not confirm_removal(found, "Remove {} for good?", yes=yes):
        return exits.FAILED
    for run in found:
        if not dry_run:
            delete_run(home, run.run_id)
        if not as_json:
            echo(f"{'would be removed:' if dry_run else 'removed'} {run.run_id}  {run.run_name}")
    if as_json:
        print_json({"deleted": [run.run_id for run in found], "dry_run": dry_run})
    elif not found:
        say("no run fits")
    return 0
