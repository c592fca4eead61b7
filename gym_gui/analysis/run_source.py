"""Interface for reading runs from a home's files or a daemon."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

from gym_gui.runs import EVERY_RUN, RunFilter, RunSummary

if TYPE_CHECKING:
    from gym_gui.reading import (
        EpisodePage,
        EpisodeQuery,
        Failure,
        FileListing,
        LogPage,
        LogQuery,
        Page,
        ReplayQuery,
        ReplayUpdate,
        RunDetails,
        Search,
        SearchUpdate,
        Series,
        SeriesName,
        SeriesRequest,
    )
    from gym_gui.telemetry import RowBatch, RowCursor, StepRecord
    from gym_gui.trainer import Explanation


class RunSource(Protocol):
    """A source of runs: :class:`~gym_gui.analysis.folder_runs.FolderRuns` or the daemon's client."""

    def resolve(self, reference: str) -> str:
        """Return the id of the run that a user means.

        Raises:
            UsageError: There is no such run, or there are several.
        """

    def get(self, run_id: str) -> RunSummary:
        """Return the summary of a run.

        Raises:
            UsageError: There is no such run.
        """

    def list(self, wanted: RunFilter = EVERY_RUN, *, limit: int | None = 100, curves: bool = False) -> list[RunSummary]:
        """Return runs, the newest first.

        Args:
            wanted: Filter of the runs.
            limit: Maximum number of runs; ``None``: all.
            curves: Include learning curves.
        """

    def search(self, asked: Search) -> Page:
        """Return a page of the runs, or of the groups of runs, that match a query.

        Raises:
            ConfigError: The search is not valid; each problem says where, and what is allowed there.
        """

    def watch_search(self, asked: Search) -> Iterator[SearchUpdate]:
        """Yield the page of a search, then each change of it, until the caller ends it.

        The first update is the whole page, and any other one may be.

        Raises:
            ConfigError: The search is not valid.
        """

    def details(self, run_id: str) -> RunDetails:
        """Return what is recorded about a run: settings, config, notes, command, code, versions, checkpoints.

        Raises:
            UsageError: There is no such run.
        """

    def episodes(self, run_id: str, query: EpisodeQuery) -> EpisodePage:
        """Return a page of a run's episodes.

        Raises:
            ConfigError: The query is not valid.
            UsageError: There is no such run, or it has no such worker.
            TelemetryError: Its database cannot be read.
        """

    def steps(self, run_id: str, episode: int, *, after: int = -1, limit: int = 1000) -> Sequence[StepRecord]:
        """Return steps of an episode, in the order in which they were printed.

        Args:
            run_id: The run.
            episode: The episode's row id.
            after: Only steps with a higher row id.
            limit: Maximum number of steps (and at most 10,000).

        Raises:
            UsageError: There is no such run, or no such episode.
            TelemetryError: Its database cannot be read.
        """

    def replay(self, run_id: str, query: ReplayQuery) -> Iterator[ReplayUpdate]:
        """Yield an episode's pictures, played again or stored; the last update has the ``end``.

        Raises:
            ConfigError: The query is not valid.
            UsageError: There is no such run, or no such episode.
            MosaicError: Its records cannot be read.
        """

    def files(self, run_id: str, path: str = "", *, recursive: bool = False) -> FileListing:
        """Return the entries of a run's folder, or of a folder in it.

        Raises:
            UsageError: There is no such run or folder.
        """

    def read_file(self, run_id: str, path: str, *, offset: int = 0, length: int = 0) -> tuple[bytes, int]:
        """Return bytes of a file of a run, and the file's present size.

        Args:
            run_id: The run.
            path: The file below the run's folder.
            offset: The first byte.
            length: Number of bytes, at most 1 MiB; 0: as many as that.

        Raises:
            UsageError: There is no such run or file.
        """

    def series(self, run_ids: Sequence[str], request: SeriesRequest) -> Sequence[Series]:
        """Return series of runs for charts: by run, then by name.

        Args:
            run_ids: The runs. A run that has no series of a name gets one without curves.
            request: Which series, and how.

        Raises:
            ConfigError: The request is not valid.
            UsageError: There is no such run, or none of them has a series of a name; or the answer would be too large.
            TelemetryError: A database cannot be read.
        """

    def series_names(self, run_id: str) -> Sequence[SeriesName]:
        """Return the series that a run has: those of its episodes, then its metrics by name.

        Raises:
            UsageError: There is no such run.
            TelemetryError: Its database cannot be read.
        """

    def read_log(self, run_id: str, query: LogQuery) -> LogPage:
        """Return lines of a run's log, by pages in both directions.

        Raises:
            ConfigError: The query is not valid, or its pattern takes too long.
            UsageError: There is no such run, worker or attempt.
            MosaicError: The log cannot be read.
        """

    def find_failure(self, run_id: str) -> Failure:
        """Return the last traceback in a worker's error output, else its last error line, else its last lines.

        Raises:
            UsageError: There is no such run.
            MosaicError: The logs cannot be read.
        """

    def why(self, run_id: str) -> Explanation:
        """Return an explanation of a run's state.

        Raises:
            UsageError: There is no such run.
        """

    def watch(self, run_ids: Iterable[str], *, curves: bool = False) -> Iterator[RunSummary]:
        """Yield the current summary of each run, then changes, until all have ended.

        Args:
            run_ids: The runs.
            curves: Learning curves with every value; otherwise only with the last one of a run.

        Raises:
            UsageError: One of them does not exist.
        """

    def stream(
        self,
        run_id: str,
        *,
        cursor: RowCursor = (),
        from_now: bool = False,
        kinds: Iterable[str] = (),
        max_rate: float | None = None,
    ) -> Iterator[RowBatch]:
        """Yield a run's rows live, until the run has ended.

        Args:
            run_id: The run.
            cursor: That of the last batch of an earlier stream; empty: from the beginning.
            from_now: Only new rows.
            kinds: Of `step`, `episode`, `metric` and `event`; empty: all.
            max_rate: Maximum steps per second; 0: no limit; ``None``: a rate for displays.

        Raises:
            UsageError: There is no such run.
        """
