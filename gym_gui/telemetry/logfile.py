"""In which form a log is there, and where its bytes are read from.

A log is named by the path that its worker wrote to. Once its run has ended that file may have been compressed
(``….gz``), or dropped; a record beside it then tells what it was: its size, its hash, where its lines went.
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
from gym_gui.runs.files import UNREADABLE
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.summary import Ledger
from gym_gui.telemetry.errors import DiskFull

#: What reading a damaged compressed file raises.
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
    """What stands beside a log that is no longer there as it was written."""

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
    """Of a dropped log: where its lines went, recounted from it."""
    rows: dict[str, int] = {}
    """Of a dropped log: its rows in the database, by table."""

    @property
    def dropped(self) -> bool:
        """Whether nothing of it was kept but this record and its rows."""
        return self.compressed_bytes is None


def compressed_path(path: Path) -> Path:
    """Return where a log stands once it is compressed."""
    return path.with_name(path.name + _COMPRESSED)


def record_path(path: Path) -> Path:
    """Return where the record of a log stands."""
    return path.with_name(path.name + _RECORD)


def read_record(path: Path) -> LogRecord | None:
    """Return the record of a log, ``None`` where there is none that can be read."""
    try:
        return msgspec.json.decode(read_regular(record_path(path)), type=LogRecord)
    except UNREADABLE:
        return None


def is_there(path: Path) -> bool:
    """Return whether a log can be read, in whatever form."""
    return is_file(path) or is_file(compressed_path(path))


def is_there_by_name(path: Path) -> bool:
    """Return whether something, of whatever kind, has a log's name."""
    return os.path.lexists(path)


def is_compressed(path: Path) -> bool:
    """Return whether a log is there compressed only."""
    return not is_there_by_name(path) and is_file(compressed_path(path))


def dropped_record(path: Path) -> LogRecord | None:
    """Return the record of a log that was dropped, ``None`` for any other."""
    record = None if is_there(path) else read_record(path)
    return record if record is not None and record.dropped else None


def logs_of(folder: RunFolder) -> list[Path]:
    """Return the workers' logs that can be read, in whatever form, by name: each as its worker wrote to it."""
    if not folder.logs.is_dir():
        return []
    found = {path for ending in ("", _COMPRESSED) for path in folder.logs.glob(f"*.stdout.jsonl{ending}")}
    return sorted({path.with_name(path.name.removesuffix(_COMPRESSED)) for path in found})


def dropped_logs(folder: RunFolder) -> dict[Path, LogRecord]:
    """Return the workers' logs that were dropped, by name."""
    paths = sorted(folder.logs.glob(f"*.stdout.jsonl{_RECORD}")) if folder.logs.is_dir() else []
    named = [path.with_name(path.name.removesuffix(_RECORD)) for path in paths]
    return {path: record for path in named if (record := dropped_record(path)) is not None}


def open_log(path: Path) -> BinaryIO:
    """Open a log for reading from its first byte, as its worker wrote it.

    Args:
        path: The log, as its worker wrote to it.

    Raises:
        OSError: There is none, or it cannot be read.
    """
    try:
        return open_stream(path, buffering=_BUFFER)
    except FileNotFoundError:  # a log is there compressed before it goes
        packed = _Unpacked(open_stream(compressed_path(path)))
        return io.BufferedReader(cast("io.RawIOBase", packed), _BUFFER)


def log_size(path: Path) -> int:
    """Return how many bytes a log had as its worker wrote it, 0 where there is none.

    Raises:
        OSError: It is compressed, there is no record of it, and it cannot be read.
    """
    try:
        found = path.lstat()
        return found.st_size if stat.S_ISREG(found.st_mode) else 0
    except FileNotFoundError:
        if not is_file(compressed_path(path)):
            return 0
    record = read_record(path)
    if record is not None:
        return record.bytes
    with open_log(path) as stream:
        return sum(len(data) for data in iter(lambda: stream.read(_BUFFER), b""))


def open_descriptor(path: Path) -> int:
    """Open a log for reading at any place; a compressed one is unpacked into a file without a name.

    Raises:
        FileNotFoundError: There is none.
        DiskFull: No room to unpack it.
        OSError: It cannot be read.
    """
    try:
        return open_regular(path)
    except FileNotFoundError:
        packed = open_log(path)
    # Every proxy comes by here at its start, and hardly ever further than this.
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
                next_step="free some room; nothing was changed",
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
