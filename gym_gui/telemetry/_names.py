"""Names of agents and metrics, each stored once."""

from __future__ import annotations

import sqlite3

_CACHED = 1 << 16


class Names(dict[str, int]):
    """Ids by name; a new name gets the next one.

    New names are written by the transaction whose rows need them (:meth:`write`), and again if it failed. Ids start
    at 1.

    Args:
        connection: To the run's database.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__()
        self._connection = connection
        self._by_id: dict[int, str] = {}
        self._due: list[tuple[int, str]] = []
        self._written: list[tuple[int, str]] = []
        self._last: int | None = None

    def __missing__(self, name: str) -> int:
        if len(self) >= _CACHED and not self._due and not self._written:
            self.clear()
            self._by_id.clear()
        row = self._connection.execute("SELECT id FROM names WHERE name = ?", (name,)).fetchone()
        if row is None:
            if self._last is None:
                self._last = self._connection.execute("SELECT coalesce(max(id), 0) FROM names").fetchone()[0]
            self._last += 1
            self._due.append((self._last, name))
            number = self._last
        else:
            number = row[0]
        self[name] = number
        self._by_id[number] = name
        return number

    def name(self, number: int) -> str:
        """Return the name of an id."""
        name = self._by_id.get(number)
        if name is None:
            row = self._connection.execute("SELECT name FROM names WHERE id = ?", (number,)).fetchone()
            name = self._by_id[number] = str(row[0])
        return name

    def write(self) -> None:
        """Insert the new names, within the caller's transaction."""
        if self._due:
            self._connection.executemany("INSERT INTO names VALUES (?,?)", self._due)
            self._written += self._due
            self._due = []

    def committed(self) -> None:
        """Forget the written names: their transaction was committed."""
        self._written = []

    def rolled_back(self) -> None:
        """Mark the written names as due again: their transaction failed."""
        self._due = self._written + self._due
        self._written = []


class MemoryNames(dict[str, int]):
    """Ids by name, in memory alone; a new name gets the next one."""

    def __init__(self) -> None:
        super().__init__()
        self._names: list[str] = []

    def __missing__(self, name: str) -> int:
        self._names.append(name)
        self[name] = len(self._names)
        return self[name]

    def name(self, number: int) -> str:
        """Return the name of an id."""
        return self._names[number - 1]
