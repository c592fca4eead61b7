"""Atomic files, of JSON most of them: written to a temporary file, synced, renamed."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from pathlib import Path
from typing import Any

import msgspec

from gym_gui.core.regular_files import open_regular, read_regular

#: Errors of reading a JSON file that is unreadable, not JSON, or nested too deeply.
READ_ERRORS = (OSError, ValueError, RecursionError)


def write_json_atomic(path: Path, value: Any, *, mode: int = 0o600, sync: bool = True) -> None:
    """Write a value as JSON; readers see the new file or the old one.

    Args:
        path: The file; its folder must exist.
        value: A msgspec Struct, or dicts, lists, strings and numbers.
        mode: Permission bits of the new file.
        sync: Whether it must survive a power cut, unlike data about living processes.

    Raises:
        OSError: It cannot be written; the old file is untouched.
    """
    text = json.dumps(msgspec.to_builtins(value), indent=1, ensure_ascii=False)
    write_atomic(path, text.encode("utf-8"), mode=mode, sync=sync)


def write_atomic(path: Path, data: bytes, *, mode: int = 0o600, sync: bool = True) -> None:
    """Write bytes; readers see the new file or the old one.

    Args:
        path: The file; its folder must exist.
        data: Its content.
        mode: Permission bits of the new file.
        sync: Whether it must survive a power cut, unlike data about living processes.

    Raises:
        OSError: It cannot be written; the old file is untouched.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.tmp")
    try:
        descriptor = open_regular(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            if sync:
                os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    if sync:
        sync_folder(path.parent)


def move_folder_away(path: Path) -> None:
    """Rename a folder in a file's place, which the file could not replace.

    Raises:
        OSError: It cannot be renamed.
    """
    if path.is_dir() and not path.is_symlink():
        path.rename(path.with_name(f"{path.name}.{os.urandom(4).hex()}.aside"))


def sync_folder(folder: Path) -> None:
    """Make renames and new names in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_json(path: Path) -> Any | None:
    """Return the value of a JSON file, ``None`` if there is no such file.

    Raises:
        ValueError: The file exists and is not JSON.
        RecursionError: It is nested too deeply.
    """
    try:
        data = read_regular(path)
    except FileNotFoundError:
        return None
    return json.loads(data)
