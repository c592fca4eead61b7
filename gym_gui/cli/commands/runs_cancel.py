"""``mosaic runs cancel``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gym_gui.cli.options import TEXT, common, dry_run_option, run_filters, some_runs_argument
from gym_gui.cli.where import anywhere, site_of

if TYPE_CHECKING:
    from gym_gui.runs import RunFilter, RunSummary


@click.command()
@some_runs_argument
@run_filters()
@click.option("--reason", type=TEXT, metavar="TEXT", default="", help="Kept with the run.")
@click.option("--wait", is_flag=True, help="Return when they have ended.")
@dry_run_option
@common
@anywhere
def cancel(
    home: Path, runs: tuple[str, ...], wanted: RunFilter, reason: str, wait: bool, dry_run: bool, as_json: bool
) -> int:
    """Cancel runs.

    Without RUN: all that have not ended and fit the filters. Workers get SIGTERM, time to save, then SIGKILL. A run
    that has ended already stays as it is.
    """
    from gym_gui.cli._bulk import print_runs, some_runs
    from gym_gui.runs import RunState

    site = site_of(home)
    found = some_runs(site, runs, wanted, among=[state for state in RunState if not state.terminal])
    going = [run.run_id for run in found if not run.state.terminal]
    if dry_run or not going:
        print_runs(site.home, found, lambda run: _ended(run) if run.state.terminal else "would be cancelled",
                   as_json=as_json, dry_run=dry_run)  # fmt: skip
        return 0
    with site.connect() as client:
        asked = {run_id: client.cancel(run_id, reason=reason) for run_id in going}
        if wait:
            asked |= {run.run_id: run for run in client.watch(going)}
    found = [asked.get(run.run_id, run) for run in found]
    print_runs(site.home, found, lambda run: _outcome(run) if run.run_id in asked else _ended(run), as_json=as_json)
    return 0


def _outcome(run: RunSummary) -> str:
    return run.state.value if run.state.terminal else "is being cancelled"


def _ended(run: RunSummary) -> str:
    return f"had ended already: {run.state.value}"
