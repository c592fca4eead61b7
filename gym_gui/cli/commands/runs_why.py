"""``mosaic runs why``."""

from __future__ import annotations

from pathlib import Path

import click

from gym_gui.cli.next_steps import for_this_home
from gym_gui.cli.options import common, run_argument
from gym_gui.cli.output import echo
from gym_gui.cli.supervised import starts_daemon
from gym_gui.cli.where import anywhere, site_of


@click.command()
@run_argument
@common
@starts_daemon
@anywhere
def why(home: Path, run: str, as_json: bool) -> int:
    """Say what a queued run waits for, or why a run is in its state.

    Asks the daemon of a run that has not ended, if one runs.
    """
    from gym_gui.cli.output import print_json
    from gym_gui.trainer import DaemonHome

    site = site_of(home)
    with site.runs() as source:
        found = source.why(source.resolve(run))
    if site.home is not None and not found.state.terminal and DaemonHome(site.home).daemon() is not None:
        from gym_gui.rpc import TrainerClient

        with TrainerClient.connect(site.home, start=False) as client:
            found = client.why(found.run_id)
    found.next_step = for_this_home(found.next_step)
    if as_json:
        print_json(found)
        return 0
    echo(f"{found.run_id} is {found.state.value}" + (f": {found.cause}" if found.cause else ""))
    echo(found.meaning)
    if found.before is not None:
        echo(f"{found.before:,} queued {'run comes' if found.before == 1 else 'runs come'} before it.")
    for item in found.waits_for:
        echo(item.sentence)
    echo(f"next: {found.next_step}")
    return 0
