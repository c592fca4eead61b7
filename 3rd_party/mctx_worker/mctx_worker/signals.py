"""Signals that wait until an iteration is finished, so that the last checkpoint is a whole one."""

from __future__ import annotations

import signal
import threading
import time
from types import FrameType, TracebackType
from typing import Any

#: Seconds that a signal waits for an iteration: a supervisor kills 30 s after its SIGTERM.
PATIENCE_S = 12.0


class HeldSignals:
    """Holds back SIGTERM and SIGINT until :meth:`deliver` hands them to the handler that was there before.

    A second signal is handed on at once.
    Outside the main thread, where Python delivers no signals, it does nothing.
    """

    def __init__(self) -> None:
        self.pending: int | None = None
        self._pending_since = 0.0
        self._former: dict[int, Any] = {}

    def __enter__(self) -> HeldSignals:
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

    @property
    def is_late(self) -> bool:
        """Whether a signal has waited longer than it may."""
        return self.pending is not None and time.monotonic() - self._pending_since > PATIENCE_S

    def deliver(self) -> None:
        """Hand on a signal that waits."""
        self._restore()
        if self.pending:
            number, self.pending = self.pending, None
            signal.raise_signal(number)

    def _hold(self, number: int, _frame: FrameType | None) -> None:
        if self.pending:
            self.deliver()
        self.pending, self._pending_since = number, time.monotonic()

    def _restore(self) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)
        self._former.clear()
