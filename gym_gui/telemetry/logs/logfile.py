"""Forms of a log file: as written, compressed, or dropped with a record.

A log is named by the path that its worker wrote to. Once its run has ended that file may have been compressed
(``….gz``), or dropped; a record beside it then has its size, its hash and its ledger.
"""

from __future__ import annotations

import errno
import gzip
import hashlib
import io
import os
import stat
import zlib
from pathlib import Path
from typing import BinaryIO, cast

import msgspec

from gym_gui.core.regular_files import is_file, open_regular, open_stream, read_regular
from gym_gui.runs import READ_ERRORS, Ledger, RunFolder
from gym_gui.telemetry.errors import DiskFull

#: Errors of reading a damaged compressed file.
DAMAGED = (gzip.BadGzipFile, EOFError, zlib.error)
_BUFFER = 1 << 20
_COMPRESSED, _RECORD = ".gz", ".record.json"


class _Unpacked(gzip.GzipFile):
    """A compressed log; closes the file that it reads."""

    def __init__(self, packed: BinaryIO) -> None:
        super().__init__(fileobj=packed, mode="rb")
        self._packed = packed

    def close(self) -> None:
        super().close()
        self._packed.close()


class LogRecord(msgspec.Struct, kw_only=True, frozen=True):
    """Record of a log that was compressed or dropped."""

    at: float
    """When, Unix time."""
    bytes: int
    """Of the log as it was written."""
    sha256: str
    """Of the log as it was written, hexadecimal."""
    lines: int
    compressed_bytes: int | None = None
    """Null: it was dropped."""
    compressed_sha256: str | None = None
    ledger: Ledger | None = None
    """Of a dropped log: its ledger, recounted before."""
    rows: dict[str, int] = {}
    """Of a dropped log: its rows in the database, by table."""

    @property
    def dropped(self) -> bool:
        """Whether only this record and the rows are left of it."""
        return self.compressed_bytes is None


def compressed_path(path: Path) -> Path:
    """Return the path of a log once it is compressed."""
    return path.with_name(path.name + _COMPRESSED)


def record_path(path: Path) -> Path:
    """Return the path of a log's record."""
    return path.with_name(path.name + _RECORD)


def read_record(path: Path) -> LogRecord | None:
    """Return the record of a log, ``None`` without a readable one."""
    try:
        return msgspec.json.decode(read_regular(record_path(path)), type=LogRecord)
    except READ_ERRORS:
        return None


def is_there(path: Path) -> bool:
    """Return whether a log can be read, plain or compressed."""
    return is_file(path) or is_file(compressed_path(path))


def is_there_by_name(path: Path) -> bool:
    """Return whether anything has a log's name."""
    return os.path.lexists(path)


def is_compressed(path: Path) -> bool:
    """Return whether only the compressed form of a log exists."""
    return not is_there_by_name(path) and is_file(compressed_path(path))


def dropped_record(path: Path) -> LogRecord | None:
    """Return the record of a dropped log, ``None`` for any other."""
    record = None if is_there(path) else read_record(path)
    return record if record is not None and record.dropped else None


def logs_of(folder: RunFolder) -> list[Path]:
    """Return the readable logs of the workers, by the paths written to, sorted."""
    if not folder.logs.is_dir():
        return []
    files = {path for ending in ("", _COMPRESSED) for path in folder.logs.glob(f"*.stdout.jsonl{ending}")}
    return sorted({path.with_name(path.name.removesuffix(_COMPRESSED)) for path in files})


def dropped_logs(folder: RunFolder) -> dict[Path, LogRecord]:
    """Return the workers' logs that were dropped, by name."""
    paths = sorted(folder.logs.glob(f"*.stdout.jsonl{_RECORD}")) if folder.logs.is_dir() else []
    named = [path.with_name(path.name.removesuffix(_RECORD)) for path in paths]
    return {path: record for path in named if (record := dropped_record(path)) is not None}


def open_log(path: Path) -> BinaryIO:
    """Open a log, compressed or not, for reading from its beginning.

    Args:
        path: The log, as its worker wrote to it.

    Raises:
        OSError: There is none, or it cannot be read.
    """
    try:
        return open_stream(path, buffering=_BUFFER)
    except FileNotFoundError:  # the compressed form exists before the plain one is removed
        packed = _Unpacked(open_stream(compressed_path(path)))
        return io.BufferedReader(cast("io.RawIOBase", packed), _BUFFER)


def log_size(path: Path) -> int:
    """Return the uncompressed size of a log, 0 without one.

    Raises:
        OSError: It is compressed, there is no record of it, and it cannot be read.
    """
    try:
        status = path.lstat()
        return status.st_size if stat.S_ISREG(status.st_mode) else 0
    except FileNotFoundError:
        if not is_file(compressed_path(path)):
            return 0
    record = read_record(path)
    if record is not None:
        return record.bytes
    with open_log(path) as stream:
        return sum(len(data) for data in iter(lambda: stream.read(_BUFFER), b""))


def open_descriptor(path: Path) -> int:
    """Open a log for random access; a compressed one is unpacked to a temporary file.

    Raises:
        FileNotFoundError: There is none.
        DiskFull: No space to unpack it.
        OSError: It cannot be read.
    """
    try:
        return open_regular(path)
    except FileNotFoundError:
        packed = open_log(path)
    # Imported here: every proxy opens logs at its start, but hardly one unpacks any.
    import shutil
    import tempfile

    with packed, tempfile.TemporaryFile(dir=path.parent) as unpacked:
        try:
            shutil.copyfileobj(packed, unpacked, _BUFFER)
            unpacked.flush()
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            raise DiskFull(
                "the disk is full: a compressed log cannot be unpacked",
                where=str(compressed_path(path)),
                why=str(error),
                next_step="free some space and try again; nothing was changed",
            ) from error
        return os.dup(unpacked.fileno())


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, hexadecimal.

    Raises:
        OSError: It cannot be read.
    """
    digest = hashlib.sha256()
    with open_stream(path, buffering=0) as stream:
        while data := stream.read(_BUFFER):
            digest.update(data)
    return digest.hexdigest()
