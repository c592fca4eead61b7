"""Runs of a home, read from registry and folders, without a daemon."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from gym_gui.analysis.queries import get_run, list_runs, resolve_run, run_curves, run_ids
from gym_gui.runs import EVERY_RUN, RunFilter, RunFolder, RunState, RunSummary, UnknownRunError

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

_POLL_S = 0.25
#: Seconds between two looks at a watched search at least, and how many times its cost a look rests.
_SEARCH_POLL_S, _REST = 0.5, 8


class FolderRuns:
    """Runs read from their folders. Read-only.

    Args:
        home: The home.
    """

    def __init__(self, home: Path) -> None:
        self.home = home

    def resolve(self, reference: str) -> str:
        """Return the id of the run that a user means.

        Raises:
            UsageError: There is no such run, or there are several.
        """
        return resolve_run(self.home, reference)

    def get(self, run_id: str) -> RunSummary:
        """Return the summary of a run.

        Raises:
            UsageError: There is no such run.
        """
        return get_run(self.home, run_id)

    def list(self, wanted: RunFilter = EVERY_RUN, *, limit: int | None = 100, curves: bool = False) -> list[RunSummary]:
        """Return runs, the newest first; ``limit=None``: all."""
        return list_runs(self.home, wanted, limit=limit, curves=curves)

    def search(self, asked: Search) -> Page:
        """Return a page of the runs, or of the groups of runs, that match a query.

        Raises:
            ConfigError: The search is not valid.
        """
        from gym_gui.reading import NO_FACTS, Entry, PlanIndex, prepare, search_runs

        prepared = prepare(asked)
        runs = {run.run_id: run for run in list_runs(self.home)}
        facts = PlanIndex(self.home).facts(runs) if prepared.needs_facts else {}
        entries = (Entry(run, facts.get(run_id, NO_FACTS)) for run_id, run in runs.items())
        return search_runs(prepared, entries, curves_of=partial(run_curves, self.home), metrics_of=self._metrics)

    def _metrics(self, runs: Sequence[RunSummary], names: Sequence[str]) -> dict[str, dict[str, float]]:
        from gym_gui.reading import MetricIndex

        index = MetricIndex(self.home)
        found = {name: index.values(runs, name) for name in names}
        return {
            run.run_id: {name: value for name in names if (value := found[name][run.run_id]) is not None}
            for run in runs
        }

    def watch_search(self, asked: Search) -> Iterator[SearchUpdate]:
        """Yield the page of a search, then each change of it, until the caller ends it.

        Raises:
            ConfigError: The search is not valid.
        """
        from gym_gui.reading import prepare, update_between

        ignored = prepare(asked).changing_columns
        page: Page | None = None
        while True:
            began = time.thread_time()
            former, page = page, self.search(asked)
            update = update_between(former, page, ignored=ignored)
            if update is not None:
                yield update
            time.sleep(max(_SEARCH_POLL_S, _REST * (time.thread_time() - began)))

    def details(self, run_id: str) -> RunDetails:
        """Return what is recorded about a run."""
        from gym_gui.reading import read_details

        return read_details(self._folder(run_id))

    def episodes(self, run_id: str, query: EpisodeQuery) -> EpisodePage:
        """Return a page of a run's episodes."""
        from gym_gui.reading import read_episodes

        return read_episodes(self._folder(run_id), query)

    def steps(self, run_id: str, episode: int, *, after: int = -1, limit: int = 1000) -> Sequence[StepRecord]:
        """Return steps of an episode, in the order in which they were printed."""
        from gym_gui.reading import read_steps

        return read_steps(self._folder(run_id), episode, after=after, limit=limit)

    def replay(self, run_id: str, query: ReplayQuery) -> Iterator[ReplayUpdate]:
        """Yield an episode's pictures, played again or stored; the last update has the ``end``."""
        from gym_gui.reading import replay_episode

        return replay_episode(self._folder(run_id), query)

    def files(self, run_id: str, path: str = "", *, recursive: bool = False) -> FileListing:
        """Return the entries of a run's folder, or of a folder in it."""
        from gym_gui.reading import list_files

        return list_files(self._folder(run_id), path, recursive=recursive)

    def read_file(self, run_id: str, path: str, *, offset: int = 0, length: int = 0) -> tuple[bytes, int]:
        """Return bytes of a file of a run, and the file's present size."""
        from gym_gui.reading import MAX_BYTES, read_file

        return read_file(self._folder(run_id), path, offset=offset, length=length or MAX_BYTES)

    def series(self, run_ids: Sequence[str], request: SeriesRequest) -> Sequence[Series]:
        """Return series of runs for charts: by run, then by name."""
        from gym_gui.reading import check_series, check_size, read_series, require_found

        check_series(request, len(run_ids))
        found: Sequence[Series] = []
        for run_id in run_ids:
            found = [*found, *read_series(self._folder(run_id), request)]
            check_size(found, request)
        require_found(found, request)
        return found

    def series_names(self, run_id: str) -> Sequence[SeriesName]:
        """Return the series that a run has: those of its episodes, then its metrics by name."""
        from gym_gui.reading import series_names

        return series_names(self._folder(run_id))

    def read_log(self, run_id: str, query: LogQuery) -> LogPage:
        """Return lines of a run's log, by pages in both directions."""
        from gym_gui.reading import read_log

        return read_log(self._folder(run_id), query)

    def find_failure(self, run_id: str) -> Failure:
        """Return the place in a run's logs that says why it failed."""
        from gym_gui.reading import failed_workers, find_failure

        return find_failure(self._folder(run_id), failed_workers(self.get(run_id)))

    def _folder(self, run_id: str) -> RunFolder:
        """Return a run's folder.

        Raises:
            UsageError: There is no such run.
        """
        if run_id not in run_ids(self.home):
            raise UnknownRunError(run_id, str(self.home))
        return RunFolder.of(self.home, run_id)

    def why(self, run_id: str) -> Explanation:
        """Return an explanation of a run's state (without the scheduler's reasons).

        Raises:
            UsageError: There is no such run.
        """
        from gym_gui.reading import has_checkpoint
        from gym_gui.trainer import DaemonHome, explain_state, quota_note

        run = self.get(run_id)
        why = explain_state(run, note=quota_note(RunFolder.of(self.home, run_id)))
        if run.state is RunState.QUEUED and DaemonHome(self.home).daemon() is None:
            why.cause, why.next_step = "no trainer daemon runs, which would start it", "mosaic daemon start"
        if run.state is RunState.CANCELLED and run.started_at is not None and not has_checkpoint(self.home, run_id):
            why.next_step = f"mosaic runs show {run_id}  (it has saved no checkpoint to resume from)"
        return why

    def watch(
        self,
        run_ids: Iterable[str],
        *,
        curves: bool = False,  # noqa: ARG002 - they cost nothing here
    ) -> Iterator[RunSummary]:
        """Yield the current summary of each run, then changes, until all have ended.

        Raises:
            UsageError: One of them does not exist.
        """
        shown = {run_id: self.get(run_id) for run_id in run_ids}
        yield from shown.values()
        while any(not run.state.terminal for run in shown.values()):
            time.sleep(_POLL_S)
            for run_id, last in shown.items():
                if not last.state.terminal and (run := self.get(run_id)) != last:
                    shown[run_id] = run
                    yield run

    def stream(
        self,
        run_id: str,
        *,
        cursor: RowCursor = (),
        from_now: bool = False,
        kinds: Iterable[str] = (),
        max_rate: float | None = None,  # noqa: ARG002 - without a daemon all steps are read
    ) -> Iterator[RowBatch]:
        """Yield a run's rows live, until the run has ended.

        Raises:
            UsageError: There is no such run.
            TelemetryError: Its database cannot be read.
        """
        from gym_gui.telemetry import ROW_KINDS, RowStream, edge_of
        from gym_gui.trainer import is_run_over

        self.get(run_id)
        folder = RunFolder.of(self.home, run_id)
        if from_now:
            cursor = edge_of(folder)
        wanted = tuple(kinds) or ROW_KINDS
        rows = RowStream(folder)
        try:
            while True:
                over = is_run_over(folder, self.get(run_id).state)
                batch = rows.read(cursor, kinds=wanted)
                cursor = batch.cursor
                if not batch.empty:
                    yield batch.with_records()
                elif batch.caught_up and over:
                    return
                else:
                    rows.close()
                    time.sleep(_POLL_S)
        finally:
            rows.close()
