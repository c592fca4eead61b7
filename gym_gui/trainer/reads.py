"""What the daemon reads of its runs for clients: searches, annotations, contents of their folders.

All methods are called in the event loop; reading happens in threads.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from gym_gui.reading.curves import curve_of
from gym_gui.reading.fields import NO_FACTS, Entry
from gym_gui.reading.pages import Page
from gym_gui.reading.plan_index import PlanIndex
from gym_gui.reading.search import Prepared, Search, prepare, search_runs
from gym_gui.runs.annotation import (
    AnnotationChange,
    annotated,
    changed,
    check_change,
    read_annotation,
    write_annotation,
)
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.names import check_names
from gym_gui.runs.plan import load_plan
from gym_gui.runs.summary import CurvePoint, RunSummary
from gym_gui.trainer.board import RunBoard
from gym_gui.trainer.registry_reader import RegistryReader, open_registry_readonly

R = TypeVar("R")
#: Reads at one time; more wait.
_PARALLEL = 4


class Reads:
    """Searches and annotates the runs of a home, and reads their folders.

    Args:
        home: The home.
        board: Values of the runs.
        all_entered: Waits until the registry has all runs.
    """

    def __init__(self, home: Path, board: RunBoard, all_entered: Callable[[], Awaitable[None]]) -> None:
        self._home = home
        self._board = board
        self._all_entered = all_entered
        self._annotating = asyncio.Lock()
        self._slots = asyncio.Semaphore(_PARALLEL)

    async def search(self, search: Search) -> Page:
        """Return a page of the runs that match.

        Raises:
            ConfigError: The search is not valid.
        """
        now = time.time()
        prepared = prepare(search, now)
        await self._all_entered()
        current, curves = self._board.current(), self._board.curves() if search.curve_points else {}
        async with self._slots:
            page = await asyncio.to_thread(self._search, prepared, current, curves, now)
        for row in page.runs:
            row.run = self._board.with_cause(row.run)
        return page

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

    async def read(self, run_id: str, function: Callable[[RunFolder], R]) -> R:
        """Return what a function reads of a run's folder, in a thread.

        Raises:
            UnknownRunError: There is no such run.
        """
        folder = RunFolder.of(self._home, self._board.get(run_id).run_id)
        async with self._slots:
            return await asyncio.to_thread(function, folder)

    def _search(
        self, prepared: Prepared, current: dict[str, RunSummary], curves: dict[str, list[list[CurvePoint]]], now: float
    ) -> Page:
        with self._registry() as registry:
            runs = {run.run_id: run for run in registry.list()} | current
            facts = PlanIndex(self._home).facts(runs) if prepared.needs_facts else {}
            entries = (Entry(run, facts.get(run_id, NO_FACTS)) for run_id, run in runs.items())

            def curves_of(run_ids: Sequence[str]) -> dict[str, list[CurvePoint]]:
                found = curves | registry.curves(run_id for run_id in run_ids if run_id not in curves)
                return {run_id: curve_of(found[run_id]) for run_id in run_ids if run_id in found}

            return search_runs(prepared, entries, now, curves_of=curves_of)

    @contextlib.contextmanager
    def _registry(self) -> Iterator[RegistryReader]:
        """Open the registry by a connection of this thread: the daemon goes on writing meanwhile."""
        reader = open_registry_readonly(self._home)
        if reader is None:
            yield self._board.registry
            return
        with contextlib.closing(reader):
            yield reader


def _annotate(folder: RunFolder, run: RunSummary, change: AnnotationChange, by: str) -> RunSummary:
    plan = load_plan(folder)
    annotation = changed(read_annotation(folder), change, plan.tags, by=by)
    write_annotation(folder, annotation)
    return annotated(msgspec.structs.replace(run, run_name=plan.run_name, tags=plan.tags), annotation)
