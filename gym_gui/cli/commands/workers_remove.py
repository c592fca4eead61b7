"""``mosaic workers remove``."""

from __future__ import annotations

from pathlib import Path

import click

from gym_gui.cli._completions import complete_environment
from gym_gui.cli.options import common
from gym_gui.cli.output import echo


@click.command()
@click.argument("name", metavar="NAME", shell_complete=complete_environment)
@common
def remove(home: Path, name: str, as_json: bool) -> int:
    """Remove a worker's own environment.

    Its runs stay. Refused while a run that has not ended was started in it.
    """
    from gym_gui.analysis import pythons_in_use
    from gym_gui.cli.output import print_json
    from gym_gui.look import figures
    from gym_gui.workers.environments import find_environment, remove_worker

    folder = find_environment(home, name)
    freed = remove_worker(folder, lambda: pythons_in_use(home))
    if as_json:
        print_json({"worker": folder.name, "removed": str(folder.path), "freed_bytes": freed})
    else:
        echo(f"removed the environment of worker {folder.name}: {figures.size(freed)} freed")
    return 0
