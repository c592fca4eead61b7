"""Folders that this user alone writes to: programs in them are run, and workers begin with files in them."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

from gym_gui.fleet.agent.file_lock import WINDOWS


class NotPrivateError(ValueError):
    """Another user could put files into a folder; the text says what to do."""


def make_private_folder(path: Path) -> None:
    """Make a folder that this user alone writes to, or accept one that is there.

    Args:
        path: Absolute.

    Raises:
        NotPrivateError: Another user could put files into it.
        OSError: It cannot be made.
    """
    if not path.parent.exists():
        make_private_folder(path.parent)
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode=0o700)
    check_private_folder(path)


def check_private_folder(path: Path) -> None:
    """Refuse a folder into which another user could put files. On Windows none is refused.

    Args:
        path: Absolute.

    Raises:
        NotPrivateError: Another user could.
        OSError: It is not there.
    """
    status = os.lstat(str(path))
    if WINDOWS:
        return
    if stat.S_ISLNK(status.st_mode):  # its owner can let it lead elsewhere at any moment
        why, fix = f"{path} is a symbolic link", "remove it"
    elif not stat.S_ISDIR(status.st_mode):
        why, fix = f"{path} is not a folder", "remove it"
    elif status.st_uid != os.getuid():
        why, fix = f"{path} belongs to another user (uid {status.st_uid})", "remove it"
    elif status.st_mode & 0o022:
        why, fix = f"other users may write to {path}", f"if you trust what is in it, run `chmod go-w {path}`"
    else:
        return
    raise NotPrivateError(f"{why}: {fix}, or name a folder of this user's own in MOSAIC_ENVIRONMENTS")
