"""Signals that wait until nothing is half done, so that the last checkpoint is a whole one."""

from __future__ import annotations

import math
import os
import signal
import threading
import time
from types import FrameType, TracebackType
from typing import Any


class HeldSignals:
    """Holds back SIGTERM and SIGINT until :meth:`deliver` hands them to the handler that was there before.

    As a context manager it holds them in the block, and delivers what waits at its end, unless an exception ends it;
    or :meth:`hold` and :meth:`deliver` mark where an update begins and where it is whole. A training asks for
    :attr:`pending` where it could be continued from, saves a checkpoint and delivers. A second signal is delivered at
    once. Nothing is held outside the main thread, where Python runs no handlers, and in processes that are forked.

    Args:
        patience_s: Seconds after which a signal that waits is late. The supervisor kills 30 s after its SIGTERM.
    """

    def __init__(self, patience_s: float = math.inf) -> None:
        self.pending: int | None = None
        self._patience_s, self._since = patience_s, 0.0
        self._former: dict[int, Any] = {}
        self._owner = 0

    def __enter__(self) -> HeldSignals:
        self.hold()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.deliver()
        else:
            self.restore()

    @property
    def is_late(self) -> bool:
        """Whether a signal has waited longer than it may."""
        return self.pending is not None and time.monotonic() - self._since > self._patience_s

    def hold(self) -> None:
        """Hold signals back from now on."""
        if not self._former and threading.current_thread() is threading.main_thread():
            self._owner = os.getpid()
            for number in (signal.SIGTERM, signal.SIGINT):
                self._former[number] = signal.signal(number, self._wait)

    def restore(self) -> None:
        """Hold no more signals back; one that waits goes on waiting."""
        for number, handler in self._former.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)  # None: set by code in C
        self._former.clear()

    def deliver(self) -> None:
        """Hold no more signals back, and hand on the one that waits."""
        self.restore()
        if self.pending is not None:
            number, self.pending = self.pending, None
            signal.raise_signal(number)

    def deliver_if_late(self) -> None:
        """Deliver a signal that has waited longer than it may; the last checkpoint is then an older one."""
        if self.is_late:
            self.deliver()

    def _wait(self, number: int, _frame: FrameType | None) -> None:
        if os.getpid() != self._owner:
            self.restore()
            signal.raise_signal(number)
            return
        if self.pending is not None:
            self.deliver()
        self.pending, self._since = number, time.monotonic()


__all__ = ["HeldSignals"]
