"""The calls of both clients that read runs: searches, details, episodes, files, series."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence

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
from gym_gui.rpc import reading_calls
from gym_gui.rpc.frame_client import AsyncFrameClient, FrameClient
from gym_gui.runs import AnnotationChange, RunSummary
from gym_gui.telemetry import StepRecord


class ReadingClient(FrameClient):
    """Calls that read runs, blocking."""

    def search(self, asked: Search) -> Page:
        """Return a page of the runs, or of the groups of runs, that match a query.

        Raises:
            ConfigError: The search is not valid; each problem says where, and what is allowed there.
        """
        return self._do(reading_calls.search(asked))

    def watch_search(self, asked: Search) -> Iterator[SearchUpdate]:
        """Yield the page of a search, then each change of it, until the caller ends it.

        The first update is the whole page; so is the first one after the daemon was replaced.

        Raises:
            ConfigError: The search is not valid.
            MosaicError: The daemon is gone and could not be started again.
        """
        return self._stream(reading_calls.SearchWatching(asked))

    def annotate(self, run_id: str, change: AnnotationChange, *, by: str | None = None) -> RunSummary:
        """Change name, tags, notes or star of a run; return it.

        Args:
            run_id: The run.
            change: The change.
            by: Who changes it; the user's name if not given.

        Raises:
            UsageError: There is no such run.
            ConfigError: The change is not valid.
        """
        return self._do(reading_calls.annotate(run_id, change, by))

    def details(self, run_id: str) -> RunDetails:
        """Return what is recorded about a run: settings, config, notes, command, code, versions, checkpoints.

        Raises:
            UsageError: There is no such run.
        """
        return self._do(reading_calls.details(run_id))

    def episodes(self, run_id: str, query: EpisodeQuery) -> EpisodePage:
        """Return a page of a run's episodes.

        Raises:
            ConfigError: The query is not valid.
            UsageError: There is no such run, or it has no such worker.
            TelemetryError: Its database cannot be read.
        """
        return self._do(reading_calls.episodes(run_id, query))

    def steps(self, run_id: str, episode: int, *, after: int = -1, limit: int = 1000) -> list[StepRecord]:
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
        return self._do(reading_calls.steps(run_id, episode, after, limit))

    def files(self, run_id: str, path: str = "", *, recursive: bool = False) -> FileListing:
        """Return the entries of a run's folder, or of a folder in it.

        Raises:
            UsageError: There is no such run or folder.
        """
        return self._do(reading_calls.files(run_id, path, recursive=recursive))

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
        return self._do(reading_calls.read_file(run_id, path, offset, length))

    def series(self, run_ids: Sequence[str], request: SeriesRequest) -> list[Series]:
        """Return series of runs for charts: by run, then by name.

        Args:
            run_ids: The runs. A run that has no series of a name gets one without curves.
            request: Which series, and how.

        Raises:
            ConfigError: The request is not valid.
            UsageError: There is no such run, or none of them has a series of a name; or the answer would be too large.
            TelemetryError: A database cannot be read.
        """
        return self._do(reading_calls.series(run_ids, request))

    def series_names(self, run_id: str) -> list[SeriesName]:
        """Return the series that a run has: those of its episodes, then its metrics by name.

        Raises:
            UsageError: There is no such run.
            TelemetryError: Its database cannot be read.
        """
        return self._do(reading_calls.series_names(run_id))

    def read_log(self, run_id: str, query: LogQuery) -> LogPage:
        """Return lines of a run's log, by pages in both directions.

        Raises:
            ConfigError: The query is not valid, or its pattern takes too long.
            UsageError: There is no such run, worker or attempt.
            MosaicError: The log cannot be read.
        """
        return self._do(reading_calls.read_log(run_id, query))

    def find_failure(self, run_id: str) -> Failure:
        """Return the last traceback in a worker's error output, else its last error line, else its last lines.

        Raises:
            UsageError: There is no such run.
            MosaicError: The logs cannot be read.
        """
        return self._do(reading_calls.find_failure(run_id))

    def replay(self, run_id: str, query: ReplayQuery) -> Iterator[ReplayUpdate]:
        """Yield an episode's pictures, played again or stored; the last update has the ``end``.

        The caller ends it by closing the iterator. Where another daemon takes over, it begins again with a ``start``.

        Raises:
            ConfigError: The query is not valid.
            UsageError: There is no such run, or no such episode.
            MosaicError: Its records cannot be read.
        """
        return self._stream(reading_calls.Replaying(run_id, query))


class AsyncReadingClient(AsyncFrameClient):
    """Calls that read runs, for asyncio."""

    async def search(self, asked: Search) -> Page:
        """Return a page of the runs, or of the groups of runs, that match a query.

        Raises:
            ConfigError: The search is not valid; each problem says where, and what is allowed there.
        """
        return await self._do(reading_calls.search(asked))

    def watch_search(self, asked: Search) -> AsyncIterator[SearchUpdate]:
        """Yield the page of a search, then each change of it, until the caller ends it.

        The first update is the whole page; so is the first one after the daemon was replaced.

        Raises:
            ConfigError: The search is not valid.
            MosaicError: The daemon is gone and could not be started again.
        """
        return self._stream(reading_calls.SearchWatching(asked))

    async def annotate(self, run_id: str, change: AnnotationChange, *, by: str | None = None) -> RunSummary:
        """Change name, tags, notes or star of a run; return it.

        Args:
            run_id: The run.
            change: The change.
            by: Who changes it; the user's name if not given.

        Raises:
            UsageError: There is no such run.
            ConfigError: The change is not valid.
        """
        return await self._do(reading_calls.annotate(run_id, change, by))

    async def details(self, run_id: str) -> RunDetails:
        """Return what is recorded about a run: settings, config, notes, command, code, versions, checkpoints.

        Raises:
            UsageError: There is no such run.
        """
        return await self._do(reading_calls.details(run_id))

    async def episodes(self, run_id: str, query: EpisodeQuery) -> EpisodePage:
        """Return a page of a run's episodes.

        Raises:
            ConfigError: The query is not valid.
            UsageError: There is no such run, or it has no such worker.
            TelemetryError: Its database cannot be read.
        """
        return await self._do(reading_calls.episodes(run_id, query))

    async def steps(self, run_id: str, episode: int, *, after: int = -1, limit: int = 1000) -> list[StepRecord]:
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
        return await self._do(reading_calls.steps(run_id, episode, after, limit))

    async def files(self, run_id: str, path: str = "", *, recursive: bool = False) -> FileListing:
        """Return the entries of a run's folder, or of a folder in it.

        Raises:
            UsageError: There is no such run or folder.
        """
        return await self._do(reading_calls.files(run_id, path, recursive=recursive))

    async def read_file(self, run_id: str, path: str, *, offset: int = 0, length: int = 0) -> tuple[bytes, int]:
        """Return bytes of a file of a run, and the file's present size.

        Args:
            run_id: The run.
            path: The file below the run's folder.
            offset: The first byte.
            length: Number of bytes, at most 1 MiB; 0: as many as that.

        Raises:
            UsageError: There is no such run or file.
        """
        return await self._do(reading_calls.read_file(run_id, path, offset, length))

    async def series(self, run_ids: Sequence[str], request: SeriesRequest) -> list[Series]:
        """Return series of runs for charts: by run, then by name.

        Args:
            run_ids: The runs. A run that has no series of a name gets one without curves.
            request: Which series, and how.

        Raises:
            ConfigError: The request is not valid.
            UsageError: There is no such run, or none of them has a series of a name; or the answer would be too large.
            TelemetryError: A database cannot be read.
        """
        return await self._do(reading_calls.series(run_ids, request))

    async def series_names(self, run_id: str) -> list[SeriesName]:
        """Return the series that a run has: those of its episodes, then its metrics by name.

        Raises:
            UsageError: There is no such run.
            TelemetryError: Its database cannot be read.
        """
        return await self._do(reading_calls.series_names(run_id))

    async def read_log(self, run_id: str, query: LogQuery) -> LogPage:
        """Return lines of a run's log, by pages in both directions.

        Raises:
            ConfigError: The query is not valid, or its pattern takes too long.
            UsageError: There is no such run, worker or attempt.
            MosaicError: The log cannot be read.
        """
        return await self._do(reading_calls.read_log(run_id, query))

    async def find_failure(self, run_id: str) -> Failure:
        """Return the last traceback in a worker's error output, else its last error line, else its last lines.

        Raises:
            UsageError: There is no such run.
            MosaicError: The logs cannot be read.
        """
        return await self._do(reading_calls.find_failure(run_id))

    def replay(self, run_id: str, query: ReplayQuery) -> AsyncIterator[ReplayUpdate]:
        """Yield an episode's pictures, played again or stored; the last update has the ``end``.

        The caller ends it by closing the iterator. Where another daemon takes over, it begins again with a ``start``.

        Raises:
            ConfigError: The query is not valid.
            UsageError: There is no such run, or no such episode.
            MosaicError: Its records cannot be read.
        """
        return self._stream(reading_calls.Replaying(run_id, query))
