"""A polite request to end, as an exception."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from typing import Any, Iterator

_AGAIN_S = 0.02


class Cancelled(BaseException):
    """This process was asked to end. Not an :class:`Exception`, so that training loops do not swallow it.

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

    def __reduce__(self) -> tuple[type[Cancelled], tuple[int]]:
        """Copy by the signal: libraries copy exceptions on their way through, by what their message was made of."""
        return type(self), (self.signal_number,)


@contextlib.contextmanager
def cancel_on_signals() -> Iterator[None]:
    """Raise :class:`Cancelled` in the main thread at the first SIGTERM or SIGINT.

    A further SIGTERM is ignored, so that what is being said and saved gets out; a further SIGINT interrupts. Where the
    exception goes nowhere (in a destructor, in a callback from C) it is raised again a moment later. Child
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

    main = threading.get_ident()
    former_hook = sys.unraisablehook

    def ask_again(number: int) -> None:
        if sys.unraisablehook is retry_cancel:  # it has not ended meanwhile
            signal.pthread_kill(main, number)

    def retry_cancel(unraisable: Any) -> None:
        if not isinstance(unraisable.exc_value, Cancelled):
            former_hook(unraisable)
            return
        number = unraisable.exc_value.signal_number
        signal.signal(number, cancel)
        # From another thread, since what is raised in here would go nowhere either.
        again = threading.Timer(_AGAIN_S, ask_again, (number,))
        again.daemon = True
        again.start()

    before = {number: signal.signal(number, cancel) for number in (signal.SIGTERM, signal.SIGINT)}
    sys.unraisablehook = retry_cancel
    try:
        yield
    finally:
        if sys.unraisablehook is retry_cancel:
            sys.unraisablehook = former_hook
        # An ignored SIGTERM stays ignored until the process has said how it ended; what ended normally has said so.
        for number, handler in before.items():
            if signal.getsignal(number) is cancel:
                signal.signal(number, handler)


@contextlib.contextmanager
def ignore_signals() -> Iterator[None]:
    """Ignore SIGTERM and SIGINT inside the block; does nothing outside the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)  # None: set by code in C


__all__ = ["Cancelled", "cancel_on_signals", "ignore_signals"]
