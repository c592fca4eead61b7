"""Damage to ``registry.db``: how it is recognized, and how the file is renamed. Nothing here deletes a run's data."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import time
from collections.abc import Iterator
from pathlib import Path

#: What SQLite keeps beside a database.
SUFFIXES = ("", "-wal", "-shm")
#: So many damaged registries are kept; the oldest go first.
KEPT = 5
_MARK = ".damaged-"
#: Operational errors that pass, or that have nothing to do with what stands in the file.
_PASSING = ("locked", "busy", "full", "interrupted", "out of memory", "query aborted", "authorization")
#: In a database's header: the versions that may write and read it.
_VERSIONS_AT, _VERSIONS = slice(18, 20), (1, 2)
_TRIAL_BYTES = 64 << 10


@contextlib.contextmanager
def errors_of_sqlite() -> Iterator[None]:
    """Have what damage does to the text of SQLite's own errors come as an error of SQLite.

    Python decodes that text, which may quote what stands in the file.

    Raises:
        sqlite3.DatabaseError: It is no UTF-8.
    """
    try:
        yield
    except UnicodeDecodeError as error:
        raise sqlite3.DatabaseError(f"the database is damaged, and so is what SQLite says of it: {error}") from None


def is_damage(error: sqlite3.Error, path: Path) -> bool:
    """Return whether an error shows that a database is damaged, not that it is locked, full or forbidden.

    Args:
        error: What SQLite raised.
        path: The database.
    """
    if isinstance(error, sqlite3.OperationalError):
        words = str(error).lower()
        if any(word in words for word in _PASSING):
            return False
        if "unable to open" in words or "readonly" in words:
            return bool(unusable(path)) or _vanished(path, words)
        return "disk i/o error" not in words or _disk_works(path.parent)
    if isinstance(error, (sqlite3.ProgrammingError, sqlite3.NotSupportedError)):
        return False
    return isinstance(error, sqlite3.DatabaseError)


def misplaced(path: Path) -> str:
    """Return what stands in a database's place that is no regular file, ``""`` if nothing does.

    A link to a regular file is taken as the file.
    """
    for suffix in SUFFIXES:
        place = path.with_name(path.name + suffix)
        try:
            kind = place.lstat().st_mode
            if stat.S_ISLNK(kind):
                kind = place.stat().st_mode
        except FileNotFoundError:
            if place.is_symlink():
                return f"{place.name} is a link to nothing"
            continue
        except OSError as error:  # a loop of links
            return f"{place.name}: {error.strerror}"
        if not stat.S_ISREG(kind):
            return f"{place.name} is {_kind(kind)}, not a file"
    return ""


def unusable(path: Path) -> str:
    """Return why what stands in a database's place cannot be written, whatever SQLite says; ``""`` if it may be."""
    return misplaced(path) or ("only another version of SQLite may write it" if _spoiled_header(path) else "")


def fault_of(connection: sqlite3.Connection) -> str:
    """Return what SQLite's own check finds wrong in a database, ``""`` if nothing.

    Raises:
        sqlite3.Error: It cannot be checked; the error may itself show damage.
    """
    (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    return "" if found == "ok" else str(found).replace("\n", " ")


def rename_damaged(path: Path) -> Path | None:
    """Rename a database and what stands beside it, and return its new place; ``None`` if there was nothing.

    Raises:
        OSError: It cannot be renamed.
    """
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    before = [copy.stem for copy in damaged_copies(path) if copy.name.startswith(f"{path.stem}{_MARK}{stamp}-")]
    number = int(before[-1].rpartition("-")[2]) + 1 if before else 0
    kept = path.with_name(f"{path.stem}{_MARK}{stamp}-{number:03}{path.suffix}")
    for suffix in SUFFIXES:
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(kept.with_name(kept.name + suffix))
    _drop_oldest(path)
    return kept if os.path.lexists(kept) else None


def damaged_copies(path: Path) -> list[Path]:
    """Return the renamed files of a database, the oldest first."""
    found = path.parent.glob(f"{path.stem}{_MARK}*{path.suffix}")
    return sorted(found, key=lambda copy: copy.name)


def _drop_oldest(path: Path) -> None:
    for copy in damaged_copies(path)[:-KEPT]:
        for suffix in SUFFIXES:
            with contextlib.suppress(OSError):  # a folder, for one, stays
                copy.with_name(copy.name + suffix).unlink()


def _vanished(path: Path, words: str) -> bool:
    """Whether SQLite finds a file that it has open no more in its place, which it tells as being read-only."""
    return "readonly" in words and not path.exists()


def _spoiled_header(path: Path) -> bool:
    """Whether a database says that only versions of SQLite to come may write it."""
    try:
        with path.open("rb") as stream:
            versions = stream.read(_VERSIONS_AT.stop)[_VERSIONS_AT]
    except OSError:
        return False
    return any(version not in _VERSIONS for version in versions)


def _disk_works(folder: Path) -> bool:
    """Return whether a file can be written and synced: then an error of input or output is the database's own."""
    trial = folder / f".write-test.{os.getpid()}"
    try:
        with trial.open("wb", buffering=0) as stream:
            stream.write(b"\0" * _TRIAL_BYTES)
            os.fsync(stream.fileno())
    except OSError:
        return False
    finally:
        with contextlib.suppress(OSError):
            trial.unlink()
    return True


def _kind(mode: int) -> str:
    kinds = ((stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"))
    return next((name for test, name in kinds if test(mode)), "a device")
