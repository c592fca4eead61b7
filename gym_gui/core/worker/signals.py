"""A polite request to end, as an exception."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from typing import Any, Iterator


class Cancelled(BaseException):
    """Somebody asked this process to end. Not an :class:`Exception`, so that training loops do not swallow it.

    Args:
        signal_number: The signal that asked.
    """

    def __init__(self, signal_number: int = signal.SIGTERM) -> None:
        self.signal_name = signal.Signals(signal_number).name
        super().__init__(f"{self.signal_name} received")
        self.signal_number = int(signal_number)

    @property
    def exit_code(self) -> int:
        """What the process exits with."""
        return 128 + self.signal_number


@contextlib.contextmanager
def cancel_on_signals() -> Iterator[None]:
    """Raise :class:`Cancelled` in the main thread at the first SIGTERM or SIGINT.

    A further SIGTERM is ignored, so that what is being said and saved gets out; a further SIGINT interrupts. Child
    processes that were forked keep the signals' ordinary meaning. Outside the main thread nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    owner = os.getpid()

    def cancel(number: int, _frame: Any) -> None:
        if os.getpid() != owner:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
            return
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        raise Cancelled(number)

    before = {number: signal.signal(number, cancel) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        # An ignored SIGTERM stays ignored until the process has said how it ended; what ended normally has said so.
        for number, handler in before.items():
            if signal.getsignal(number) is cancel:
                signal.signal(number, handler)


__all__ = ["Cancelled", "cancel_on_signals"]
