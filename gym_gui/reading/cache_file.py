"""A file of the home's cache: a SQLite database that can be deleted at any time, and that several processes use."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Mapping
from pathlib import Path

from gym_gui.core.owners import stranger

logger = logging.getLogger(__name__)


class CacheFile:
    """Opens the file; makes it where it is missing, damaged or of another version.

    Args:
        path: The file.
        version: Of its tables; a file of another one is emptied.
        tables: By name: the columns of a table.
    """

    def __init__(self, path: Path, version: int, tables: Mapping[str, str]) -> None:
        self.path = path
        self._version = version
        self._tables = tables

    def open(self) -> sqlite3.Connection:
        """Return the file, or an empty database in memory where it cannot be used."""
        try:
            self.path.parent.mkdir(mode=0o700, exist_ok=True)  # not the home: reading makes none
            if self.path.exists() and stranger(self.path) is not None:
                return self._database(":memory:")
            try:
                return self._database(self.path)
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError):
                    raise
                logger.warning("%s is damaged (%s): it is built again", self.path, error)
                self.path.unlink(missing_ok=True)
                return self._database(self.path)
        except (sqlite3.Error, OSError):
            return self._database(":memory:")

    def _database(self, path: Path | str) -> sqlite3.Connection:
        connection = sqlite3.connect(path, check_same_thread=False)
        try:
            connection.execute("PRAGMA busy_timeout = 2000")
            connection.execute("PRAGMA secure_delete = ON")
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version != self._version:
                made = [
                    f"DROP TABLE IF EXISTS {name}; CREATE TABLE {name} ({columns}) WITHOUT ROWID;"
                    for name, columns in self._tables.items()
                ]
                with connection:
                    connection.executescript(f"{''.join(made)} PRAGMA user_version = {self._version};")
            if isinstance(path, Path):
                path.chmod(0o600)
        except BaseException:
            connection.close()
            raise
        return connection
