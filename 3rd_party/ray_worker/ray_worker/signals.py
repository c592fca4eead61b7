"""Signals that wait until an iteration is whole, so that the last checkpoint is, too."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType, TracebackType
from typing import Any

#: How long a signal may wait for the end of an iteration, in seconds; the supervisor kills 30 s after its SIGTERM.
GRACE_S = 8.0


class DeferredSignals:
    """Holds back SIGTERM and SIGINT until :meth:`deliver`, or until the grace is over.

    The former handler then takes them. A second signal is handed on at once. Outside the main thread, where Python
    delivers no signals, it does nothing.

    Args:
        grace_s: How long, in seconds.
    """

    def __init__(self, grace_s: float = GRACE_S) -> None:
        self.pending: int | None = None
        self._grace_s = grace_s
        self._former: dict[int, Any] = {}
        self._timer: threading.Timer | None = None

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

    def _hold(self, number: int, _frame: FrameType | None) -> None:
        if self.pending:
            self.deliver()
            return
        self.pending = number
        # Iterations wait inside of Ray, where nobody looks at a clock: the signal comes again, and then counts.
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


__all__ = ["GRACE_S", "DeferredSignals"]
