"""A request to stop that waits until nothing is half done, so that the last checkpoint is a whole one."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any


class StopRequest:
    """Holds back SIGTERM and SIGINT while its block runs, then hands them to the handler that was there before.

    A second signal is handed on at once. Outside the main thread, where Python delivers no signals, it does nothing.
    """

    def __init__(self) -> None:
        self.requested = False
        #: Called when a request comes; wakes the event loop.
        self.wake: Callable[[], Any] | None = None
        self._number = 0
        self._former: dict[int, Any] = {}

    def __enter__(self) -> StopRequest:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                self._former[number] = signal.signal(number, self._hold)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._restore()
        if self.requested and error is None:
            signal.raise_signal(self._number)

    def _hold(self, number: int, _frame: FrameType | None) -> None:
        if self.requested:
            self._restore()
            signal.raise_signal(number)
            return
        self.requested, self._number = True, number
        if self.wake is not None:
            self.wake()

    def _restore(self) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)
        self._former.clear()
