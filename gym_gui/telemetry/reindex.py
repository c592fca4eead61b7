"""Rebuilds a run's database from its logs and replaces the old one."""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from gym_gui.core.regular_files import is_file, kind_of
from gym_gui.core.worker.errors import UsageError
from gym_gui.logging_config.components.service import LOG_SERVICE_SQLITE_DEBUG
from gym_gui.logging_config.helpers import log_constant
from gym_gui.runs import Ledger, RunFolder, RunPlan, is_locked, sync_folder
from gym_gui.telemetry._adopt import copy_batches, copy_unreadable
from gym_gui.telemetry.errors import OldSchema, TelemetryError
from gym_gui.telemetry.ingest import SUPERVISOR_NO, Ingestor
from gym_gui.telemetry.limits import DECODER_VERSION
from gym_gui.telemetry.logs.logfile import dropped_logs, dropped_record, is_there, log_size, logs_of
from gym_gui.telemetry.logs.segments import read_segments, readable
from gym_gui.telemetry.schema import SCHEMA_VERSION
from gym_gui.telemetry.store import Store

logger = logging.getLogger(__name__)

#: Of the names of a database's files.
ENDINGS = ("", "-wal", "-shm", "-journal")
_LOG_NAME = re.compile(r"(?P<worker_id>.+)\.a(?P<attempt>\d+)\.stdout\.jsonl")


class ReindexReport(msgspec.Struct, kw_only=True):
    """Result of a reindex."""

    run_id: str
    logs: int
    bytes_read: int
    ledger: Ledger
    decoder: int = DECODER_VERSION
    old_decoder: int | None = None
    """Of the replaced database; another version may have stored other rows."""
    kept_segments: int = 0
    """Truncated or replaced logs whose rows were copied from the old database."""
    gone: list[str] = []
    """Logs that were dropped, or removed: all their rows were copied from the old database."""


class _Log(NamedTuple):
    worker_no: int
    attempt: int
    worker_id: str
    path: Path
    closed: bool


def open_ingestor(
    folder: RunFolder, plan: RunPlan, progress: Callable[[int, int], None] | None = None, **live: Any
) -> Ingestor:
    """Open a run's database for writing, rebuilding one of an earlier schema first.

    Args:
        folder: The run's folder; the caller holds the proxy lock.
        plan: The run.
        progress: Called while it is rebuilt, after each transaction, with bytes done and total bytes.
        **live: Further arguments of :class:`Ingestor`: ``watch`` and ``on_segment``.

    Raises:
        DiskFull: No room; may be tried again.
        TelemetryError: The database is of another run or a later version, or of an earlier one and its logs are gone.
    """
    if any(kind_of(f"{folder.database}{ending}") for ending in ENDINGS):
        move_database_away(folder.database)
    try:
        return Ingestor(folder, plan, **live)
    except OldSchema as old:
        gone = [path.name for path in _missing_logs(folder).values() if dropped_record(path) is None]
        if gone:
            raise TelemetryError(
                f"{old.what}, and it cannot be rebuilt",
                where=str(folder.database),
                why=f"its logs are gone: {', '.join(gone)}",
                next_step="read it with the version that wrote it",
            ) from None
        values = {"run_id": plan.run_id, "path": str(folder.database), "schema": SCHEMA_VERSION}
        message = "Telemetry database of an earlier schema is rebuilt"
        log_constant(logger, LOG_SERVICE_SQLITE_DEBUG, message=message, extra=values)
        rebuild_database(folder, plan, progress)
        return Ingestor(folder, plan, **live)


def rebuild_database(
    folder: RunFolder, plan: RunPlan, progress: Callable[[int, int], None] | None = None
) -> ReindexReport:
    """Rebuild a run's database from its logs.

    The rows are those of the first indexing. Data that the logs do not have is copied from the old database if that can
    be read: rows of logs that were truncated since, rows of logs that are gone, and the times at which rows came in.

    Args:
        folder: The run's folder; the caller holds the proxy lock.
        plan: The run.
        progress: Called after each transaction with bytes done and total bytes.

    Raises:
        TelemetryError: Logs were dropped and the database, which alone has their rows, cannot be read.
        DiskFull: No room for a second database; the old one is untouched.
    """
    new = folder.database.with_name("telemetry.new.db")
    _remove(new)
    if any(kind_of(f"{folder.database}{ending}") for ending in ENDINGS):
        move_database_away(folder.database)
    old_decoder, closed = _inspect(folder.database)
    if old_decoder is None and dropped_logs(folder):
        raise TelemetryError(
            f"the telemetry database of run {plan.run_id} cannot be rebuilt",
            where=str(folder.database),
            why="its logs were dropped when the run had ended (artifacts.persist_logs), and it is damaged or missing",
            next_step="restore telemetry.db from a copy; nothing was changed",
        )
    gone: dict[tuple[int, int], Path] = {}
    kept = 0
    try:
        if old_decoder is not None:
            gone = _missing_logs(folder)
            with contextlib.closing(Store(new, plan.run_id)) as store:
                kept = copy_unreadable(store, folder, gone)
        ingestor = Ingestor(folder, plan, database=new)
        try:
            report = _ingest(ingestor, plan.run_id, _logs(folder, plan, closed), progress)
            if old_decoder is not None:
                copy_batches(ingestor.store, folder.database)
            ingestor.finish()
        except BaseException:
            ingestor.close()
            raise
        if Path(f"{new}-wal").exists():  # another process reads the new database already
            raise UsageError(
                "the new database is in use",
                where=str(new),
                next_step="close the program that reads it and try again",
            )
        for ending in ("-wal", "-shm"):
            Path(f"{folder.database}{ending}").unlink(missing_ok=True)
        new.replace(folder.database)
        sync_folder(folder.path)
    finally:
        _remove(new)
    report.old_decoder = old_decoder
    report.kept_segments = kept
    report.gone = [str(path.relative_to(folder.path)) for path in gone.values()]
    return report


def _ingest(
    ingestor: Ingestor, run_id: str, logs: list[_Log], progress: Callable[[int, int], None] | None
) -> ReindexReport:
    total = sum(log_size(log.path) for log in logs)
    done = 0
    for log in logs:  # one after the other: a compressed one needs disk space while it is read
        ingestor.add_source(log.worker_no, log.worker_id, log.attempt, log.path)
        while (result := ingestor.pump()).bytes_read or not result.caught_up:
            done += result.bytes_read
            if progress is not None:
                progress(done, max(total, done))
        if log.closed:
            ingestor.close_source(log.worker_no, log.attempt)
    return ReindexReport(run_id=run_id, logs=len(logs), bytes_read=done, ledger=ingestor.ledger())


def _logs(folder: RunFolder, plan: RunPlan, closed: set[tuple[int, int]]) -> list[_Log]:
    """Return the logs in the run's folder, and whether each is complete."""
    numbers = {worker.worker_id: worker.worker_no for worker in plan.workers}
    logs = []
    if is_file(folder.supervisor_log):
        path = folder.supervisor_log
        logs.append(_Log(SUPERVISOR_NO, 1, "supervisor", path, (SUPERVISOR_NO, 1) in closed))
    for path in logs_of(folder):
        name = _LOG_NAME.fullmatch(path.name)
        if name is not None and name["worker_id"] in numbers:
            worker_id, attempt = name["worker_id"], int(name["attempt"])
            key = (numbers[worker_id], attempt)
            ended = key in closed or _has_ended(folder, worker_id, attempt)
            logs.append(_Log(*key, worker_id, path, ended))
    there = {(log.worker_no, log.attempt) for log in logs}
    for (number, attempt), segments in read_segments(folder).items():
        worker_id = segments[0].worker_id
        if (number, attempt) not in there and numbers.get(worker_id) == number and readable(folder, segments):
            ended = (number, attempt) in closed or _has_ended(folder, worker_id, attempt)
            logs.append(_Log(number, attempt, worker_id, folder.stdout_log(worker_id, attempt), ended))
    return logs


def _has_ended(folder: RunFolder, worker_id: str, attempt: int) -> bool:
    """Return whether an attempt has ended, so that its log is complete."""
    lock = folder.launch_lock(worker_id, attempt)
    return folder.exit_record(worker_id, attempt).exists() or (lock.exists() and not is_locked(lock))


def _inspect(database: Path) -> tuple[int | None, set[tuple[int, int]]]:
    """Merge an old database's files and check it.

    Returns:
        Its decoder's version (``None`` if it is unusable), and the logs that it has read to their end.
    """
    if not is_file(database):
        return None, set()
    with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(database, timeout=5.0)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        if connection.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok":
            (decoder,) = connection.execute("SELECT value FROM meta WHERE key = 'decoder'").fetchone()
            closed = connection.execute("SELECT worker_no, attempt FROM cursors WHERE closed").fetchall()
            return int(decoder), set(closed)
    return None, set()


def schema_version_of(database: Path) -> object:
    """Return a database's schema version; the present one if it is unreadable."""
    if is_file(database):
        with contextlib.suppress(sqlite3.Error, TypeError), contextlib.closing(sqlite3.connect(database)) as connection:
            return connection.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone()[0]
    return SCHEMA_VERSION


def _missing_logs(folder: RunFolder) -> dict[tuple[int, int], Path]:
    """Return the missing logs that a database has read, by worker and attempt."""
    with contextlib.closing(sqlite3.connect(folder.database)) as connection:
        read = connection.execute("SELECT worker_no, attempt, path FROM cursors WHERE off > 0").fetchall()
    paths = {(number, attempt): folder.path / path for number, attempt, path in read}
    return {key: path for key, path in paths.items() if not is_there(path)}


def move_database_away(database: Path) -> None:
    """Rename whatever has the names of a database's files; nothing is removed.

    Raises:
        OSError: It cannot be moved.
    """
    for number in itertools.count(1):
        target = database.with_name(f"{database.name}.aside{number}")
        if not any(os.path.lexists(f"{target}{ending}") for ending in ENDINGS):
            break
    for ending in ENDINGS:
        with contextlib.suppress(FileNotFoundError):
            Path(f"{database}{ending}").rename(f"{target}{ending}")


def _remove(database: Path) -> None:
    for ending in ENDINGS:
        Path(f"{database}{ending}").unlink(missing_ok=True)
