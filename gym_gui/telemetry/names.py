"""Names of agents and metrics, each stored once."""

from __future__ import annotations

import sqlite3

_CACHED = 1 << 16


class Names(dict[str, int]):
    """Ids by name; a new name gets the next one.

    New names are written by the next transaction (:meth:`write`). They stay due until :meth:`committed`, so that a
    transaction which fails loses none. Ids start at 1.

    Args:
        connection: To the run's database.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__()
        self._connection = connection
        self._by_id: dict[int, str] = {}
        self._due: list[tuple[int, str]] = []
        self._last: int = connection.execute("SELECT coalesce(max(id), 0) FROM names").fetchone()[0]

    def __missing__(self, name: str) -> int:
        if len(self) >= _CACHED and not self._due:
            self.clear()
            self._by_id.clear()
        row = self._connection.execute("SELECT id FROM names WHERE name = ?", (name,)).fetchone()
        if row is None:
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

    def committed(self) -> None:
        """Take note that what :meth:`write` inserted is committed."""
        self._due.clear()
