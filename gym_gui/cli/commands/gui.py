"""``mosaic gui``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gym_gui.cli.options import TEXT, common
from gym_gui.cli.where import anywhere, chosen_remote, site_of

if TYPE_CHECKING:
    from gym_gui.rpc import AsyncTrainerClient


@click.command()
@click.argument("run", metavar="[RUN]", type=TEXT, default="")
@common
@anywhere
def gui(home: Path, run: str, as_json: bool) -> int:
    """Open the window: runs, curves, logs, forms to start runs. Closing it ends no run.

    It shows the home's runs, or those of the daemon that --daemon or --context names, and starts the home's daemon
    where none runs. With RUN it opens that run. --json prints a line once the window is there.
    """
    from gym_gui.app import check_screen
    from gym_gui.cli.output import print_json
    from gym_gui.rpc import AsyncTrainerClient
    from gym_gui.ui import check_installed, run_window

    check_installed()
    check_screen()
    remote = chosen_remote()
    site = site_of(home)

    async def connect() -> AsyncTrainerClient:
        if remote is not None:
            return await AsyncTrainerClient.connect_to(remote)
        return await AsyncTrainerClient.connect(home)

    def say_shown() -> None:
        if as_json:
            print_json({"shown": True, "where": site.where})

    return run_window(connect, site.where, home, site.prepare, run=run, on_shown=say_shown)
