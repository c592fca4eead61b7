"""What the daemon reads of its runs for clients: searches, annotations, contents of their folders.

All methods are called in the event loop; reading happens in threads.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import msgspec

from gym_gui.reading import (
    NO_FACTS,
    Entry,
    Failure,
    LogPage,
    LogQuery,
    Page,
    ReplayQuery,
    ReplayUpdate,
    Search,
    SearchUpdate,
    failed_workers,
    find_failure,
    prepare,
    read_log,
    search_runs,
)
from gym_gui.runs import (
    AnnotationChange,
    RunFolder,
    RunSummary,
    annotated,
    annotation_to_change,
    changed,
    check_change,
    check_names,
    load_plan,
    write_annotation,
)
from gym_gui.trainer.board import RunBoard
from gym_gui.trainer.frames import Frames
from gym_gui.trainer.replays import Replays
from gym_gui.trainer.run_table import RunTable
from gym_gui.trainer.search_watches import SearchWatches

R = TypeVar("R")
#: Reads at one time; more wait.
_PARALLEL = 4
#: Reads of logs at one time: patterns may take seconds, and hold up nothing else.
_PARALLEL_LOGS = 2


class Reads:
    """Searches and annotates the runs of a home, and reads their folders.

    Args:
        home: The home.
        board: Values of the runs.
        all_entered: Waits until the registry has all runs.
    """

    def __init__(self, home: Path, board: RunBoard, all_entered: Callable[[], Awaitable[None]]) -> None:
        self.frames = Frames(home, board)
        self._home = home
        self._board = board
        self._all_entered = all_entered
        self._annotating = asyncio.Lock()
        self._slots = asyncio.Semaphore(_PARALLEL)
        self._log_slots = asyncio.Semaphore(_PARALLEL_LOGS)
        self._replays = Replays()
        self._table = RunTable(home, board.registry)
        self._watches = SearchWatches(self._evaluate, board.changes, self._count_readers, self._table.keep)

    async def search(self, search: Search) -> Page:
        """Return a page of the runs that match.

        Raises:
            ConfigError: The search is not valid.
        """
        prepare(search)
        await self._all_entered()
        return (await self._evaluate(search))[0]

    async def watch_search(self, search: Search) -> AsyncIterator[SearchUpdate]:
        """Yield the page of a search, then each change of it, without end.

        Raises:
            ConfigError: The search is not valid.
        """
        prepare(search)
        await self._all_entered()
        async for update in self._watches.watch(search):
            yield update

    async def annotate(self, run_id: str, change: AnnotationChange, by: str) -> RunSummary:
        """Change name, tags, notes or star of a run; return it.

        Raises:
            UnknownRunError: There is no such run.
            ConfigError: The change is not valid.
            MosaicError: It cannot be written.
        """
        check_names(by=by)
        check_change(change)
        run = self._board.get(run_id)
        async with self._annotating:
            run = await asyncio.to_thread(_annotate, RunFolder.of(self._home, run_id), run, change, by)
            self._board.annotate(run)
        return self._board.get(run_id)

    async def read_log(self, run_id: str, query: LogQuery) -> LogPage:
        """Return lines of a run's log.

        Raises:
            UnknownRunError: There is no such run.
            ConfigError: The query is not valid, or its pattern takes too long.
            MosaicError: The log cannot be read.
        """
        folder = RunFolder.of(self._home, self._board.get(run_id).run_id)
        async with self._log_slots:
            return await asyncio.to_thread(read_log, folder, query)

    async def find_failure(self, run_id: str) -> Failure:
        """Return the place in a run's logs that says why it failed.

        Raises:
            UnknownRunError: There is no such run.
            MosaicError: The logs cannot be read.
        """
        first = failed_workers(self._board.get(run_id))
        folder = RunFolder.of(self._home, run_id)
        async with self._log_slots:
            return await asyncio.to_thread(find_failure, folder, first)

    async def replay(self, run_id: str, query: ReplayQuery) -> AsyncIterator[ReplayUpdate]:
        """Yield an episode's pictures, played again or stored; the last update has the ``end``.

        Raises:
            UnknownRunError: There is no such run.
            ConfigError: The query is not valid.
            UsageError: There is no such episode.
            TelemetryError: The run's database cannot be read.
        """
        folder = RunFolder.of(self._home, self._board.get(run_id).run_id)
        async with contextlib.aclosing(self._replays.replay(folder, query)) as updates:
            async for update in updates:
                yield update

    @property
    def busy(self) -> bool:
        """Whether an episode is being played again."""
        return self._replays.busy

    async def read(self, run_id: str, function: Callable[[RunFolder], R]) -> R:
        """Return what a function reads of a run's folder, in a thread.

        Raises:
            UnknownRunError: There is no such run.
        """
        folder = RunFolder.of(self._home, self._board.get(run_id).run_id)
        async with self._slots:
            return await asyncio.to_thread(function, folder)

    async def _evaluate(self, search: Search) -> tuple[Page, float]:
        """Return a page of the runs that match, and the CPU seconds that it cost."""
        now = time.time()
        prepared = prepare(search, now)
        current, curves = self._board.current(), self._board.curves() if search.curve_points else {}

        def evaluate() -> tuple[Page, float]:
            began = time.thread_time()
            runs = self._table.runs() | current
            facts = self._table.facts(runs) if prepared.needs_facts else {}
            entries = (Entry(run, facts.get(run_id, NO_FACTS)) for run_id, run in runs.items())
            page = search_runs(
                prepared,
                entries,
                now,
                curves_of=lambda ids, points: self._table.curves(ids, points, curves),
                metrics_of=self._table.metrics,
            )
            return page, time.thread_time() - began

        async with self._slots:
            page, cost_s = await asyncio.to_thread(evaluate)
        for row in page.runs:
            row.run = self._board.with_cause(row.run)
        return page, cost_s

    def _count_readers(self, readers: int) -> None:
        self._board.search_watchers = readers


def _annotate(folder: RunFolder, run: RunSummary, change: AnnotationChange, by: str) -> RunSummary:
    plan = load_plan(folder)
    annotation = changed(annotation_to_change(folder), change, plan.tags, by=by)
    write_annotation(folder, annotation)
    return annotated(msgspec.structs.replace(run, run_name=plan.run_name, tags=plan.tags), annotation)
