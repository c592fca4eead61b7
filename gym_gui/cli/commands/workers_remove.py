"""``mosaic workers remove``."""

from __future__ import annotations

from pathlib import Path

import click

from gym_gui.cli._completions import complete_environment
from gym_gui.cli.options import common
from gym_gui.cli.output import echo
from gym_gui.cli.where import anywhere, site_of


@click.command()
@click.argument("name", metavar="NAME", shell_complete=complete_environment)
@common
@anywhere
def remove(home: Path, name: str, as_json: bool) -> int:
    """Remove a worker's own environment.

    Its runs stay. Refused while a run that has not ended was started in it.
    """
    from gym_gui.app import remove_here
    from gym_gui.cli.jobs import do_there
    from gym_gui.cli.output import print_json
    from gym_gui.look import figures

    site = site_of(home)
    if site.home is not None:
        removed = remove_here(site.home, name)
    else:
        with site.connect() as client:
            removed = do_there(client, "remove", name, {}, lambda _: None).result
    if as_json:
        print_json(removed)
    else:
        freed = figures.size(removed["freed_bytes"])
        echo(f"removed the environment of worker {removed['worker']}: {freed} freed")
    return 0
