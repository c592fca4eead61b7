"""Signals that wait until an iteration is whole, so that the last checkpoint is, too."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from types import FrameType, TracebackType
from typing import Any

#: How long a signal may wait for the end of an iteration, in seconds; the supervisor kills 30 s after its SIGTERM.
GRACE_S = 10.0


class Signals:
    """Hands SIGTERM and SIGINT to the former handler: at once, or in :meth:`held` when it is convenient.

    It also remembers them: a handler's exception that arises inside of Ray may come out of it as another one. Outside
    the main thread, where Python delivers no signals, it does nothing.

    Args:
        grace_s: How long a signal waits at most, in seconds.
    """

    def __init__(self, grace_s: float = GRACE_S) -> None:
        self.asked: int | None = None
        self.pending: int | None = None
        self._grace_s, self._holding = grace_s, False
        self._former: dict[int, Any] = {}
        self._timer: threading.Timer | None = None

    def __enter__(self) -> Signals:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                self._former[number] = signal.signal(number, self._hear)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._restore()
        if self.pending and error is None:
            self.deliver()

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold signals back until :meth:`deliver`, until the block ends, or until the grace is over."""
        self._holding = True
        try:
            yield
        finally:
            self._holding = False
        if self.pending:
            self.deliver()

    def deliver(self) -> None:
        """Hand a signal that waits to the handler that was there before."""
        self._restore()
        if self.pending:
            number, self.pending = self.pending, None
            signal.raise_signal(number)

    def _hear(self, number: int, _frame: FrameType | None) -> None:
        first, self.asked, self.pending = self.asked is None, number, number
        if not self._holding or not first:
            self.deliver()
            return
        # Iterations wait inside of Ray, where no clock is read: the signal comes again, and then counts.
        self._timer = threading.Timer(self._grace_s, os.kill, (os.getpid(), number))
        self._timer.daemon = True
        self._timer.start()

    def _restore(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for number, handler in self._former.items():
            signal.signal(number, handler)
        self._former.clear()


__all__ = ["GRACE_S", "Signals"]
