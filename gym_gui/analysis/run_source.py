"""The contract of what gives runs to read: a home's files, or a daemon."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from gym_gui.runs.filter import EVERY_RUN, RunFilter
from gym_gui.runs.summary import RunSummary
from gym_gui.telemetry.row_stream import Cursor, RowBatch
from gym_gui.trainer.why import Explanation


class RunSource(Protocol):
    """Runs to read. :class:`~gym_gui.analysis.folder_runs.FolderRuns` and the daemon's client fulfil it."""

    def resolve(self, reference: str) -> str:
        """Return the id of the run that a user means: by id, a part of it, name, or ``latest``.

        Raises:
            UsageError: There is no such run, or there are several.
        """

    def get(self, run_id: str) -> RunSummary:
        """Return a run as it stands.

        Raises:
            UsageError: There is no such run.
        """

    def list(self, wanted: RunFilter = EVERY_RUN, *, limit: int | None = 100, curves: bool = False) -> list[RunSummary]:
        """Return runs, the newest first.

        Args:
            wanted: Which runs.
            limit: At most so many; ``None``: all.
            curves: With learning curves.
        """

    def why(self, run_id: str) -> Explanation:
        """Return why a run stands where it stands.

        Raises:
            UsageError: There is no such run.
        """

    def watch(self, run_ids: Iterable[str]) -> Iterator[RunSummary]:
        """Yield the current value of each run, then changes; end when all have ended.

        Raises:
            UsageError: One of them does not exist.
        """

    def stream(
        self,
        run_id: str,
        *,
        cursor: Cursor = (),
        from_now: bool = False,
        kinds: Iterable[str] = (),
        max_rate: float | None = None,
    ) -> Iterator[RowBatch]:
        """Yield a run's rows as they come in; end when the run has ended and all was yielded.

        Args:
            run_id: The run.
            cursor: That of the last batch of an earlier stream; empty: from the beginning.
            from_now: Only what comes in from now on.
            kinds: Of `step`, `episode`, `metric` and `event`; none: all.
            max_rate: Steps per second at most; 0 leaves none out; ``None``: a rate for eyes.

        Raises:
            UsageError: There is no such run.
        """
