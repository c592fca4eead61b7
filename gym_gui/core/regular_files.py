"""Opens files of a run without following links and without waiting: what lies in a file's place may be anything.

Workers write into their run's folder, and so may anybody with the user's rights. A FIFO would block whoever opens it, a
link lead elsewhere, a device give bytes without end. Standard library alone (Python 3.8+).
"""

from __future__ import annotations

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
#: What `open` says of a link, of a folder that is opened for writing, of a socket or a FIFO without a reader.
_SAID = (errno.ELOOP, errno.EISDIR, errno.ENXIO, errno.ENODEV)


class NotRegularFile(OSError):  # noqa: N818 - a state, named as such
    """Something that is no file has a file's name.

    Args:
        path: The name.
        kind: What it is, e.g. ``a FIFO``.
    """

    def __init__(self, path: AnyPath, kind: str) -> None:
        super().__init__(errno.EINVAL, f"is {kind}, not a file", os.fspath(path))
        self.kind = kind

    def __str__(self) -> str:
        return f"{self.filename} {self.strerror}"


def kind_of(path: AnyPath) -> str:
    """Return what has a name if it is no regular file; empty for a regular file, and where there is nothing."""
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        return ""
    return next((kind for is_it, kind in _KINDS if is_it(mode)), "")


def check_regular(path: AnyPath) -> None:
    """Make sure that a name, if there is something, is a regular file's: for those that cannot be handed a descriptor.

    Raises:
        NotRegularFile: It is not.
    """
    kind = kind_of(path)
    if kind:
        raise NotRegularFile(path, kind)


def is_file(path: AnyPath) -> bool:
    """Return whether a regular file has a name. Links do not count."""
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return False


def open_regular(path: AnyPath, flags: int = os.O_RDONLY, mode: int = 0o600) -> int:
    """Open a file and return its descriptor, which no child inherits.

    Args:
        path: The file.
        flags: As of `os.open`.
        mode: Permission bits of a file that is created.

    Raises:
        NotRegularFile: Something else lies there.
        OSError: It cannot be opened.
    """
    # A folder, a device or a FIFO opens well for reading, and a device may do something when it is opened.
    check_regular(path)
    try:
        descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC, mode)
    except OSError as error:
        if error.errno in _SAID and kind_of(path):
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
    """Return what a file holds.

    Args:
        path: The file.
        limit: A larger file is not read, bytes.

    Raises:
        NotRegularFile: Something else lies there.
        OSError: It cannot be read, or is larger.
    """
    with open_stream(path) as stream:
        data = stream.read(limit + 1)
    if len(data) > limit:
        raise OSError(errno.EFBIG, f"is larger than {limit} bytes", os.fspath(path))
    return data


def append_or_discard(path: AnyPath) -> int:
    """Return a descriptor that appends to a log of diagnostics; one that takes everything and keeps nothing where the
    log is no file.

    Raises:
        OSError: The log cannot be opened.
    """
    try:
        return open_regular(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    except NotRegularFile:
        return os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
