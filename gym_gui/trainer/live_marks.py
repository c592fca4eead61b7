"""Markers of runs that may not have ended: they bound what a starting daemon must look at."""

from __future__ import annotations

import contextlib
from pathlib import Path


class LiveRuns:
    """The folder ``runs/.live``: an empty file per run, there from before submission until the end is on record.

    Args:
        runs: The folder of all runs.
    """

    def __init__(self, runs: Path) -> None:
        self._folder = runs / ".live"

    def add(self, run_id: str) -> None:
        """Mark a run."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self._folder / run_id).touch(mode=0o600)

    def discard(self, run_id: str) -> None:
        """Unmark a run."""
        (self._folder / run_id).unlink(missing_ok=True)

    def marks(self, run_id: str) -> bool:
        """Return whether a run is marked."""
        return (self._folder / run_id).exists()

    def all(self) -> set[str]:
        """Return the ids of the marked runs."""
        with contextlib.suppress(FileNotFoundError):
            return {path.name for path in self._folder.iterdir()}
        return set()
