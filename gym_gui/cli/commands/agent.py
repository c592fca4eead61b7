"""``mosaic agent``."""

from __future__ import annotations

import sys
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
@click.option("--build-environments", type=click.Choice(("missing", "always", "never")),
              envvar="MOSAIC_AGENT_BUILD_ENVIRONMENTS",
              help="Which environments of workers are built on this machine.  [default: missing]")  # fmt: skip
@click.option("--ca", metavar="FILE", type=click.Path(exists=True, dir_okay=False),
              help="Certificates to trust, in place of the system's.")  # fmt: skip
@click.option("--folder", metavar="DIR", type=TEXT, envvar="MOSAIC_AGENT_FOLDER",
              help="Folder for id, token, log and runs under way.  [default: ~/.mosaic-agent]")  # fmt: skip
@click.option("--plain", is_flag=True,
              help="Without enrolment: take studies by the calls /api/heartbeat and /api/assignment.")  # fmt: skip
@click.option("--command", metavar="COMMAND", type=TEXT, envvar="MOSAIC_AGENT_COMMAND",
              help="With --plain: how a study is started: goliat (the default), goliat-cli, goliat-module, or a command"
              " line with {config}.")  # fmt: skip
@click.option("--workdir", metavar="DIR", type=click.Path(exists=True, file_okay=False), envvar="MOSAIC_AGENT_WORKDIR",
              help="With --plain: the folder in which studies run.  [default: the current one]")  # fmt: skip
@click.option("--config-host", "config_hosts", metavar="HOST", type=TEXT, multiple=True,
              help="With --plain: another host that configs may come from; may be repeated.")  # fmt: skip
@click.option("--restarts", metavar="N", type=click.IntRange(0), envvar="MOSAIC_AGENT_RESTARTS",
              help="With --plain: how often a study that fails is started again.  [default: 0]")  # fmt: skip
@click.option("--proxy", "proxies", metavar="HOST", type=TEXT, multiple=True,
              help="With --plain: run a proxy for studies that takes what they send to HOST, and sends it to the server"
              " when that answers; may be repeated.")  # fmt: skip
@click.option("--service", type=click.Choice(("systemd", "windows")),
              help="Print how to make this command a service of the machine, and exit.")  # fmt: skip
@click.option("--write", metavar="FILE", type=click.Path(dir_okay=False),
              help="Write the agent as one file for machines without MOSAIC, and exit.")  # fmt: skip
@common
@anywhere
def agent(
    home: Path,  # noqa: ARG001 - the agent has a folder of its own
    server: str | None,
    token: str | None,
    machine_id: str | None,
    slots: int | None,
    pythons: tuple[str, ...],
    build_environments: str | None,
    ca: str | None,
    folder: str | None,
    plain: bool,
    command: str | None,
    workdir: str | None,
    config_hosts: tuple[str, ...],
    restarts: int | None,
    proxies: tuple[str, ...],
    service: str | None,
    write: str | None,
    as_json: bool,
) -> int:
    """Carry out a server's runs on this machine.

    Run it where the hardware is: it asks the server for runs (`mosaic train … --executor agent`), starts their workers
    here, and ships logs and files home. The first SIGTERM or Ctrl-C lets it finish its runs and take no more, the
    second ends them, the third leaves them to the next agent. --json prints a line with the machine's id at first.

    A machine without MOSAIC needs one file, with any Python from 3.8: `mosaic agent --write worker_agent.py`, or
    /worker_agent.py of `mosaic web`.
    """
    from gym_gui import __version__
    from gym_gui.cli.output import print_json
    from gym_gui.fleet import run_agent

    if write is not None:
        return _write(write)
    words: list[str] = []
    values = {
        "--server": server, "--token": token, "--machine-id": machine_id, "--slots": slots, "--ca": ca,
        "--build-environments": build_environments,
        "--folder": folder, "--command": command, "--workdir": workdir, "--restarts": restarts, "--service": service,
    }  # fmt: skip
    for name, value in values.items():
        if value is not None:
            words += [name, str(value)]
    for name, several in {"--python": pythons, "--config-host": config_hosts, "--proxy": proxies}.items():
        for each in several:
            words += [name, each]
    if plain:
        words.append("--plain")

    def say_ready(machine: str) -> None:
        if as_json:
            print_json({"machine_id": machine, "server": server})

    program = [str(Path(sys.argv[0]).absolute()), "agent"]
    return run_agent(words, version=__version__, on_ready=say_ready, program=program)


def _write(name: str) -> int:
    """Write the agent as one file."""
    from gym_gui import __version__
    from gym_gui.cli.output import say
    from gym_gui.core.worker.errors import UsageError
    from gym_gui.fleet import single_file

    text = single_file(__version__)
    try:
        Path(name).write_text(text, "utf-8", newline="\n")
    except OSError as error:
        raise UsageError(
            f"the file cannot be written: {error.strerror}", where=name, next_step="name a file that you may write"
        ) from error
    say(f"{name} runs by itself: python {name} --server URL --token TOKEN")
    return 0
