"""Episodes of one log seen so far; on disk if they are many."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from gym_gui.telemetry.limits import MAX_INDEX
from gym_gui.telemetry.reader import reading

_DEADLINE_S = 24 * 3600.0


class SeenEpisodes:
    """Phases, indexes and agents of episodes, independent of the verified database's index."""

    def __init__(self) -> None:
        self._connection = sqlite3.connect("", isolation_level=None)
        self._connection.execute("PRAGMA synchronous = OFF")
        self._connection.execute(
            "CREATE TABLE seen (phase, ep_index, agent, PRIMARY KEY (phase, agent, ep_index)) WITHOUT ROWID"
        )
        self._connection.execute("BEGIN")

    def load(self, database: Path, first: int, end: int) -> None:
        """Add the stored episodes with ids from `first` to before `end`.

        Args:
            database: The run's database.
            first: Row id.
            end: Row id.

        Raises:
            TelemetryError: The database cannot be read.
        """
        with reading(database, _DEADLINE_S) as connection:
            self._connection.executemany(
                "INSERT OR IGNORE INTO seen VALUES (?,?,?)",
                connection.execute(
                    "SELECT phase, ep_index, coalesce((SELECT name FROM names WHERE names.id = agent), '')"
                    " FROM episodes WHERE id >= ? AND id < ?",
                    (first, end),
                ),
            )

    def add(self, episode: tuple[Any, ...]) -> bool:
        """Add an episode and return whether it is new.

        Args:
            episode: Phase, index and agent, then any other columns.
        """
        if episode[1] > MAX_INDEX:
            return False  # no number is left for an episode without an index
        return self._connection.execute("INSERT OR IGNORE INTO seen VALUES (?,?,?)", episode[:3]).rowcount == 1

    def numbered(self, episode: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return an episode with its index, or one more than the highest so far."""
        phase, ep_index, agent = episode[:3]
        if ep_index is not None:
            return episode
        rows = self._connection.execute("SELECT max(ep_index) FROM seen WHERE phase = ? AND agent = ?", (phase, agent))
        highest = rows.fetchone()[0]
        return (phase, 0 if highest is None else max(highest, -1) + 1, *episode[2:])

    def close(self) -> None:
        """Free the disk space."""
        self._connection.close()
