"""The window's link to the daemon: calls run in an event loop of a thread of its own, answers arrive in the UI thread.

Answers are delivered at most 30 times a second, all that have come in since together; nothing wakes the window while
nothing arrives.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import sys
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from shiboken6 import isValid

from gym_gui.core.worker.errors import MosaicError, UsageError
from gym_gui.rpc import AsyncTrainerClient

T = TypeVar("T")
logger = logging.getLogger(__name__)
#: Seconds between two deliveries at least.
_PAUSE_S = 0.033
#: Seconds of one delivery after which the window gets a turn.
_SLICE_S = 0.006
#: Seconds that a thread of Python may keep the others waiting. Qt gives the lock of Python away in each of its calls:
#: with the 5 ms of Python, the window would wait for dozens of them while something is decoded.
_SWITCH_S = 0.0005
#: Seconds after a failure until a watch begins again: the first time, and at most.
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.5, 10.0
_FAILED = "the window failed"
Connect = Callable[[], Awaitable[AsyncTrainerClient]]


class Asked:
    """Something that was asked; nothing of it arrives after :meth:`cancel`, or once its owner is gone.

    Args:
        owner: Who waits for it; without one nothing was asked.
    """

    def __init__(self, owner: QObject | None = None) -> None:
        self._owner = owner
        self._task: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.pending = owner is not None
        """No answer and no error has come in yet, and it was not cancelled; a watch is pending while it goes on."""

    def cancel(self) -> None:
        """End it."""
        self.pending = False
        if self._loop is not None and self._task is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._task.cancel)

    def arrive(self, deliver: Callable[[], object], *, last: bool = False) -> None:
        """Deliver something if it is still waited for; in the UI thread."""
        if self.pending and isValid(self._owner):
            self.pending = not last
            deliver()


class _Pending(Generic[T]):
    """The newest value of a watch that was not delivered."""

    def __init__(self, merge: Callable[[T, T], T] | None) -> None:
        self._lock = threading.Lock()
        self._merge = merge
        self._values: list[T] = []

    def put(self, value: T) -> bool:
        """Take a value; return whether it has to be delivered: an earlier one waits already otherwise."""
        with self._lock:
            first = not self._values
            self._values = [value if first or self._merge is None else self._merge(self._values[0], value)]
            return first

    def take(self) -> T:
        with self._lock:
            return self._values.pop()


class DaemonLink(QObject):
    """Asks the daemon on behalf of widgets.

    Args:
        connect: Connects to the daemon; may have to start it.
        parent: As of any object of Qt.
    """

    changed = Signal()
    """:attr:`problem` has changed."""
    _arrived = Signal()

    def __init__(self, connect: Connect, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.problem: MosaicError | None = None
        """Why the daemon cannot be reached; ``None``: it answers, or was not asked yet."""
        self._connect = connect
        self._client: AsyncTrainerClient | None = None
        self._inbox: deque[Callable[[], None]] = deque()
        self._due = False
        self._last = 0.0
        self._closed = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="daemon-link", daemon=True)
        self._opening: asyncio.Lock | None = None
        self._arrived.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    def start(self) -> None:
        """Begin; what was asked before waits until then."""
        sys.setswitchinterval(_SWITCH_S)
        self._thread.start()

    def close(self) -> None:
        """Drop what is asked, and disconnect."""
        if self._closed:
            return
        self._closed = True
        if not self._thread.is_alive():  # it was never started
            self._loop.close()
            return
        try:
            asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(timeout=5)
        except concurrent.futures.TimeoutError:  # the window closes anyway
            logger.warning("the connection to the daemon did not close in time")
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)
        if not self._thread.is_alive():
            self._loop.close()

    def ask(
        self,
        owner: QObject,
        make: Callable[[AsyncTrainerClient], Awaitable[T]],
        then: Callable[[T], object],
        failed: Callable[[MosaicError], object] | None = None,
    ) -> Asked:
        """Make one call.

        Args:
            owner: The answer is dropped once it is gone.
            make: Makes the call.
            then: Gets the answer, in the UI thread.
            failed: Gets the error, likewise; without it the error is logged.
        """

        async def call() -> T:
            return await make(await self._connected())

        return self._once(owner, call, then, failed)

    def run(
        self,
        owner: QObject,
        function: Callable[[], T],
        then: Callable[[T], object],
        failed: Callable[[MosaicError], object] | None = None,
    ) -> Asked:
        """Run a function that takes time in a thread; arguments as of :meth:`ask`."""
        return self._once(owner, lambda: asyncio.to_thread(function), then, failed)

    def watch(
        self,
        owner: QObject,
        make: Callable[[AsyncTrainerClient], AsyncIterator[T]],
        take: Callable[[T], object],
        *,
        merge: Callable[[T, T], T] | None = None,
        failed: Callable[[MosaicError], object] | None = None,
    ) -> Asked:
        """Follow something until it ends or is cancelled; begin again after failures that pass.

        Args:
            owner: The values are dropped once it is gone.
            make: Makes the stream.
            take: Gets values, in the UI thread.
            merge: Makes one value of two that have not been delivered; without it the newer one counts.
            failed: Gets an error that no repetition fixes, such as a query that cannot be read.
        """
        asked = Asked(owner)
        pending: _Pending[T] = _Pending(merge)

        async def follow() -> None:
            wait_s = _FIRST_WAIT_S
            while True:
                client = None
                try:
                    client = await self._connected()
                    async for value in make(client):
                        wait_s = _FIRST_WAIT_S
                        self._tell(None)
                        if pending.put(value):
                            self._post(lambda: asked.arrive(lambda: take(pending.take())))
                    return
                except Exception as error:  # noqa: BLE001 - likewise
                    fault = _fault(error)
                if client is not None and (isinstance(fault, UsageError) or fault.what.startswith(_FAILED)):
                    self._fail(asked, fault, failed or (lambda _fault: None))
                    return
                self._tell(fault)
                await asyncio.sleep(wait_s)
                wait_s = min(wait_s * 2, _LONGEST_WAIT_S)

        return self._begin(asked, follow())

    def _once(
        self,
        owner: QObject,
        call: Callable[[], Awaitable[T]],
        then: Callable[[T], object],
        failed: Callable[[MosaicError], object] | None,
    ) -> Asked:
        asked = Asked(owner)

        async def do() -> None:
            try:
                answer = await call()
            except Exception as error:  # noqa: BLE001 - whatever it is, the asker is told
                self._fail(asked, _fault(error), failed or (lambda fault: logger.warning("%s", fault)))
            else:
                self._post(lambda: asked.arrive(lambda: then(answer), last=True))

        return self._begin(asked, do())

    def _begin(self, asked: Asked, work: Coroutine[Any, Any, None]) -> Asked:
        asked._loop = self._loop
        if self._closed:  # a widget that is about to go asks for nothing any more
            work.close()
            return asked

        def create() -> None:
            asked._task = self._loop.create_task(work)
            if not asked.pending:
                asked._task.cancel()

        self._loop.call_soon_threadsafe(create)
        return asked

    async def _connected(self) -> AsyncTrainerClient:
        if self._opening is None:
            self._opening = asyncio.Lock()
        async with self._opening:
            if self._client is None:
                try:
                    self._client = await self._connect()
                except MosaicError as error:
                    self._tell(error)
                    raise
                self._tell(None)
        return self._client

    async def _close(self) -> None:
        current = asyncio.current_task()
        tasks = [task for task in asyncio.all_tasks() if task is not current]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._client is not None:
            await self._client.close()

    def _tell(self, problem: MosaicError | None) -> None:
        """Take note of whether the daemon answers."""
        if (problem and str(problem)) == (self.problem and str(self.problem)):
            return
        self.problem = problem
        self._post(self.changed.emit)

    def _fail(self, asked: Asked, fault: MosaicError, failed: Callable[[MosaicError], object]) -> None:
        self._post(lambda: asked.arrive(lambda: failed(fault), last=True))

    def _post(self, deliver: Callable[[], None]) -> None:
        """Have something called in the UI thread; in the loop's thread."""
        self._inbox.append(deliver)
        if not self._due:
            self._due = True
            self._loop.call_later(max(0.0, self._last + _PAUSE_S - time.monotonic()), self._announce)

    def _announce(self) -> None:
        self._due = False
        self._last = time.monotonic()
        if not self._closed:
            self._arrived.emit()

    def _deliver(self) -> None:
        until = time.monotonic() + _SLICE_S
        while self._inbox and not self._closed:  # what is shown after the window has closed would keep it alive
            deliver = self._inbox.popleft()
            try:
                deliver()
            except Exception:
                logger.exception("the window cannot show what arrived")
            if time.monotonic() > until and self._inbox:
                QTimer.singleShot(0, self._deliver)
                return


def _fault(error: Exception) -> MosaicError:
    if isinstance(error, MosaicError):
        return error
    logger.error("a call of the window failed", exc_info=error)
    return MosaicError(
        f"{_FAILED}: {type(error).__name__}: {error}", next_step="look into the terminal that started it"
    )
