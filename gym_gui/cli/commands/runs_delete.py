"""``mosaic runs delete``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from gym_gui.cli.options import common, retention_filters, some_runs_argument
from gym_gui.cli.output import echo


@click.command()
@some_runs_argument
@retention_filters
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@common
def delete(
    home: Path, runs: tuple[str, ...], older_than: str, larger_than: str, tag: str, yes: bool, as_json: bool
) -> int:
    """Remove runs that have ended, with all their files.

    Without RUN: all runs that fit the filters. There is no way back. A run that has not ended is
    refused, and then none is removed.
    """
    from gym_gui.analysis.deletion import check_deletable, delete_run
    from gym_gui.analysis.retention import select_runs
    from gym_gui.cli import exits
    from gym_gui.cli.output import confirm, print_json, say
    from gym_gui.core.worker.errors import UsageError

    found = select_runs(home, runs, older_than=older_than, larger_than=larger_than, tag=tag)
    ids = [run.run_id for run in found]
    for run in found:
        check_deletable(home, run)
    if not found:
        say("no run fits")
    elif not yes:
        if not sys.stdin.isatty():
            raise UsageError(
                "deleting asks first, and there is no terminal to ask on", where=", ".join(ids), next_step="add --yes"
            )
        for run in found:
            say(f"{run.run_id}  {run.run_name}  {run.state.value}  {run.steps:,} steps")
        if not confirm(f"Remove {'this run' if len(ids) == 1 else f'these {len(ids)} runs'} for good?"):
            say("nothing was removed")
            return exits.FAILED
    for run_id in ids:
        delete_run(home, run_id)
        if not as_json:
            echo(f"removed {run_id}")
    if as_json:
        print_json({"deleted": ids})
    return 0
