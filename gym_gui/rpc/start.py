"""Starts the daemon of a home. However many ask at once, one daemon runs."""

from __future__ import annotations

import json
import logging
import os
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from gym_gui.core.descriptors import fill_standard_descriptors
from gym_gui.core.regular_files import is_file, open_regular, read_regular
from gym_gui.core.worker.errors import ConfigError, MosaicError, Problem, UsageError
from gym_gui.runs import NEUTRAL_FOLDER, UTF8, FileLock, daemon_environment, is_locked, move_folder_away
from gym_gui.trainer import DaemonHome, DaemonInfo

logger = logging.getLogger(__name__)

START_TIMEOUT_S = 60.0
_POLL_S = 0.02
_LOG_TAIL_BYTES = 2000
_LOG_LIMIT_BYTES = 16 << 20


def start_daemon(home: Path, port: int | None = None, *, on_demand: bool = False) -> str:
    """Make sure that a daemon runs in a home, and return its address.

    Args:
        home: The home; created if missing.
        port: The port it must listen on; 0 for any free one. Without it the setting ``daemon_port``, or a free one
            if another home's daemon has that.
        on_demand: It is to end by itself once it has been idle for the setting ``daemon_idle_timeout_s``.

    Raises:
        UsageError: The home cannot be used, the port is taken, or a daemon runs on another port already.
        MosaicError: The daemon died at its start.
    """
    paths = DaemonHome(home.absolute())
    running = paths.daemon()
    if running is None:
        paths.prepare()
        running = _start_once(paths, port, on_demand)
    if port and not running.address.endswith(f":{port}"):
        raise UsageError(
            f"a trainer daemon runs in this home already, at {running.address}",
            where=str(home),
            next_step=f"use it, or stop it first: mosaic daemon stop (pid {running.pid})",
        )
    return running.address


def _start_once(paths: DaemonHome, port: int | None, on_demand: bool) -> DaemonInfo:
    """Start a daemon, or wait for the one that another process starts."""
    lock = FileLock(paths.start_lock_file)
    deadline = time.monotonic() + START_TIMEOUT_S
    while not lock.acquire():
        if time.monotonic() > deadline:
            raise MosaicError(
                "another program has been starting the trainer daemon for a minute", where=str(paths.path)
            )
        time.sleep(_POLL_S)
    try:
        running = _wait_for_announcement(paths, deadline)
        if running is None:
            said_before = _rotated_size(paths.log)
            _spawn(paths, port, on_demand, deadline, said_before)
            running = paths.daemon()
            if running is None:
                raise _died(paths, said_before)
        return running
    finally:
        lock.release()


def _wait_for_announcement(paths: DaemonHome, deadline: float) -> DaemonInfo | None:
    """Return the daemon that holds the home's lock, once it says where it listens; ``None`` if none does."""
    while True:
        running = paths.daemon()
        if running is not None or not is_locked(paths.lock_file) or time.monotonic() > deadline:
            return running
        time.sleep(_POLL_S)


def _rotated_size(log: Path) -> int:
    """Rename a long log; return how many bytes the one that is written on holds."""
    size = log.lstat().st_size if is_file(log) else 0
    if size > _LOG_LIMIT_BYTES:
        former = log.with_suffix(".log.1")
        move_folder_away(former)
        log.replace(former)
        return 0
    return size


def _spawn(paths: DaemonHome, port: int | None, on_demand: bool, deadline: float, said_before: int) -> None:
    """Start the process and wait for its word: an address, or the error that ended it."""
    fill_standard_descriptors()  # the pipe must not take the place of one
    reader, writer = os.pipe2(os.O_CLOEXEC)
    command = [sys.executable, *UTF8, "-m", "gym_gui.rpc.daemon_main", "--home", str(paths.path)]
    command += ["--ready-fd", str(writer)]
    command += ["--port", str(port)] if port is not None else []
    command += ["--on-demand"] if on_demand else []
    try:
        with os.fdopen(open_regular(paths.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND), "ab") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=NEUTRAL_FOLDER,
                env={**daemon_environment(os.environ), "MOSAIC_HOME": str(paths.path)},
                pass_fds=(writer,),
                start_new_session=True,
            )
        os.close(writer)
        writer = -1
        word = _read_word(reader, deadline)
    finally:
        os.close(reader)
        if writer >= 0:
            os.close(writer)
    if word is None:
        process.kill()
        process.wait()
        raise MosaicError(
            f"the trainer daemon did not start within {START_TIMEOUT_S:g} s",
            where=str(paths.path),
            next_step=f"look into {paths.log}",
        )
    if "address" in word:
        for note in word.get("notes", ()):
            logger.warning("warning: %s", note)
        # It outlives this program; without this, Popen warns of a child that still runs.
        process.returncode = 0
        return
    process.wait()
    if not word:
        raise _died(paths, said_before)
    problems = [Problem(**problem) for problem in word["problems"]]
    if problems:
        raise ConfigError(word["what"], problems, where=word["where"], next_step=word["next_step"])
    kind = UsageError if word["exit_code"] == UsageError.exit_code else MosaicError
    raise kind(word["what"], where=word["where"], why=word["why"], next_step=word["next_step"])


def _read_word(reader: int, deadline: float) -> dict[str, Any] | None:
    """Return what the daemon wrote before it closed the pipe: ``{}`` if it died, ``None`` if it took too long."""
    data = b""
    while True:
        ready, _, _ = select.select([reader], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return None
        chunk = os.read(reader, 65536)
        if not chunk:
            word: dict[str, Any] = json.loads(data) if data else {}
            return word
        data += chunk


def _died(paths: DaemonHome, said_before: int) -> MosaicError:
    """Return what is known of a daemon that ended without a word but what it added to its log."""
    try:
        said = read_regular(paths.log)[said_before:][-_LOG_TAIL_BYTES:]
    except OSError:
        said = b""
    tail = said.decode("utf-8", "replace").strip().splitlines()
    return MosaicError(
        "the trainer daemon ended as soon as it had started",
        where=str(paths.path),
        why=tail[-1] if tail else "",
        next_step=f"look into {paths.log}",
    )
