"""Runs on disk that the registry does not have yet; they are read and entered a few at a time."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import msgspec

from gym_gui.core.worker.errors import MosaicError
from gym_gui.proxy import read_summary
from gym_gui.runs import RunFolder, RunSummary
from gym_gui.trainer.unplanned import has_begun, read_unplanned, why_unplanned

logger = logging.getLogger(__name__)


class Backlog:
    """The runs that are to be entered, with their numbers.

    Args:
        home: The home.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._sequence_of: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._sequence_of)

    def add(self, runs: Iterable[tuple[int, str]]) -> None:
        """Add runs, those first that are to be entered first: sequence and id of each."""
        self._sequence_of.update((run_id, sequence) for sequence, run_id in runs)

    def first(self, count: int) -> list[str]:
        """Return the ids of the runs that are to be entered next."""
        return list(islice(self._sequence_of, count))

    def discard(self, run_id: str) -> None:
        """Forget a run: it was entered, or cannot be."""
        self._sequence_of.pop(run_id, None)

    def read(self, run_id: str) -> RunSummary | None:
        """Return a run of the backlog as its folder tells it; ``None`` if it is not of it, or cannot be read."""
        sequence = self._sequence_of.get(run_id)
        if sequence is None:
            return None
        folder = RunFolder.of(self._home, run_id)
        if why_unplanned(folder) and has_begun(folder):
            return msgspec.structs.replace(read_unplanned(folder), sequence=sequence)
        try:
            return msgspec.structs.replace(read_summary(folder), sequence=sequence)
        except (MosaicError, OSError) as error:
            logger.warning("run %s is left out: %s", run_id, error, extra={"run_id": run_id})
            return None
