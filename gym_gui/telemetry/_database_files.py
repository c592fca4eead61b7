"""Checks of a run's database files while they are written, and disk errors."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from gym_gui.core.regular_files import check_regular
from gym_gui.telemetry.errors import DatabaseGone, DiskFull

_ENDINGS = ("", "-wal", "-shm")
_NEXT_STEP = "nothing to do: the database is rebuilt from the logs"


class DatabaseFiles:
    """The files of one open database.

    Args:
        path: The database.

    Raises:
        NotRegularFile: Something else than a file has one of their names.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._inodes: tuple[int, ...] = ()
        for ending in _ENDINGS:
            check_regular(f"{path}{ending}")

    def remember(self) -> None:
        """Remember the present files as those that are open."""
        self._inodes = self._present()

    def check(self, *, main_only: bool = False) -> None:
        """Make sure that the open files still have their names.

        Args:
            main_only: Check the main file alone; those beside it have been removed on purpose.

        Raises:
            DatabaseGone: One was removed or replaced.
        """
        present = self._present()
        names = _ENDINGS[:1] if main_only else _ENDINGS
        for ending, now, then in zip(names, present, self._inodes, strict=False):
            if now != then:
                raise DatabaseGone(
                    f"{self._path.name}{ending} was {'replaced' if now else 'removed'} while it was written",
                    where=str(self._path),
                    why="another process changed the run's folder",
                    next_step=_NEXT_STEP,
                )

    def check_pages(self, connection: sqlite3.Connection) -> None:
        """Make sure that the database on disk is intact, whatever pages are cached here.

        Args:
            connection: To the database.

        Raises:
            DatabaseGone: It is damaged.
        """
        connection.execute("PRAGMA shrink_memory")
        try:
            (result,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        except sqlite3.DatabaseError as error:
            result = str(error)
        if result != "ok":
            raise DatabaseGone(
                f"{self._path.name} is damaged: {result}",
                where=str(self._path),
                why="another process wrote into it, or the disk is failing",
                next_step=_NEXT_STEP,
            )

    def _present(self) -> tuple[int, ...]:
        return tuple(_inode(f"{self._path}{ending}") for ending in _ENDINGS)


@contextlib.contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Translate SQLite errors caused by a full disk.

    Args:
        path: The database.

    Raises:
        DiskFull: For such an error.
    """
    try:
        yield
    except sqlite3.OperationalError as error:
        if not _is_full(error, path):
            raise
        raise DiskFull(
            "the disk is full: telemetry cannot be stored",
            where=str(path),
            why=str(error),
            next_step="free some space; nothing is lost, indexing continues by itself",
        ) from error


def _inode(path: str) -> int:
    """Return the inode of a name, 0 where there is none."""
    try:
        return os.lstat(path).st_ino
    except OSError:
        return 0


def _is_full(error: sqlite3.OperationalError, path: Path) -> bool:
    text = str(error)
    if "full" in text:
        return True
    if "I/O error" not in text and "unable to open" not in text:
        return False
    disk = os.statvfs(path.parent)
    return disk.f_bavail * disk.f_frsize < 1 << 20
