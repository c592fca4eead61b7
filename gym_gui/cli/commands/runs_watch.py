"""``mosaic runs watch``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gym_gui.cli.options import common, dry_run_option, run_filters, some_runs_argument
from gym_gui.cli.where import anywhere, site_of

if TYPE_CHECKING:
    from gym_gui.app import Site
    from gym_gui.cli.progress.attend import Attended
    from gym_gui.runs import RunFilter


@click.command()
@some_runs_argument
@run_filters()
@dry_run_option
@common
@anywhere
def watch(home: Path, runs: tuple[str, ...], wanted: RunFilter, dry_run: bool, as_json: bool) -> int:
    """Watch runs until they have ended.

    Without RUN all active ones that fit the filters. Ctrl-C leaves; the runs continue.
    The exit code is that of the worst run.
    """
    from gym_gui.analysis import select_runs
    from gym_gui.app import summary_json
    from gym_gui.cli import exits
    from gym_gui.cli._bulk import print_runs
    from gym_gui.cli.output import console, print_json, say
    from gym_gui.cli.progress.attend import Attended
    from gym_gui.cli.progress.ending import show_failures, show_results
    from gym_gui.runs import RunState

    site = site_of(home)
    with site.runs() as source:
        known = select_runs(source, runs, wanted, among=[state for state in RunState if not state.terminal])
    if not runs:
        known.reverse()  # the oldest first, as they were submitted
    if dry_run:
        print_runs(site.home, known, lambda _: "would be watched", as_json=as_json, dry_run=True)
        return 0
    if not known:
        say(f"no active run fits in {site.where}" if wanted else f"no active run in {site.where}")
    ids = [run.run_id for run in known]
    outcome = Attended(known) if all(run.state.terminal for run in known) else _attend(site, ids, as_json)
    if as_json:
        print_json({"runs": [summary_json(run, site.home) for run in outcome.runs]})
    elif outcome.runs and not outcome.detached:
        show_results(console(), outcome.runs)
        show_failures(console(stderr=True), site.home, outcome.runs)
    return exits.INTERRUPTED if outcome.interrupted else exits.worst(run.state.value for run in outcome.runs)


def _attend(site: Site, ids: list[str], as_json: bool) -> Attended:
    from gym_gui.cli.progress.attend import attend

    with site.connect() as client:
        return attend(client, ids, as_json=as_json, owner=False)
