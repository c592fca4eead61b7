"""Compresses the logs of ended runs, or drops them if the run config says so.

A log is removed only after its replacement is on disk and was read back: the compressed file, compared with the log
byte by byte; or, for a log that is to be dropped, a database that a recount of all logs has verified. The process may
be killed at any point: the log is intact until then, and the next process starts over.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

import msgspec

from gym_gui.core.regular_files import is_file, open_regular, open_stream
from gym_gui.core.worker.errors import UsageError
from gym_gui.runs import (
    READ_ERRORS,
    FileLock,
    RunFolder,
    is_locked,
    load_plan,
    read_json,
    sync_folder,
    write_json_atomic,
)
from gym_gui.supervision import marked_processes
from gym_gui.telemetry import row_id
from gym_gui.telemetry.logs import (
    LogRecord,
    compressed_path,
    dropped_logs,
    file_sha256,
    is_compressed,
    log_size,
    logs_of,
    open_log,
    record_path,
)
from gym_gui.telemetry.verify import LogReport, VerifyReport, count_rows, verify_run

_CHUNK = 1 << 20
_FRESH = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
#: Of gzip: a third of the time that level 6 takes, for files that are a tenth larger.
_LEVEL = 3
_PATIENCE_S = 10.0
_SHOWN = 3


class Retained(msgspec.Struct, kw_only=True):
    """Result of log retention for one run."""

    compressed: list[str] = []
    dropped: list[str] = []
    why_not_dropped: str = ""


def retain_logs(folder: RunFolder, compress_from: int) -> Retained:
    """Compress or drop the remaining logs of an ended run.

    Args:
        folder: The run's folder.
        compress_from: Minimum size of a log to compress, bytes; 0: compress none.

    Raises:
        UsageError: Another process has the run or its logs, or may still write to a log.
        MosaicError: There is no such run, or its database cannot be read.
        OSError: A file cannot be written; nothing is lost.
    """
    done = Retained()
    plan = load_plan(folder)
    lock = FileLock(folder.control / "logs.lock")
    if not lock.acquire():
        raise _in_use(folder, "another process is compressing or deleting its logs")
    try:
        _check_no_process(folder)
        for partial in (*folder.logs.glob(".*.tmp"), *folder.logs.glob(".*.partial")):  # of a killed process
            partial.unlink(missing_ok=True)
        if _is_to_drop(folder, persist=_persists(plan.config)):
            _drop(folder, done)
        for path in logs_of(folder):
            if is_file(path) and 0 < compress_from <= path.lstat().st_size:
                _compress(folder, path)
                done.compressed.append(path.name)
    finally:
        lock.release()
    return done


def are_logs_retained(folder: RunFolder, compress_from: int) -> bool:
    """Return whether :func:`retain_logs` has nothing left to do.

    Raises:
        MosaicError: There is no such run.
    """
    logs = logs_of(folder)
    if not logs:
        return True
    if any(is_file(path) and 0 < compress_from <= path.lstat().st_size for path in logs):
        return False
    return not _is_to_drop(folder, persist=_persists(load_plan(folder).config))


def why_not_dropped(folder: RunFolder) -> str:
    """Return why a run's logs were kept instead of dropped, else empty text."""
    with contextlib.suppress(*READ_ERRORS, TypeError, KeyError):
        note = read_json(folder.kept_logs)
        return str(note["why"]) if note is not None else ""
    return ""


def describe_logs(folder: RunFolder) -> str:
    """Return the retention of a run's logs in one sentence; empty for unchanged logs."""
    dropped = dropped_logs(folder)
    if dropped:
        lines, size = sum(one.lines for one in dropped.values()), sum(one.bytes for one in dropped.values())
        return (
            f"dropped after a recount had verified the database (artifacts.persist_logs): {_logs(len(dropped))},"
            f" {lines:,} lines, {size:,} bytes; their hashes are in logs/*.record.json"
        )
    why = why_not_dropped(folder)
    if why:
        return f"kept though artifacts.persist_logs is false: {why}"
    packed = [path for path in logs_of(folder) if is_compressed(path)]
    if packed:
        size, now = (sum(sizes) for sizes in zip(*(_sizes(path) for path in packed), strict=True))
        return f"compressed: {_logs(len(packed))}, {size:,} bytes to {now:,}"
    return ""


def _sizes(path: Path) -> tuple[int, int]:
    return log_size(path), compressed_path(path).stat().st_size


def _logs(number: int) -> str:
    return f"{number} log" if number == 1 else f"{number} logs"


def _persists(config: dict[str, object]) -> bool:
    artifacts = config.get("artifacts")
    return not isinstance(artifacts, dict) or artifacts.get("persist_logs", True) is not False


def _is_to_drop(folder: RunFolder, *, persist: bool) -> bool:
    return not persist and not folder.kept_logs.exists() and any(log_size(path) for path in logs_of(folder))


def _check_no_process(folder: RunFolder) -> None:
    """Make sure that no process of the run is alive."""
    launches = [path for path in folder.control.glob("*.a*.lock") if is_locked(path)]
    processes = marked_processes(folder.run_id)
    if launches or processes:
        name = f"pid {processes[0].pid}" if processes else launches[0].name
        raise _in_use(folder, f"a process of the run is alive and may write to its log ({name})")


def _in_use(folder: RunFolder, why: str) -> UsageError:
    return UsageError(
        f"the logs of run {folder.run_id} are in use", where=str(folder.logs), why=why, next_step="try again later"
    )


@contextlib.contextmanager
def _locked(folder: RunFolder) -> Iterator[None]:
    """Lock the run for the moment in which its logs change."""
    lock = FileLock(folder.proxy_lock)
    if not lock.acquire(_PATIENCE_S):
        raise _in_use(folder, "a telemetry proxy, a reindex or a deletion holds the run's lock")
    try:
        yield
    finally:
        lock.release()


def _drop(folder: RunFolder, done: Retained) -> None:
    before = _states(folder)
    report = verify_run(folder)
    done.why_not_dropped = _why_not(report)
    if done.why_not_dropped:
        write_json_atomic(folder.kept_logs, {"at": time.time(), "why": done.why_not_dropped})
        return
    logs = {folder.path / log.path: log for log in report.logs}
    # All records before the first removal: the next process verifies again if it finds a log, and is done if not.
    for path in before:
        write_json_atomic(record_path(path), _dropped_record(folder, path, logs[path]))
    with _locked(folder):
        if _states(folder) != before:
            raise _in_use(folder, "a log changed while it was recounted")
        for path in before:
            path.unlink(missing_ok=True)
            compressed_path(path).unlink(missing_ok=True)
            done.dropped.append(path.name)
        sync_folder(folder.logs)


def _why_not(report: VerifyReport) -> str:
    problems = [*report.problems, *(f"{log.path}: {problem}" for log in report.logs for problem in log.problems)]
    if not report.ok:
        more = f" and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        return f"the recount does not agree with the database: {'; '.join(problems[:_SHOWN])}{more}"
    gaps = sum(log.gaps for log in report.logs)
    if gaps:
        return f"printed lines may have been lost ({gaps} times): the logs were renamed or truncated"
    if any(log.sealed_segments for log in report.logs):
        return "a worker renamed, replaced or truncated its log"
    return "" if report.complete else "the database has not read all of them"


def _dropped_record(folder: RunFolder, path: Path, log: LogReport) -> LogRecord:
    digest = hashlib.sha256()
    size = 0
    with open_log(path) as stream:
        while data := stream.read(_CHUNK):
            digest.update(data)
            size += len(data)
    number = next(one.worker_no for one in load_plan(folder).workers if one.worker_id == log.worker_id)
    first = row_id(number, log.attempt, log.base)
    return LogRecord(
        at=time.time(),
        bytes=size,
        sha256=digest.hexdigest(),
        lines=log.recounted.lines,
        ledger=log.recounted,
        rows=count_rows(folder, first, first + size),
    )


def _compress(folder: RunFolder, path: Path) -> None:
    """Replace a log by its compressed form."""
    before = _state(path)
    target = compressed_path(path)
    partial = target.with_name(f".{target.name}.partial")
    try:
        with open_stream(path, buffering=0) as log, os.fdopen(open_regular(partial, _FRESH), "wb") as stream:
            sha256, lines = _pack(log, cast("BinaryIO", stream))
            stream.flush()
            os.fsync(stream.fileno())
        with open_stream(partial) as stream:
            unpacked = cast("BinaryIO", gzip.GzipFile(fileobj=stream, mode="rb"))
            if _sha256(unpacked) != sha256:
                raise OSError(f"{partial} does not unpack to the original log")
        record = LogRecord(
            at=time.time(),
            bytes=before[0],
            sha256=sha256,
            lines=lines,
            compressed_bytes=partial.stat().st_size,
            compressed_sha256=file_sha256(partial),
        )
        with _locked(folder):
            if _state(path) != before:
                raise _in_use(folder, "a log changed while it was compressed")
            write_json_atomic(record_path(path), record)
            partial.replace(target)
            sync_folder(folder.logs)
            path.unlink()
            sync_folder(folder.logs)
    finally:
        partial.unlink(missing_ok=True)


def _pack(log: BinaryIO, stream: BinaryIO) -> tuple[str, int]:
    """Compress a log; return its hash and its number of lines."""
    digest, lines, last = hashlib.sha256(), 0, b"\n"
    with gzip.GzipFile(filename="", fileobj=stream, mode="wb", compresslevel=_LEVEL, mtime=0) as packed:
        while data := log.read(_CHUNK):
            digest.update(data)
            packed.write(data)
            lines += data.count(b"\n")
            last = data
    return digest.hexdigest(), lines + (not last.endswith(b"\n"))


def _sha256(stream: BinaryIO) -> str:
    digest = hashlib.sha256()
    while data := stream.read(_CHUNK):
        digest.update(data)
    return digest.hexdigest()


def _states(folder: RunFolder) -> dict[Path, tuple[int, int, int]]:
    """Return the state of each log that is not empty."""
    return {path: _state(path) for path in logs_of(folder) if log_size(path)}


def _state(path: Path) -> tuple[int, int, int]:
    """Return size, time and inode of a log, which change with each write."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        status = compressed_path(path).lstat()
    return status.st_size, status.st_mtime_ns, status.st_ino
