"""Signals that wait while an update is under way, so that the last checkpoint is a whole one."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any


class HeldSignals:
    """Holds back SIGTERM and SIGINT between :meth:`hold` and :meth:`release`.

    A second signal is handed on at once. Outside the main thread, where Python delivers no signals, it does nothing.
    """

    def __init__(self) -> None:
        self.pending: int | None = None
        self._former: dict[int, Any] = {}

    def hold(self) -> None:
        """Let signals wait from now on."""
        if not self._former and threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                self._former[number] = signal.signal(number, self._wait)

    def release(self) -> None:
        """Let signals through, and hand on the one that waits to the handler that was there before."""
        self.restore()
        if self.pending:
            number, self.pending = self.pending, None
            signal.raise_signal(number)

    def restore(self) -> None:
        """Let signals through from now on; one that waits goes on waiting."""
        for number, handler in self._former.items():
            signal.signal(number, handler)
        self._former.clear()

    def _wait(self, number: int, _frame: FrameType | None) -> None:
        if self.pending:
            self.release()
        self.pending = number
