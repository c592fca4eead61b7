"""The daemon's end of a line on which a process reports runs: their values in, what their proxies need to know out."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import NamedTuple

from gym_gui.runs import RunSummary
from gym_gui.trainer.board import RunBoard
from gym_gui.trainer.dispatcher import Dispatcher


class ReportAnswer(NamedTuple):
    """What a proxy is told about a run that it reports."""

    run_id: str
    acknowledged: int
    """Number of the last report that was taken."""
    watched: bool
    """A reader watches the run's figures."""
    streamed: bool
    """A reader follows the run's rows as they come in."""
    urgent: bool
    """The run's end was requested."""


class ReportLink:
    """One line: the runs that it has brought, and those of which something is to be told.

    Args:
        board: Takes the values.
        dispatcher: Is asked to look at the runs once the line has ended.
    """

    def __init__(self, board: RunBoard, dispatcher: Dispatcher) -> None:
        self._board = board
        self._dispatcher = dispatcher
        self._acknowledged: dict[str, int] = {}
        self._links: dict[str, contextlib.ExitStack] = {}
        self._changed: dict[str, None] = {}
        self._news = asyncio.Event()
        self._ended = False

    async def answers(self, reports: AsyncIterator[RunSummary]) -> AsyncIterator[ReportAnswer]:
        """Take reports; yield what their proxies are to know, of each run at first and after each change.

        Args:
            reports: Values of runs.

        Raises:
            UnknownRunError: The first one is of a run that there is not.
        """
        try:
            first = await anext(reports)
        except StopAsyncIteration:
            return
        self._board.get(first.run_id)
        self._take(first)
        reader = asyncio.create_task(self._read(reports))
        try:
            while not self._ended:
                self._news.clear()
                while self._changed and not self._ended:
                    run_id = next(iter(self._changed))
                    del self._changed[run_id]
                    yield self._answer(run_id)
                await self._news.wait()
        finally:
            reader.cancel()
            try:
                with contextlib.suppress(asyncio.CancelledError):
                    await reader
            finally:  # a report that could not be read ends the reader with its error
                for run_id, link in self._links.items():
                    link.close()
                    self._dispatcher.look(run_id)

    async def _read(self, reports: AsyncIterator[RunSummary]) -> None:
        try:
            async for run in reports:
                self._take(run)
        finally:
            self._ended = True
            self._news.set()

    def _take(self, run: RunSummary) -> None:
        if run.run_id not in self._links:
            self._links[run.run_id] = contextlib.ExitStack()
            self._links[run.run_id].enter_context(self._board.link(run.run_id, self._note))
        self._board.publish(run)
        self._acknowledged[run.run_id] = run.report
        self._note(run.run_id)

    def _note(self, run_id: str) -> None:
        self._changed[run_id] = None
        self._news.set()

    def _answer(self, run_id: str) -> ReportAnswer:
        board = self._board
        return ReportAnswer(
            run_id,
            self._acknowledged[run_id],
            board.watched(run_id),
            board.streamed(run_id),
            board.urgent(run_id),
        )
