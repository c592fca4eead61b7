"""The last values of metrics of runs that have ended, kept in one file: sorting thousands of runs opens no database.

A value is that of one report of a run: once a run has a newer report, it is read again.
"""

from __future__ import annotations

import contextlib
import math
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path

from gym_gui.core.worker.errors import MosaicError
from gym_gui.reading.cache_file import CacheFile
from gym_gui.reading.metric_values import last_values
from gym_gui.runs import RunFolder, RunSummary

_VERSION = 1
#: ``has``: 0: the run has no such metric. A value is null where it is NaN.
_TABLES = {
    "metrics": "name TEXT, run_id TEXT, report INTEGER NOT NULL, has INTEGER NOT NULL, value REAL,"
    " PRIMARY KEY (name, run_id)"
}
_BATCH = 500


class MetricIndex:
    """Last values of metrics.

    Args:
        home: The home of the runs.
    """

    def __init__(self, home: Path) -> None:
        self.path = home / "cache" / "metrics.db"
        self._home = home
        self._file = CacheFile(self.path, _VERSION, _TABLES)

    def values(self, runs: Sequence[RunSummary], name: str) -> dict[str, float | None]:
        """Return the last value of a metric of each run, ``None`` where it has none or cannot be read.

        Those that the file does not have yet are read from the runs' databases; those of ended runs are added.

        Args:
            runs: The runs.
            name: The metric.
        """
        found: dict[str, float | None] = {}
        with contextlib.closing(self._file.open()) as database:
            kept = self._kept(database, runs, name)
            missing = []
            for run in runs:
                report, value = kept.get(run.run_id, (None, None))
                if report == run.report:
                    found[run.run_id] = value
                else:
                    missing.append(run)
            for start in range(0, len(missing), _BATCH):
                found |= self._read(database, missing[start : start + _BATCH], name)
        return found

    def forget(self, run_id: str) -> None:
        """Take a run out whose folder was removed: nothing of it is to be left."""
        if self.path.exists():
            with contextlib.closing(self._file.open()) as database, contextlib.suppress(sqlite3.Error), database:
                database.execute("DELETE FROM metrics WHERE run_id = ?", (run_id,))

    @staticmethod
    def _kept(
        database: sqlite3.Connection, runs: Sequence[RunSummary], name: str
    ) -> dict[str, tuple[int, float | None]]:
        """Return what the file has: by run the report, and the value as of then."""
        asked, only = "SELECT run_id, report, has, value FROM metrics WHERE name = ?", [run.run_id for run in runs]
        if len(only) > _BATCH:
            only = []  # all of this name are read faster
        else:
            asked += f" AND run_id IN ({', '.join('?' * len(only))})"
        with contextlib.suppress(sqlite3.Error):
            rows: Iterable[tuple[str, int, int, float | None]] = database.execute(asked, (name, *only))
            return {
                run_id: (report, (math.nan if value is None else value) if has else None)
                for run_id, report, has, value in rows
            }
        return {}

    def _read(self, database: sqlite3.Connection, runs: Sequence[RunSummary], name: str) -> dict[str, float | None]:
        found: dict[str, float | None] = {}
        rows = []
        for run in runs:
            found[run.run_id] = None
            with contextlib.suppress(MosaicError):
                value = found[run.run_id] = last_values(RunFolder.of(self._home, run.run_id), [name]).get(name)
                if run.state.terminal:
                    rows.append((name, run.run_id, run.report, int(value is not None), value))
        with contextlib.suppress(sqlite3.Error), database:  # a full or read-only disk: they are read again
            database.executemany("INSERT OR REPLACE INTO metrics VALUES (?, ?, ?, ?, ?)", rows)
        return found
