"""``mosaic machines remove``."""

from __future__ import annotations

from pathlib import Path

import click

from gym_gui.cli.options import TEXT, common
from gym_gui.cli.where import anywhere, site_of


@click.command()
@click.argument("machine", metavar="MACHINE", type=TEXT)
@common
@anywhere
def remove(home: Path, machine: str, as_json: bool) -> int:
    """Forget a machine.

    Its token is refused from now on, its agent ends what it has, and runs with attempts left go to another machine.
    """
    from gym_gui.cli.output import echo, print_json

    with site_of(home).connect() as client:
        client.remove_machine(machine)
    if as_json:
        print_json({"removed": machine})
    else:
        echo(f"machine {machine} is removed")
    return 0
