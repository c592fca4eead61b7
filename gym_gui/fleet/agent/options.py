"""The command line of the agent, and the files ``.env`` that stand in for the environment."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable
from pathlib import Path

from gym_gui.fleet.agent.environments import MISSING, POLICIES
from gym_gui.fleet.agent.service import SERVICES
from gym_gui.fleet.agent.study_command import COMMANDS


def read_options(arguments: list[str], program: str) -> argparse.Namespace:
    """Return what the command line says, and the environment where it says nothing.

    Args:
        arguments: The words after the program.
        program: Its name.

    Raises:
        SystemExit: They are wrong.
    """
    options = _parser(program).parse_args(_with_values(arguments))
    options.server = str(options.server).strip().rstrip("/")
    options.config_host += _split(os.environ.get("MOSAIC_AGENT_CONFIG_HOSTS", ""))
    options.proxy += _split(os.environ.get("MOSAIC_AGENT_PROXY", ""))
    return options


def read_env_files(folders: Iterable[Path]) -> None:
    """Take variables from the files ``.env`` of some folders; those that are set already stay.

    Args:
        folders: The first one wins.
    """
    for folder in dict.fromkeys(folder.absolute() for folder in folders):
        try:
            lines = (folder / ".env").read_text("utf-8-sig").splitlines()
        except (OSError, UnicodeError):
            continue
        for line in lines:
            name, separator, value = line.strip().partition("=")
            if separator and not name.startswith("#"):
                os.environ.setdefault(name.strip().replace("export ", "", 1), value.strip().strip("\"'"))


def _with_values(arguments: list[str]) -> list[str]:
    """Join options with values that begin with a dash, which argparse takes for other options: one token of 64 does."""
    joined = list(arguments)
    for place in [at for at, word in enumerate(joined) if word in ("--token", "--command")][::-1]:
        joined[place : place + 2] = ["=".join(joined[place : place + 2])]
    return joined


def _parser(program: str) -> argparse.ArgumentParser:
    variable = os.environ.get
    parser = argparse.ArgumentParser(prog=program, description="Carry out a server's runs and studies on this machine.")
    add = parser.add_argument
    add(
        "--server",
        default=variable("MOSAIC_SERVER_URL") or variable("GOLIAT_MONITORING_URL") or "",
        help="address of the server, e.g. https://host:8787 (MOSAIC_SERVER_URL, GOLIAT_MONITORING_URL)",
    )
    add("--token", default=variable("MOSAIC_AGENT_TOKEN") or "", help="token of the server (MOSAIC_AGENT_TOKEN)")
    add(
        "--machine-id",
        default=variable("MOSAIC_MACHINE_ID") or variable("GOLIAT_MACHINE_ID") or "",
        help="id of this machine; by default one is drawn and kept (MOSAIC_MACHINE_ID, GOLIAT_MACHINE_ID)",
    )
    add("--slots", type=int, default=0, help="runs at once; by default as many as there are cores")
    add("--python", action="append", default=[], metavar="NAME=PATH", help="interpreter of a worker")
    add(
        "--build-environments",
        choices=POLICIES,
        default=variable("MOSAIC_AGENT_BUILD_ENVIRONMENTS") or MISSING,
        help="which environments of workers are built on this machine (default: missing;"
        " MOSAIC_AGENT_BUILD_ENVIRONMENTS)",
    )
    add("--ca", metavar="FILE", help="certificates that are trusted, in place of the system's")
    add(
        "--folder",
        default=variable("MOSAIC_AGENT_FOLDER") or "~/.mosaic-agent",
        help="folder for id, token, log and runs under way (MOSAIC_AGENT_FOLDER)",
    )
    add("--service", choices=SERVICES, help="print how to make this command a service, and exit")
    plain = parser.add_argument_group("without enrolment", "studies by the calls /api/heartbeat and /api/assignment")
    add = plain.add_argument
    add("--plain", action="store_true", help="use these calls, also with a token")
    add(
        "--command",
        default=variable("MOSAIC_AGENT_COMMAND") or "",
        help=f"command of a study: one of {', '.join(COMMANDS)}, or a command line with {{config}}"
        " (MOSAIC_AGENT_COMMAND; default: goliat)",
    )
    add("--workdir", default=variable("MOSAIC_AGENT_WORKDIR") or ".", help="folder in which studies run")
    add(
        "--config-host",
        action="append",
        default=[],
        metavar="HOST",
        help="another host that configs may come from; may be repeated (MOSAIC_AGENT_CONFIG_HOSTS)",
    )
    add(
        "--restarts",
        type=int,
        default=variable("MOSAIC_AGENT_RESTARTS") or "0",
        help="how often a study that fails is started again (default: 0)",
    )
    add(
        "--proxy",
        action="append",
        default=[],
        metavar="HOST",
        help="run a proxy for studies that takes what they send to HOST, and sends it to the server when that answers;"
        " may be repeated (MOSAIC_AGENT_PROXY)",
    )
    return parser


def _split(text: str) -> list[str]:
    return [word for word in text.replace(",", " ").split() if word]
