"""``mosaic runs watch``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gym_gui.cli.completions import complete_run
from gym_gui.cli.options import common

if TYPE_CHECKING:
    from gym_gui.cli.progress.attend import Attended


@click.command()
@click.argument("runs", metavar="[RUN]...", nargs=-1, shell_complete=complete_run)
@common
def watch(home: Path, runs: tuple[str, ...], as_json: bool) -> int:
    """Watch runs until they have ended.

    Without RUN all that are going. Ctrl-C leaves; the runs go on. The exit code is that of the worst run.
    """
    from gym_gui.analysis.queries import get_run, list_runs, resolve_run
    from gym_gui.cli import exits
    from gym_gui.cli.output import console, print_json, say
    from gym_gui.cli.progress.attend import Attended
    from gym_gui.cli.progress.ending import show_failures, show_results, summary_json
    from gym_gui.runs.states import TERMINAL, RunState

    ids = list(dict.fromkeys(resolve_run(home, run) for run in runs))
    if not ids:
        going = [state for state in RunState if state not in TERMINAL]
        ids = [run.run_id for run in reversed(list_runs(home, states=going))]
    if not ids:
        say(f"no run is going in {home}")
    known = [get_run(home, run_id) for run_id in ids]
    outcome = Attended(known) if all(run.state.terminal for run in known) else _attend(home, ids, as_json)
    if as_json:
        print_json([summary_json(run, home) for run in outcome.runs])
    elif outcome.runs and not outcome.detached:
        show_results(console(), outcome.runs)
        show_failures(console(stderr=True), home, outcome.runs)
    return exits.INTERRUPTED if outcome.interrupted else exits.worst(run.state.value for run in outcome.runs)


def _attend(home: Path, ids: list[str], as_json: bool) -> Attended:
    from gym_gui.cli.progress.attend import attend
    from gym_gui.trainer.client import TrainerClient

    with TrainerClient.connect(home) as client:
        return attend(client, ids, home=home, as_json=as_json, owner=False)
