"""``mosaic agent``."""

from __future__ import annotations

from pathlib import Path

import click

from gym_gui.cli.options import TEXT, common
from gym_gui.cli.where import anywhere


@click.command()
@click.option("--server", metavar="URL", type=TEXT, envvar="MOSAIC_SERVER_URL",
              help="Address of `mosaic web`, e.g. https://host:8787.")  # fmt: skip
@click.option("--token", metavar="TOKEN", type=TEXT, envvar="MOSAIC_AGENT_TOKEN",
              help="A token of that server with the role run: enrols this machine, the first time.")  # fmt: skip
@click.option("--machine-id", metavar="ID", type=TEXT, envvar="MOSAIC_MACHINE_ID",
              help="Id of this machine; by default one is drawn and kept.")  # fmt: skip
@click.option("--slots", metavar="N", type=click.IntRange(1), help="Runs at once; by default as many as cores.")
@click.option("--python", "pythons", metavar="NAME=PATH", type=TEXT, multiple=True,
              help="Interpreter of a worker on this machine; may be repeated.")  # fmt: skip
@click.option("--ca", metavar="FILE", type=click.Path(exists=True, dir_okay=False),
              help="Certificates to trust, in place of the system's.")  # fmt: skip
@click.option("--folder", metavar="DIR", type=TEXT, envvar="MOSAIC_AGENT_FOLDER",
              help="Folder for id, token, log and runs under way.  [default: ~/.mosaic-agent]")  # fmt: skip
@common
@anywhere
def agent(
    home: Path,  # noqa: ARG001 - the agent has a folder of its own
    server: str | None,
    token: str | None,
    machine_id: str | None,
    slots: int | None,
    pythons: tuple[str, ...],
    ca: str | None,
    folder: str | None,
    as_json: bool,
) -> int:
    """Carry out a server's runs on this machine.

    Run it where the hardware is: it asks the server for runs (`mosaic train … --executor agent`), starts their workers
    here, and ships logs and files home. The first SIGTERM or Ctrl-C lets it finish its runs and take no more, the
    second ends them, the third leaves them to the next agent. --json prints a line with the machine's id at first.
    """
    from gym_gui import __version__
    from gym_gui.cli.output import print_json
    from gym_gui.fleet import run_agent

    words: list[str] = []
    names = ("--server", "--token", "--machine-id", "--slots", "--ca", "--folder")
    for name, value in zip(names, (server, token, machine_id, slots, ca, folder), strict=True):
        if value is not None:
            words += [name, str(value)]
    for each in pythons:
        words += ["--python", each]

    def say_ready(machine: str) -> None:
        if as_json:
            print_json({"machine_id": machine, "server": server})

    return run_agent(words, version=__version__, on_ready=say_ready)
