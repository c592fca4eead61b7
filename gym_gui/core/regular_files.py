"""Opens files of a run safely: no links, no FIFOs, no devices.

Workers and other processes of the user can write to a run's folder. A FIFO would block its reader, a link lead
elsewhere, a device yield endless bytes. Standard library alone (Python 3.8+).
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from typing import BinaryIO, Union

AnyPath = Union[str, "os.PathLike[str]"]

_KINDS = (
    (stat.S_ISLNK, "a symbolic link"),
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
#: Errors of `open` for a link, for writing to a folder, for a socket or a FIFO without a reader.
_KIND_ERRORS = (errno.ELOOP, errno.EISDIR, errno.ENXIO, errno.ENODEV)


class NotRegularFile(OSError):  # noqa: N818 - a state, named as such
    """Something else than a file has a file's name.

    Args:
        path: The name.
        kind: Its kind, e.g. ``a FIFO``.
    """

    def __init__(self, path: AnyPath, kind: str) -> None:
        super().__init__(errno.EINVAL, f"is {kind}, not a file", os.fspath(path))
        self.kind = kind

    def __str__(self) -> str:
        return f"{self.filename} {self.strerror}"


def kind_of(path: AnyPath) -> str:
    """Return the kind of something other than a file (``a FIFO``), else empty text."""
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        return ""
    return next((kind for is_it, kind in _KINDS if is_it(mode)), "")


def check_regular(path: AnyPath) -> None:
    """Make sure that a path is a regular file or missing, for APIs without descriptors.

    Raises:
        NotRegularFile: It is not.
    """
    kind = kind_of(path)
    if kind:
        raise NotRegularFile(path, kind)


def is_file(path: AnyPath) -> bool:
    """Return whether a path is a regular file, and not a link."""
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return False


def open_regular(path: AnyPath, flags: int = os.O_RDONLY, mode: int = 0o600) -> int:
    """Open a file and return its non-inheritable descriptor.

    Args:
        path: The file.
        flags: As of `os.open`.
        mode: Permission bits of a file that is created.

    Raises:
        NotRegularFile: It is something else.
        OSError: It cannot be opened.
    """
    # A folder, a device or a FIFO can be opened for reading, and opening a device may have an effect.
    check_regular(path)
    try:
        descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC, mode)
    except OSError as error:
        if error.errno in _KIND_ERRORS and kind_of(path):
            raise NotRegularFile(path, kind_of(path)) from None
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotRegularFile(path, kind_of(path) or "something else")
    return descriptor


def open_stream(path: AnyPath, *, buffering: int = -1) -> BinaryIO:
    """Open a file for reading bytes (errors as of :func:`open_regular`)."""
    return os.fdopen(open_regular(path), "rb", buffering)


def read_regular(path: AnyPath, limit: int = 1 << 30) -> bytes:
    """Return the content of a file.

    Args:
        path: The file.
        limit: A larger file is not read, bytes.

    Raises:
        NotRegularFile: It is something else.
        OSError: It cannot be read, or is larger.
    """
    with open_stream(path) as stream:
        data = stream.read(limit + 1)
    if len(data) > limit:
        raise OSError(errno.EFBIG, f"is larger than {limit} bytes", os.fspath(path))
    return data


def append_or_discard(path: AnyPath) -> int:
    """Return a descriptor to append to a log, or to ``/dev/null`` if that is not a file.

    Raises:
        OSError: The log cannot be opened.
    """
    try:
        return open_regular(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    except NotRegularFile:
        return os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)


def append(path: AnyPath, data: bytes) -> None:
    """Append to a file, made where it is missing.

    Raises:
        OSError: It cannot be written, or is something else than a file.
    """
    descriptor = open_regular(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
    finally:
        os.close(descriptor)


def append_whole(path: AnyPath, data: bytes) -> None:
    """Append to a file to which no other process writes, made where it is missing: all of it or nothing.

    Raises:
        OSError: It cannot be written, or is something else than a file.
    """
    try:
        size = os.stat(path).st_size  # noqa: PTH116 - a path of any kind
    except FileNotFoundError:
        size = 0
    try:
        append(path, data)
    except NotRegularFile:
        raise
    except OSError:
        with contextlib.suppress(OSError):
            os.truncate(path, size)
        raise
