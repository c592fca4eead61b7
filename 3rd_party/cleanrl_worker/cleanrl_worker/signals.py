"""Signals that wait until nothing is half done, so that the last checkpoint is a whole one."""

from __future__ import annotations

import signal
import threading
import time
from types import FrameType, TracebackType
from typing import Any

#: How long a signal may wait for a safe point, in seconds; the supervisor kills 30 s after its SIGTERM.
GRACE_S = 10.0


class DeferredSignals:
    """Holds back SIGTERM and SIGINT until the training is at a safe point, then hands them to the former handler.

    A second signal is handed on at once. Outside the main thread, where Python delivers no signals, it does nothing.
    """

    def __init__(self, grace_s: float = GRACE_S) -> None:
        self.pending: int | None = None
        self._grace_s, self._deadline = grace_s, 0.0
        self._former: dict[int, Any] = {}

    def __enter__(self) -> DeferredSignals:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                self._former[number] = signal.signal(number, self._hold)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._restore()
        if self.pending and error is None:
            self.deliver()

    def deliver(self) -> None:
        """Hand a signal that waits to the handler that was there before."""
        self._restore()
        if self.pending:
            number, self.pending = self.pending, None
            signal.raise_signal(number)

    def deliver_overdue(self) -> None:
        """Hand on a signal that has waited too long for a safe point."""
        if self.pending and time.monotonic() > self._deadline:
            self.deliver()

    def _hold(self, number: int, _frame: FrameType | None) -> None:
        if self.pending:
            self.deliver()
        self.pending, self._deadline = number, time.monotonic() + self._grace_s

    def _restore(self) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)
        self._former.clear()
