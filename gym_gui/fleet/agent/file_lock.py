"""Locks on open files, by which at most one process has a folder or an attempt."""

from __future__ import annotations

import contextlib
import importlib
import os
import subprocess
from pathlib import Path
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


def is_held(path: Path, windows: bool = WINDOWS) -> bool:
    """Return whether a process has the file open with its lock, or has inherited it so.

    Args:
        path: The file.
        windows: A file that a process has open cannot be renamed there; locks are not inherited.
    """
    if windows:
        try:
            os.rename(str(path), str(path))  # noqa: PTH104 - Python 3.8
        except FileNotFoundError:
            return False
        except OSError:
            return True
        return False
    try:
        descriptor = os.open(str(path), os.O_RDWR)
    except OSError:
        return False
    try:
        return not try_lock(descriptor, windows)
    finally:
        os.close(descriptor)


def inherited(descriptor: int, windows: bool = WINDOWS) -> dict[str, Any]:
    """Return the options of :class:`subprocess.Popen` with which a program has an open file until it ends.

    Args:
        descriptor: Of the file.
        windows: As Windows does.
    """
    if not windows:
        return {"pass_fds": (descriptor,)}
    handle = importlib.import_module("msvcrt").get_osfhandle(descriptor)
    os.set_handle_inheritable(handle, True)  # type: ignore[attr-defined,unused-ignore]  # Windows alone has it
    startup = subprocess.STARTUPINFO(lpAttributeList={"handle_list": [handle]})  # type: ignore[attr-defined,unused-ignore]
    return {"startupinfo": startup, "close_fds": False}


def holding_group(path: Path) -> int:
    """Return the process group of a process that has a file open.

    Args:
        path: The file.

    Returns:
        0 where none is found, as on systems without ``/proc``.
    """
    found = 0
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended, or is another user's
            if any(each.is_symlink() and each.samefile(path) for each in (process / "fd").iterdir()):
                group = os.getpgid(int(process.name))
                if group != os.getpgrp():
                    found = group
    return found
