"""The daemon's Unix socket, in a folder that only its owner can write to.

A TCP port belongs to the first process that binds it, so that a former address proves nothing about what answers there.
A socket file can only be made by a user who may write to its folder: what answers there is this user's own daemon. The
folder is checked through an open descriptor and the socket is reached through that descriptor, so that nothing which is
renamed or replaced afterwards, the folders above included, leads anywhere else.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import socket
import stat
import tempfile
from collections.abc import Callable, Collection
from pathlib import Path

from gym_gui.core.worker.errors import UsageError

SOCKET_NAME = "daemon.sock"
#: Prefix of a folder for the socket of a home that cannot hold one.
FOLDER_PREFIX = "mosaic-daemon-"
_LONGEST_SOCKET = 103
"""Bytes of a path that every system takes (Linux: 107)."""


class UnsafeFolderError(UsageError):
    """Other users could put a socket of theirs there."""


class PrivateFolder:
    """An open folder that other users cannot write to.

    Args:
        path: The folder.
        owners: User ids that may own it.

    Raises:
        UnsafeFolderError: It is another user's, or others may write to it.
        OSError: It cannot be opened.
    """

    def __init__(self, path: Path, owners: Collection[int]) -> None:
        self.path = path
        self._owners = owners
        self._descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self._check(os.fstat(self._descriptor))
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> PrivateFolder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the descriptor; channels to a socket in the folder must be closed before."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def reach(self, name: str) -> str:
        """Return a path of a file in this very folder, short enough for a socket.

        Raises:
            UsageError: Its path is too long, on a system without ``/proc``.
        """
        pinned = f"/proc/self/fd/{self._descriptor}"
        with contextlib.suppress(OSError):
            if os.path.samestat(os.stat(pinned), os.fstat(self._descriptor)):  # noqa: PTH116 - no Path: hot
                return f"{pinned}/{name}"
        path = str(self.path / name)
        if len(os.fsencode(path)) > _LONGEST_SOCKET:
            raise UsageError(
                f"the path of the daemon's socket is longer than {_LONGEST_SOCKET} bytes",
                where=path,
                next_step="use a home with a shorter path: --home DIR, or MOSAIC_HOME",
            )
        return path

    def socket(self, name: str) -> str:
        """Return the gRPC address of a socket in this very folder.

        Raises:
            UnsafeFolderError: What stands there is no socket, or another user's.
            FileNotFoundError: There is none.
            UsageError: Its path is too long.
        """
        status = os.stat(name, dir_fd=self._descriptor, follow_symlinks=False)
        if not stat.S_ISSOCK(status.st_mode):
            raise self._unsafe("it is not a socket (a link is none)", name)
        if status.st_uid not in self._owners:
            raise self._unsafe(f"it belongs to another user (uid {status.st_uid})", name)
        return f"unix:{self.reach(name)}"

    def listen(self, name: str, bind: Callable[[str], object]) -> None:
        """Make a socket for its owner alone, in place of one that stands there.

        It gets its name only once it is bound, so that a predecessor that cleans up late removes its own.

        Args:
            name: Name of the socket.
            bind: Binds a gRPC address.

        Raises:
            OSError: The file system has no sockets.
            RuntimeError: gRPC could not bind.
            UsageError: Its path is too long.
        """
        fresh = f".{name}.{os.getpid()}.{os.urandom(4).hex()}"
        with socket.socket(socket.AF_UNIX) as trial:
            trial.bind(self.reach(fresh))
        self.remove(fresh)
        bind(f"unix:{self.reach(fresh)}")
        os.chmod(fresh, 0o600, dir_fd=self._descriptor)
        os.rename(fresh, name, src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor)

    def remove(self, name: str) -> None:
        """Remove a file of the folder, if it is there."""
        with contextlib.suppress(OSError):
            os.unlink(name, dir_fd=self._descriptor)

    def _check(self, status: os.stat_result) -> None:
        if status.st_uid not in self._owners:
            raise self._unsafe(f"its folder belongs to another user (uid {status.st_uid})")
        if status.st_mode & 0o022:
            raise self._unsafe(f"other users can write to its folder (mode {stat.S_IMODE(status.st_mode):04o})")

    def _unsafe(self, why: str, name: str = "") -> UnsafeFolderError:
        folder = shlex.quote(str(self.path))
        return UnsafeFolderError(
            "the daemon's socket is not this user's alone, so nothing was sent there",
            where=str(self.path / name),
            why=why,
            next_step=f"ls -la {folder}"
            if name
            else f"if the folder is yours: chmod go-w {folder}; or take another one",
        )


class ListeningSocket:
    """The socket on which a daemon listens: in the home, or in a folder of its own where the home cannot hold one.

    Args:
        home: The home.
        bind: Binds a gRPC address.

    Raises:
        OSError: There is no place for a socket.
    """

    def __init__(self, home: Path, bind: Callable[[str], object]) -> None:
        self._own: Path | None = None
        me = {os.geteuid()}
        try:
            self._folder = PrivateFolder(home, me)
            self._listen(bind)
            self.name = SOCKET_NAME
        except (OSError, UsageError):
            self._own = Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX))
            self._folder = PrivateFolder(self._own, me)
            self._listen(bind)
            self.name = str(self._own / SOCKET_NAME)

    @property
    def path(self) -> Path:
        """Where it lies."""
        return self._folder.path / SOCKET_NAME

    def close(self) -> None:
        """Remove it; what a killed daemon leaves behind is removed by :func:`sweep`."""
        self._folder.remove(SOCKET_NAME)
        self._folder.close()
        if self._own is not None:
            with contextlib.suppress(OSError):
                self._own.rmdir()

    def _listen(self, bind: Callable[[str], object]) -> None:
        try:
            self._folder.listen(SOCKET_NAME, bind)
        except BaseException:
            self._folder.close()
            raise


def sweep(name: str) -> None:
    """Remove the folder in which a daemon that was killed had its socket, if that was one of its own."""
    folder = Path(name).parent
    if not folder.name.startswith(FOLDER_PREFIX):
        return
    with contextlib.suppress(OSError, UsageError), PrivateFolder(folder, {os.geteuid()}) as private:
        private.remove(SOCKET_NAME)
        folder.rmdir()
