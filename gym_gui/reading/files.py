"""Files of a run's folder: lists, and bytes by range. No path ever leads out of the folder."""

from __future__ import annotations

import contextlib
import mimetypes
import os
import stat
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

import msgspec

from gym_gui.core.worker.errors import UsageError
from gym_gui.runs import RunFolder

#: Entries of one listing at most.
MAX_ENTRIES = 10_000
#: Bytes of one read at most.
MAX_BYTES = 1 << 20
#: Folders within each other that a listing descends into.
_DEEPEST = 64
#: Names in a run's folder that are internal: secrets, locks, launch specifications.
_PRIVATE = ("control",)
_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


class FileEntry(msgspec.Struct, kw_only=True):
    """A file or folder of a run."""

    path: str
    """Below the run's folder, with ``/``."""
    kind: str
    """``file``, ``folder``, or ``other``: a link, a FIFO and the like, which cannot be read."""
    bytes: int = 0
    """Of a file."""
    modified_at: float = 0.0
    """Unix time, seconds."""
    media_type: str = ""
    """By the name's ending, such as ``video/mp4``; empty if unknown."""


class FileListing(msgspec.Struct, kw_only=True):
    """Entries of a run's folder, sorted by path."""

    entries: list[FileEntry]
    truncated: bool = False
    """There are more."""


def list_files(folder: RunFolder, path: str = "", *, recursive: bool = False) -> FileListing:
    """Return the entries of a folder of a run.

    Args:
        folder: The run's folder.
        path: The folder below it; empty: the run's folder itself.
        recursive: Also entries of folders in it.

    Raises:
        UsageError: There is no such folder, or it cannot be read.
    """
    with _opened(folder, path) as descriptor:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise _refused(folder, path, "it is not a folder")
        entries: list[FileEntry] = []
        whole = _collect(descriptor, PurePosixPath(path), entries, recursive=recursive)
    entries.sort(key=lambda entry: entry.path)
    return FileListing(entries=entries, truncated=not whole)


def read_file(folder: RunFolder, path: str, *, offset: int = 0, length: int = MAX_BYTES) -> tuple[bytes, int]:
    """Return bytes of a file of a run, and the file's present size.

    Args:
        folder: The run's folder.
        path: The file below it.
        offset: The first byte.
        length: Number of bytes; at most `MAX_BYTES` are returned.

    Raises:
        UsageError: There is no such file, or it cannot be read.
    """
    with _opened(folder, path) as descriptor:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise _refused(folder, path, "it is not a file")
        if offset < 0 or length < 0:
            raise UsageError("a range of bytes begins before the file", where=path, next_step="begin at 0 or later")
        try:
            return os.pread(descriptor, min(length, MAX_BYTES), offset), status.st_size
        except OSError as error:
            raise _refused(folder, path, error.strerror or str(error)) from None


def media_type(path: str) -> str:
    """Return the media type of a file by the ending of its name; empty if unknown."""
    name = path.lower()
    if name.endswith((".jsonl", ".log", ".yaml", ".yml", ".toml")):
        return "text/plain"
    return mimetypes.guess_type(name)[0] or ""


@contextlib.contextmanager
def _opened(folder: RunFolder, path: str) -> Iterator[int]:
    """Open a file or folder below a run's folder, component by component: a link is never followed.

    Raises:
        UsageError: It does not exist, or is not to be read.
    """
    parts = PurePosixPath(path).parts
    if path.startswith("/") or "\0" in path or ".." in parts or "\\" in path:
        raise _refused(folder, path, "the path leads out of the run's folder")
    if parts and (parts[0] in _PRIVATE or any(part.startswith(".") for part in parts)):
        raise _refused(folder, path, "it is internal to the run")
    descriptor = -1
    try:
        descriptor = os.open(folder.path, _FLAGS | os.O_DIRECTORY)
        for part in parts:
            former, descriptor = descriptor, -1
            try:
                descriptor = os.open(part, _FLAGS, dir_fd=former)
            finally:
                os.close(former)
        yield descriptor
    except FileNotFoundError:
        raise _refused(folder, path, "it does not exist") from None
    except OSError as error:
        raise _refused(folder, path, error.strerror or str(error)) from None
    finally:
        if descriptor >= 0:
            os.close(descriptor)


def _collect(descriptor: int, path: PurePosixPath, entries: list[FileEntry], *, recursive: bool) -> bool:
    """Add the entries of an open folder; return whether all of them were added."""
    with os.scandir(descriptor) as found:
        for item in found:
            if item.name.startswith(".") or (not path.parts and item.name in _PRIVATE):
                continue
            if len(entries) >= MAX_ENTRIES:
                return False
            with contextlib.suppress(OSError):  # it has gone meanwhile
                status = item.stat(follow_symlinks=False)
                place = path / item.name
                entries.append(_entry(place.as_posix(), status))
                descends = recursive and stat.S_ISDIR(status.st_mode) and len(place.parts) < _DEEPEST
                if descends and not _descend(descriptor, item.name, place, entries):
                    return False
    return True


def _descend(parent: int, name: str, path: PurePosixPath, entries: list[FileEntry]) -> bool:
    descriptor = os.open(name, _FLAGS | os.O_DIRECTORY, dir_fd=parent)
    try:
        return _collect(descriptor, path, entries, recursive=True)
    finally:
        os.close(descriptor)


def _entry(path: str, status: os.stat_result) -> FileEntry:
    mode: Any = status.st_mode
    if stat.S_ISREG(mode):
        return FileEntry(
            path=path, kind="file", bytes=status.st_size, modified_at=status.st_mtime, media_type=media_type(path)
        )
    return FileEntry(path=path, kind="folder" if stat.S_ISDIR(mode) else "other", modified_at=status.st_mtime)


def _refused(folder: RunFolder, path: str, why: str) -> UsageError:
    what = f"{path!r} of" if path else "the files of"
    return UsageError(
        f"{what} run {folder.run_id} cannot be read",
        where=folder.run_id,
        why=why,
        next_step=f"list its files: mosaic runs artifacts {folder.run_id}",
    )
