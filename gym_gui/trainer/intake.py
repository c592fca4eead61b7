"""Takes submissions in: those of different clients side by side, those of one client in the order in which they came.

To check a config may take a while: a worker's interpreter may have to be asked about an environment that is new. Only
the client that submitted it waits for that.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from gym_gui.core.worker.errors import MosaicError
from gym_gui.runs import RunPlan, RunSummary
from gym_gui.trainer.submission import RunRequest

T = TypeVar("T")
Submit = Callable[[RunRequest, Callable[[], None]], tuple[RunPlan, RunSummary]]

#: Threads for what may have to ask a worker's interpreter; most of them wait. Other calls have threads of their own.
THREADS = 32


class Withdrawn(MosaicError):  # noqa: N818 - an answer that no client waits for
    """The client that submitted a run went away before it was written."""


class Ticket:
    """One submission: until it is committed to it can be withdrawn, and not after."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._committed = False
        self._withdrawn = False

    def commit(self) -> None:
        """Begin to write.

        Raises:
            Withdrawn: No client waits for the run any more; write nothing.
        """
        with self._lock:
            if self._withdrawn:
                raise Withdrawn("the submission was given up", next_step="submit the run again")
            self._committed = True

    def withdraw(self) -> bool:
        """Give the submission up; return whether that was in time."""
        with self._lock:
            self._withdrawn = not self._committed
            return self._withdrawn


class Intake:
    """The submissions under way.

    Args:
        submit: Checks and writes a run in a thread; calls what it is given before it writes anything.
        enter: Takes a run that is written, in the event loop.
    """

    def __init__(self, submit: Submit, enter: Callable[[RunPlan, RunSummary], object]) -> None:
        self._submit = submit
        self._enter = enter
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="intake")
        self._open: dict[asyncio.Task[str], Ticket] = {}
        self._last: dict[str, asyncio.Task[str]] = {}

    @property
    def busy(self) -> bool:
        """Whether a submission is under way."""
        return bool(self._open)

    async def do(self, act: Callable[[], T]) -> T:
        """Do what may have to ask a worker's interpreter in a thread, and return what it returns."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, act)

    async def submit(self, request: RunRequest, client: str = "") -> str:
        """Submit a run and return its id: it is on record and queued when this returns.

        If the caller is cancelled the run is not written, or else is entered.

        Args:
            request: The run.
            client: Tells clients apart: the runs of one are taken in their order. Empty: no order is kept.

        Raises:
            ConfigError: The config is not valid.
            MosaicError: The disk refused.
        """
        ticket = Ticket()
        task = asyncio.create_task(self._take(request, ticket, self._last.get(client)))
        self._open[task] = ticket
        if client:
            self._last[client] = task
        task.add_done_callback(lambda done: self._forget(done, client))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if ticket.withdraw():
                task.cancel()
            raise

    async def close(self) -> None:
        """Give up what is not written, and enter what is."""
        for task, ticket in self._open.items():
            if ticket.withdraw():
                task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _take(self, request: RunRequest, ticket: Ticket, before: asyncio.Task[str] | None) -> str:
        if before is not None:
            await asyncio.wait((before,))
        plan, run = await self.do(lambda: self._submit(request, ticket.commit))
        self._enter(plan, run)
        return plan.run_id

    def _forget(self, task: asyncio.Task[str], client: str) -> None:
        del self._open[task]
        if self._last.get(client) is task:
            del self._last[client]
        with contextlib.suppress(asyncio.CancelledError):
            task.exception()  # told to the caller, unless there is none any more
