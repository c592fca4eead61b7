"""``mosaic runs why``."""

from __future__ import annotations

from pathlib import Path

import click

from gym_gui.cli.next_steps import for_this_home
from gym_gui.cli.options import common, run_argument
from gym_gui.cli.output import echo
from gym_gui.cli.supervised import starts_daemon


@click.command()
@run_argument
@common
@starts_daemon
def why(home: Path, run: str, as_json: bool) -> int:
    """Say what a queued run waits for, and why any other one stands where it stands.

    Asks the daemon of a run that is queued, if one runs.
    """
    from gym_gui.analysis.checkpoints import has_checkpoint
    from gym_gui.analysis.queries import get_run, resolve_run
    from gym_gui.cli.output import print_json
    from gym_gui.rpc.client import TrainerClient
    from gym_gui.runs.folder import RunFolder
    from gym_gui.runs.states import RunState
    from gym_gui.trainer.disk_quota import quota_note
    from gym_gui.trainer.home import DaemonHome
    from gym_gui.trainer.why import explain

    found = get_run(home, resolve_run(home, run))
    told = explain(found, note=quota_note(RunFolder.of(home, found.run_id)))
    if found.state is RunState.QUEUED and DaemonHome(home).daemon() is None:
        told.cause, told.next_step = "no trainer daemon runs, which would start it", "mosaic daemon start"
    elif found.state is RunState.CANCELLED and found.started_at is not None and not has_checkpoint(home, found.run_id):
        told.next_step = f"mosaic runs show {found.run_id}  (it has saved no checkpoint to resume from)"
    elif found.state is RunState.QUEUED:
        with TrainerClient.connect(home, start=False) as client:
            told = client.why(found.run_id)
    told.next_step = for_this_home(told.next_step)
    if as_json:
        print_json(told)
        return 0
    echo(f"{told.run_id} is {told.state.value}" + (f": {told.cause}" if told.cause else ""))
    echo(told.meaning)
    if told.before is not None:
        echo(f"{told.before:,} queued {'run comes' if told.before == 1 else 'runs come'} before it.")
    for item in told.waits_for:
        echo(item.sentence)
    echo(f"next: {told.next_step}")
    return 0
