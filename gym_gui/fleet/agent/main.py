"""The agent as a program: ``python -m gym_gui.fleet.agent.main --server URL``."""

from __future__ import annotations

import argparse
import fcntl
import logging
import logging.handlers
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO

from gym_gui.fleet.agent.agent import Agent
from gym_gui.fleet.agent.server import Refused

EXIT_OK, EXIT_REFUSED, EXIT_USAGE = 0, 1, 2
_LOG_BYTES, _LOGS = 5 << 20, 3


def run_agent(
    arguments: list[str] | None = None,
    *,
    launcher: Path | None = None,
    version: str = "",
    on_ready: Callable[[str], None] = lambda _machine: None,
) -> int:
    """Run the agent; return its exit code: 0 stopped or drained, 1 refused by the server, 2 wrong arguments.

    Args:
        arguments: The command line; ``None``: this process's.
        launcher: The program ``launcher.py``; ``None``: the installed one.
        version: Of MOSAIC.
        on_ready: Called with the id of this machine before it asks for runs.
    """
    _read_env_file(Path(".env"))
    options = _parser().parse_args(_with_token(sys.argv[1:] if arguments is None else arguments))
    if not options.server:
        sys.stderr.write("Error: no server. Give --server URL, or set MOSAIC_SERVER_URL.\n")
        return EXIT_REFUSED
    pythons: dict[str, str] = {}
    for each in options.python:
        name, _, path = each.partition("=")
        if not path:
            sys.stderr.write(f"Error: --python {each!r} is not NAME=PATH, e.g. cleanrl=/opt/cleanrl/bin/python\n")
            return EXIT_USAGE
        pythons[name] = path
    folder = Path(options.folder).expanduser()
    try:
        lock = lock_folder(folder)
        agent = _make_agent(options, folder, pythons, launcher, version)
        _log_to(folder / "agent.log")
    except (OSError, ValueError) as error:
        sys.stderr.write(f"Error: the agent's folder {folder} cannot be used: {error}\n")
        return EXIT_REFUSED
    if lock is None:
        sys.stderr.write(f"Error: another agent runs in {folder}. Stop it, or give another --folder.\n")
        return EXIT_REFUSED
    with lock:
        return _run(agent, options.server, on_ready)


def _with_token(arguments: list[str]) -> list[str]:
    """Join the token with its option: one token of 64 begins with a dash, which argparse takes for another option."""
    joined = list(arguments)
    for place in [at for at, word in enumerate(joined) if word == "--token"][::-1]:
        joined[place : place + 2] = ["=".join(joined[place : place + 2])]
    return joined


def _run(agent: Agent, server: str, on_ready: Callable[[str], None]) -> int:
    _obey_signals(agent)
    logging.getLogger("mosaic.agent").info("machine %s, server %s", agent.identity.machine_id, server)
    on_ready(agent.identity.machine_id)
    try:
        agent.run()
    except Refused as refused:
        sys.stderr.write(f"Error: {server} refuses this machine: {refused}\n")
        return EXIT_REFUSED
    return EXIT_OK


def lock_folder(folder: Path) -> IO[bytes] | None:
    """Take the folder for this process alone; ``None`` if another agent has it.

    Raises:
        OSError: It cannot be written.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = (folder / "agent.lock").open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    return lock


def _make_agent(
    options: argparse.Namespace, folder: Path, pythons: dict[str, str], launcher: Path | None, version: str
) -> Agent:
    return Agent(
        options.server,
        folder,
        launcher or Path(__file__).parents[2] / "supervision" / "launcher.py",
        token=options.token,
        machine_id=options.machine_id,
        slots=options.slots,
        pythons=pythons,
        ca_file=options.ca,
        version=version,
    )


def _obey_signals(agent: Agent) -> None:
    """First signal: finish the runs, take no more. Second: end them. Third: leave them to the next agent."""
    count = 0

    def handle(_number: int, _frame: object) -> None:
        nonlocal count
        count += 1
        words = ("finishes its runs and takes no more", "ends its runs", "leaves its runs to the next agent")
        logging.getLogger("mosaic.agent").info("signal %d: %s", count, words[min(count, 3) - 1])
        (agent.drain, agent.stop, agent.leave)[min(count, 3) - 1]()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, handle)


def _parser() -> argparse.ArgumentParser:
    given = os.environ.get
    parser = argparse.ArgumentParser(prog="mosaic agent", description="Carry out a server's runs on this machine.")
    add = parser.add_argument
    add(
        "--server",
        default=given("MOSAIC_SERVER_URL") or given("GOLIAT_MONITORING_URL") or "",
        help="address of `mosaic web`, e.g. https://host:8787 (MOSAIC_SERVER_URL)",
    )
    add("--token", default=given("MOSAIC_AGENT_TOKEN") or "", help="token that enrols this machine, the first time")
    add(
        "--machine-id",
        default=given("MOSAIC_MACHINE_ID") or given("GOLIAT_MACHINE_ID") or "",
        help="id of this machine; by default one is drawn and kept (MOSAIC_MACHINE_ID)",
    )
    add("--slots", type=int, default=0, help="runs at once; by default as many as there are cores")
    add("--python", action="append", default=[], metavar="NAME=PATH", help="interpreter of a worker")
    add("--ca", metavar="FILE", help="certificates that are trusted, in place of the system's")
    add(
        "--folder",
        default=given("MOSAIC_AGENT_FOLDER") or "~/.mosaic-agent",
        help="folder for id, token and runs under way (MOSAIC_AGENT_FOLDER)",
    )
    return parser


def _log_to(path: Path) -> None:
    log = logging.getLogger("mosaic.agent")
    log.setLevel(logging.INFO)
    log.propagate = False
    form = logging.Formatter("%(asctime)s %(levelname)s %(message)s")
    kept = logging.handlers.RotatingFileHandler(str(path), maxBytes=_LOG_BYTES, backupCount=_LOGS, encoding="utf-8")
    for handler in (logging.StreamHandler(sys.stderr), kept):
        handler.setFormatter(form)
        log.addHandler(handler)


def _read_env_file(path: Path) -> None:
    """Take variables from a file ``.env``; those that are set already stay."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        name, separator, value = line.strip().partition("=")
        if separator and not name.startswith("#"):
            os.environ.setdefault(name.strip().replace("export ", "", 1), value.strip().strip("\"'"))


if __name__ == "__main__":
    sys.exit(run_agent())
