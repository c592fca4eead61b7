"""Locks on open files, by which at most one process has a folder or an attempt."""

from __future__ import annotations

import importlib
import os
from typing import Any

#: Whether this is Windows.
WINDOWS = os.name == "nt"


def try_lock(descriptor: int, windows: bool = WINDOWS) -> bool:
    """Take the lock of an open file, until it is closed; return whether no other process has it.

    Args:
        descriptor: Of the file, open for writing.
        windows: Lock as Windows does.
    """
    # By name: neither module is there on both systems.
    module: Any = importlib.import_module("msvcrt" if windows else "fcntl")
    try:
        if windows:
            os.lseek(descriptor, 0, os.SEEK_SET)
            module.locking(descriptor, module.LK_NBLCK, 1)
        else:
            module.flock(descriptor, module.LOCK_EX | module.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True
