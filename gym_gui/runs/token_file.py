"""Private files of one line, such as tokens: drawn once, synced, and refused where others could have read them."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import NamedTuple

from gym_gui.core.regular_files import is_file, kind_of, open_stream
from gym_gui.runs.files import move_folder_away, sync_folder

#: No token is longer, bytes.
_LIMIT = 4096


class TokenContent(NamedTuple):
    """What a file of a token has."""

    text: str
    """The token; empty if the file is damaged."""
    owner: int
    """User id of the file's owner."""


def read_token(path: Path) -> TokenContent:
    """Return the content of a token's file.

    Raises:
        OSError: It cannot be read.
    """
    with open_stream(path) as stream:
        owner = os.fstat(stream.fileno()).st_uid
        try:
            return TokenContent(stream.read(_LIMIT).decode("ascii").strip(), owner)
        except UnicodeDecodeError:
            return TokenContent("", owner)


def is_exposed(path: Path) -> bool:
    """Return whether other users can read or change a file, or it is not the caller's.

    Raises:
        OSError: There is no such file.
    """
    status = path.stat()
    return bool(status.st_mode & 0o077) or status.st_uid != os.geteuid()


def write_once(path: Path, text: str) -> None:
    """Write a small private file unless it exists; of several writers the first wins and all see its text.

    Raises:
        OSError: It cannot be written.
    """
    if is_file(path):
        return
    clear_place(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(text + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(temporary)
    finally:
        temporary.unlink()
    sync_folder(path.parent)


def clear_place(path: Path) -> None:
    """Remove what has a file's name and is none, a FIFO or a link for one; a folder gets another name.

    Raises:
        OSError: It cannot be removed.
    """
    move_folder_away(path)
    if kind_of(path):
        path.unlink(missing_ok=True)
