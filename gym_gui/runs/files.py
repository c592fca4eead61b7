"""Small files that are whole or absent: written to a neighbour, synced, renamed."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from pathlib import Path
from typing import Any

import msgspec

from gym_gui.core.regular_files import open_regular, read_regular

#: What is raised where a file of JSON cannot be read, holds something else, or is nested beyond all measure.
UNREADABLE = (OSError, ValueError, RecursionError)


def write_json_atomic(path: Path, value: Any, *, mode: int = 0o600, sync: bool = True) -> None:
    """Write a value as JSON so that a reader sees all of it or the file before it.

    Args:
        path: Where to; its folder must exist.
        value: A msgspec Struct, or anything of dicts, lists, strings and numbers.
        mode: Permission bits of the new file.
        sync: Whether it must survive a power cut; what only tells living processes of each other need not.

    Raises:
        OSError: The disk refused; the old file is untouched.
    """
    text = json.dumps(msgspec.to_builtins(value), indent=1, ensure_ascii=False)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.tmp")
    try:
        descriptor = open_regular(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
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


def move_folder_aside(path: Path) -> None:
    """Rename what lies in a file's place if it is a folder, which no file can replace.

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
    """Return what a JSON file holds, or ``None`` if there is no such file.

    Raises:
        ValueError: The file exists and is not JSON.
        RecursionError: It is nested too deeply.
    """
    try:
        data = read_regular(path)
    except FileNotFoundError:
        return None
    return json.loads(data)
