"""``mosaic runs cancel``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gym_gui.cli.options import TEXT, common, runs_argument
from gym_gui.cli.output import echo

if TYPE_CHECKING:
    from gym_gui.runs.summary import RunSummary


@click.command()
@runs_argument
@click.option("--reason", type=TEXT, metavar="TEXT", default="", help="Kept with the run.")
@click.option("--wait", is_flag=True, help="Return when they have ended.")
@common
def cancel(home: Path, runs: tuple[str, ...], reason: str, wait: bool, as_json: bool) -> int:
    """Ask runs to end.

    Workers get SIGTERM, time to save, then SIGKILL. A run that has ended already stays as it is.
    """
    from gym_gui.analysis.queries import get_run, resolve_run
    from gym_gui.cli.output import print_json
    from gym_gui.cli.progress.ending import summary_json
    from gym_gui.trainer.client import TrainerClient

    ids = list(dict.fromkeys(resolve_run(home, run) for run in runs))
    found: list[RunSummary] = [get_run(home, run_id) for run_id in ids]
    over = {run.run_id for run in found if run.state.terminal}
    if len(over) < len(ids):
        with TrainerClient.connect(home) as client:
            going = [run_id for run_id in ids if run_id not in over]
            asked = {run_id: client.cancel(run_id, reason=reason) for run_id in going}
            if wait:
                asked |= {run.run_id: run for run in client.watch(going)}
        found = [asked.get(run.run_id, run) for run in found]
    if as_json:
        print_json([summary_json(run, home) for run in found])
        return 0
    for run in found:
        if run.run_id in over:
            echo(f"{run.run_id} had ended already: {run.state.value}")
        else:
            echo(f"{run.run_id} {run.state.value if run.state.terminal else 'is being cancelled'}")
    return 0
