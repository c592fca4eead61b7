"""The private folder of a run's Ray instance: short of path, swept up when its owner is gone."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
import stat
import tempfile
from pathlib import Path
from types import TracebackType

PREFIX = "mosaic-ray-"
_OWNER = "owner"
#: Ray's sockets lie this many characters below its folder; a Unix socket's path may have 107.
_BELOW = len("/session_2026-01-01_00-00-00_000000_4194304/sockets/plasma_store")
_SOCKET_PATH = 107
_NAME = len(PREFIX) + 8


class NoRoomError(OSError):
    """There is no folder whose path is short enough for Ray's sockets."""


def short_base() -> Path:
    """Return a folder for temporary files whose path leaves room for Ray's sockets.

    Raises:
        NoRoomError: There is none.
    """
    candidates = [tempfile.gettempdir(), "/tmp", os.environ.get("XDG_RUNTIME_DIR", ""), "/dev/shm"]  # noqa: S108
    for candidate in filter(None, candidates):
        if len(candidate) + 1 + _NAME + _BELOW <= _SOCKET_PATH and os.access(candidate, os.W_OK):
            return Path(candidate)
    room = _SOCKET_PATH - _BELOW - _NAME - 1
    raise NoRoomError(
        f"none of {', '.join(filter(None, candidates))} can be written and has a path of {room} characters"
    )


class Scratch:
    """A folder for one Ray instance, held by this process until it closes it or ends.

    Args:
        base: Where it is made; default: a folder whose path is short enough.
    """

    def __init__(self, base: Path | None = None) -> None:
        base = base or short_base()
        sweep(base)
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))
        self._owner = os.open(self.path / _OWNER, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._owner, fcntl.LOCK_EX)
        self.token = self.path / "token"
        self.token.touch(mode=0o600)
        self.token.write_text(secrets.token_hex(32), encoding="ascii")

    def __enter__(self) -> Scratch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Remove the folder."""
        remove(self.path)
        with contextlib.suppress(OSError):
            os.close(self._owner)


def sweep(base: Path) -> None:
    """Remove the folders of owners that were killed."""
    for folder in base.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            status = folder.lstat()
            if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
                continue  # another user's, or a link of theirs that leads to files of ours
            owner = os.open(folder / _OWNER, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
            try:
                fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)  # raises while its owner lives
                remove(folder)
            finally:
                os.close(owner)


def remove(folder: Path) -> None:
    """Remove an instance's folder, unless a process that is about to end still writes there.

    What says whose it was goes last, so that the next sweep finds what was left.

    Args:
        folder: The folder; without it nothing happens.
    """
    with contextlib.suppress(OSError):
        for entry in [path for path in folder.iterdir() if path.name != _OWNER]:
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                entry.unlink(missing_ok=True)
        if {path.name for path in folder.iterdir()} <= {_OWNER}:
            shutil.rmtree(folder, ignore_errors=True)


def object_store_folder(scratch: Path, megabytes: int, shared: Path = Path("/dev/shm")) -> tuple[Path, str]:  # noqa: S108
    """Choose where the objects that Ray's processes share lie.

    Args:
        scratch: The instance's folder.
        megabytes: How much they may take.
        shared: The machine's shared memory.

    Returns:
        The folder, and a sentence where it is not the shared memory.
    """
    try:
        free = shutil.disk_usage(shared).free >> 20
    except OSError:
        return scratch, f"{shared} is missing: objects are shared through files in {scratch}, which is slower"
    if free >= megabytes * 1.1:
        return shared, ""
    return scratch, (
        f"{shared} has {free} MB free, less than object_store_mb={megabytes} needs: objects are shared through files "
        f"in {scratch}, which is slower; give it more (docker run --shm-size) or set object_store_mb lower"
    )


__all__ = ["PREFIX", "NoRoomError", "Scratch", "object_store_folder", "remove", "short_base", "sweep"]
