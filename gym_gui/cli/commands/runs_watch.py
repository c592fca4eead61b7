"""``mosaic runs watch``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gym_gui.cli.options import common, dry_run_option, run_filters, some_runs_argument

if TYPE_CHECKING:
    from gym_gui.analysis.selection import RunFilter
    from gym_gui.cli.progress.attend import Attended


@click.command()
@some_runs_argument
@run_filters()
@dry_run_option
@common
def watch(home: Path, runs: tuple[str, ...], wanted: RunFilter, dry_run: bool, as_json: bool) -> int:
    """Watch runs until they have ended.

    Without RUN all that are going and fit the filters. Ctrl-C leaves; the runs go on.
    The exit code is that of the worst run.
    """
    from gym_gui.analysis.selection import select_runs
    from gym_gui.cli import exits
    from gym_gui.cli.bulk import print_runs
    from gym_gui.cli.output import console, print_json, say
    from gym_gui.cli.progress.attend import Attended
    from gym_gui.cli.progress.ending import show_failures, show_results, summary_json
    from gym_gui.runs.states import RunState

    known = select_runs(home, runs, wanted, among=[state for state in RunState if not state.terminal])
    if not runs:
        known.reverse()  # the oldest first, as they were submitted
    if dry_run:
        print_runs(home, known, lambda _: "would be watched", as_json=as_json, dry_run=True)
        return 0
    if not known:
        say(f"no run that fits is going in {home}" if wanted else f"no run is going in {home}")
    ids = [run.run_id for run in known]
    outcome = Attended(known) if all(run.state.terminal for run in known) else _attend(home, ids, as_json)
    if as_json:
        print_json({"runs": [summary_json(run, home) for run in outcome.runs]})
    elif outcome.runs and not outcome.detached:
        show_results(console(), outcome.runs)
        show_failures(console(stderr=True), home, outcome.runs)
    return exits.INTERRUPTED if outcome.interrupted else exits.worst(run.state.value for run in outcome.runs)


def _attend(home: Path, ids: list[str], as_json: bool) -> Attended:
    from gym_gui.cli.progress.attend import attend
    from gym_gui.rpc.client import TrainerClient

    with TrainerClient.connect(home) as client:
        return attend(client, ids, home=home, as_json=as_json, owner=False)
