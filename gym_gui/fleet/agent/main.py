"""The agent as a program: ``python -m gym_gui.fleet.agent.main --server URL``."""

from __future__ import annotations

import argparse
import getpass
import hashlib
import logging
import logging.handlers
import os
import queue
import signal
import sqlite3
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from gym_gui.fleet.agent.agent import Agent
from gym_gui.fleet.agent.command_launcher import LAUNCH, launch
from gym_gui.fleet.agent.environment_builder import BUILD_ENVIRONMENT, build_environment
from gym_gui.fleet.agent.environments import FOLDER_VARIABLE, POLICIES, Environments
from gym_gui.fleet.agent.file_lock import WINDOWS, try_lock
from gym_gui.fleet.agent.machine import Identity
from gym_gui.fleet.agent.monitoring import Monitoring
from gym_gui.fleet.agent.options import read_env_files, read_options
from gym_gui.fleet.agent.server import Refused
from gym_gui.fleet.agent.service import service_text
from gym_gui.fleet.agent.study_command import parse_command
from gym_gui.fleet.agent.study_proxy import StudyProxy
from gym_gui.fleet.agent.worker_agent import WorkerAgent

EXIT_OK, EXIT_REFUSED, EXIT_USAGE = 0, 1, 2
#: In the single file: the program ``launcher.py``, and the version of MOSAIC.
LAUNCHER_SOURCE, VERSION = "", ""
_LOG_BYTES, _LOGS = 5 << 20, 3


def run_agent(
    arguments: list[str] | None = None,
    *,
    launcher: Path | None = None,
    version: str = "",
    on_ready: Callable[[str], None] = lambda _machine: None,
    program: Sequence[str] = ("mosaic", "agent"),
    beside: Path | None = None,
) -> int:
    """Run the agent; return its exit code: 0 stopped or drained, 1 no server or refused by it, 2 wrong arguments.

    Args:
        arguments: The command line; ``None``: this process's.
        launcher: The program ``launcher.py``; ``None``: the installed one.
        version: Of MOSAIC.
        on_ready: Called with the id of this machine before it asks for runs.
        program: The words that start it.
        beside: A folder whose file ``.env`` is read after that of the current one. With it, a machine without any token
            uses the plain calls.
    """
    words = sys.argv[1:] if arguments is None else arguments
    if words[:1] == [LAUNCH]:
        return launch(Path(words[1]))
    if words[:1] == [BUILD_ENVIRONMENT]:
        return build_environment(words[1:])
    read_env_files([Path(), *([beside] if beside else [])])
    options = read_options(words, "mosaic agent" if beside is None else "worker_agent.py")
    if options.service:
        _print_service(options.service, program, words)
        return EXIT_OK
    problem = _problem(options)
    if problem:
        sys.stderr.write(f"Error: {problem}\n")
        return EXIT_USAGE if options.server else EXIT_REFUSED
    os.environ.pop("MOSAIC_AGENT_TOKEN", None)  # no run or study inherits it
    folder = Path(options.folder).expanduser()
    try:
        lock = lock_folder(folder)
        identity = Identity(folder, options.machine_id) if lock else None
        starter = launcher or _launcher(folder, program)
        _log_to(folder / "agent.log")
    except (OSError, ValueError) as error:
        sys.stderr.write(f"Error: the agent's folder {folder} cannot be used: {error}\n")
        return EXIT_REFUSED
    if lock is None or identity is None:
        sys.stderr.write(f"Error: another agent runs in {folder}. Stop it, or give another --folder.\n")
        return EXIT_REFUSED
    with lock:
        if options.plain or (beside is not None and not (options.token or identity.token(options.server))):
            return _run_plain(options, folder, identity.machine_id, on_ready)
        return _run(options, folder, starter, version or VERSION, on_ready)


def _problem(options: argparse.Namespace) -> str:
    """Return what is wrong with the options, in words."""
    if not options.server:
        return "no server. Give --server URL, or set MOSAIC_SERVER_URL or GOLIAT_MONITORING_URL, also in a file .env."
    if not options.server.startswith(("http://", "https://")):
        return f"the server {options.server!r} is not an address that begins with https:// or http://"
    for each in options.python:
        if "=" not in each or each.endswith("="):
            return f"--python {each!r} is not NAME=PATH, e.g. cleanrl=/opt/cleanrl/bin/python"
    if options.build_environments not in POLICIES:
        return f"--build-environments is {options.build_environments!r}, allowed: {', '.join(POLICIES)}"
    try:
        parse_command(options.command)
    except ValueError as error:
        return f"--command: {error}"
    if not Path(options.workdir).is_dir():
        return f"--workdir: there is no folder {options.workdir}"
    return ""


def _run(
    options: argparse.Namespace, folder: Path, launcher: Path | list[str], version: str, on_ready: Callable[[str], None]
) -> int:
    agent = Agent(
        options.server,
        folder,
        launcher,
        token=options.token,
        machine_id=options.machine_id,
        slots=options.slots,
        pythons=dict(each.split("=", 1) for each in options.python),
        ca_file=options.ca,
        version=version,
        environments=_environments(folder, options.build_environments),
    )
    _obey_signals(agent)
    logging.getLogger("mosaic.agent").info("machine %s, server %s", agent.identity.machine_id, options.server)
    on_ready(agent.identity.machine_id)
    try:
        agent.run()
    except Refused as refused:
        sys.stderr.write(f"Error: {options.server} refuses this machine: {refused}\n")
        return EXIT_REFUSED
    return EXIT_OK


def _run_plain(options: argparse.Namespace, folder: Path, machine_id: str, on_ready: Callable[[str], None]) -> int:
    log = logging.getLogger("mosaic.agent")

    def say(text: str) -> None:
        log.info("%s", text)

    proxy = None
    if options.proxy:
        server = Monitoring(options.server, options.token, options.ca)
        try:
            proxy = StudyProxy(server, folder, options.proxy, say)
        except (OSError, sqlite3.Error) as error:
            sys.stderr.write(f"Error: the proxy cannot be started in {folder}: {error}\n")
            return EXIT_REFUSED
        proxy.start()
    agent = WorkerAgent(
        options.server,
        machine_id,
        command=parse_command(options.command),
        workdir=Path(options.workdir).absolute(),
        token=options.token,
        ca_file=options.ca,
        config_hosts=options.config_host,
        restarts=options.restarts,
        record=folder / "study.json",
        proxy=proxy,
        say=say,
    )
    _obey_signals(agent)
    say(f"machine {machine_id}, server {options.server}, without enrolment; studies run in {options.workdir}")
    on_ready(machine_id)
    agent.main_loop()
    if proxy is not None:
        proxy.close()
    return EXIT_OK


def lock_folder(folder: Path) -> IO[bytes] | None:
    """Take the folder for this process alone; ``None`` if another agent has it.

    Raises:
        OSError: It cannot be written.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = (folder / "agent.lock").open("ab")
    if not try_lock(lock.fileno()):
        lock.close()
        return None
    return lock


def _environments(folder: Path, policy: str) -> Environments:
    """Return the environments of workers, in the agent's folder unless another one is named."""
    named = os.environ.get(FOLDER_VARIABLE)
    base = (Path(named).expanduser() if named else folder).absolute()
    return Environments(base / "environments", policy, within=base if named else None)


def _launcher(folder: Path, program: Sequence[str]) -> Path | list[str]:
    """Return what starts an attempt: the program ``launcher.py``, which the single file brings along, or this program.

    Raises:
        OSError: The file cannot be written.
    """
    if WINDOWS:
        return list(program) if LAUNCHER_SOURCE else [sys.executable, "-m", "gym_gui.fleet.agent.main"]
    if not LAUNCHER_SOURCE:
        return Path(__file__).parents[2] / "supervision" / "launcher.py"
    data = LAUNCHER_SOURCE.encode("utf-8")
    path = folder / f"launcher-{hashlib.sha256(data).hexdigest()[:12]}.py"
    if not path.exists():
        temporary = path.with_suffix(".tmp")
        temporary.write_bytes(data)
        os.replace(str(temporary), str(path))  # noqa: PTH105 - Python 3.8 on Windows
    return path


def _obey_signals(agent: Agent | WorkerAgent) -> None:
    """First signal: finish the runs, take no more. Second: end them. Third: leave them to the next agent."""
    # Acted on by a thread: what a handler interrupts may have the very lock that it needs.
    signals: queue.SimpleQueue[int] = queue.SimpleQueue()

    def act() -> None:
        count = 0
        while True:
            signals.get()
            count += 1
            words = ("finishes its runs and takes no more", "ends its runs", "leaves its runs to the next agent")
            logging.getLogger("mosaic.agent").info("signal %d: %s", count, words[min(count, 3) - 1])
            (agent.drain, agent.stop, agent.leave)[min(count, 3) - 1]()

    def handle(number: int, _frame: object) -> None:
        signals.put(number)

    threading.Thread(target=act, name="signals", daemon=True).start()
    for name in ("SIGTERM", "SIGINT", "SIGBREAK"):  # the last one: Ctrl-Break of Windows
        number = getattr(signal, name, None)
        if number is not None:
            signal.signal(number, handle)


def _print_service(kind: str, program: Sequence[str], words: list[str]) -> None:
    kept = list(words)
    for name in ("--service", "--token"):  # the token enrols once; in a service's command any user could read it
        while name in kept:
            place = kept.index(name)
            del kept[place : place + 2]
    kept = [word for word in kept if not word.startswith(("--service=", "--token="))]
    sys.stdout.write(service_text(kind, [*program, *kept], "" if WINDOWS else getpass.getuser(), str(Path.cwd())))


def _log_to(path: Path) -> None:
    log = logging.getLogger("mosaic.agent")
    log.setLevel(logging.INFO)
    log.propagate = False
    form = logging.Formatter("%(asctime)s %(levelname)s %(message)s")
    kept = logging.handlers.RotatingFileHandler(str(path), maxBytes=_LOG_BYTES, backupCount=_LOGS, encoding="utf-8")
    for handler in (logging.StreamHandler(sys.stderr), kept):
        handler.setFormatter(form)
        log.addHandler(handler)


if __name__ == "__main__":
    sys.exit(run_agent())
