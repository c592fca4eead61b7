"""Lets a signal end a command as Ctrl-C does, whatever the command is just doing."""

from __future__ import annotations

import functools
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

#: Seconds after which a signal is tried again that came where it could not be acted on.
_AGAIN_S = 0.01
#: Where an exception out of the blue is lost, or breaks what is being done: a module, and a function unless it is all.
#: Compiled code that modules call while they are loaded may clear it (pydantic); a call that gRPC has half begun is
#: waited for when the channel is closed.
_DEFERRED_IN = (("importlib._bootstrap", ""), ("pydantic._internal", ""), ("grpc._channel", "create"))


def end_in_good_order() -> None:
    """Let SIGTERM, and SIGHUP unless ignored (nohup), end a command as Ctrl-C does, which leaves no children behind."""
    sys.unraisablehook = functools.partial(_send_again, sys.unraisablehook)
    signal.signal(signal.SIGTERM, _interrupt)
    for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
        if signal.getsignal(number) == usual:
            signal.signal(number, _interrupt)


def end_at_once() -> None:
    """Let signals end the process from now on: a command has done its work, and what is left is the interpreter's."""
    signal.setitimer(signal.ITIMER_REAL, 0)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) is _interrupt:
            signal.signal(number, signal.SIG_DFL)


def _interrupt(number: int, frame: FrameType | None) -> None:
    if _is_deferred(frame):
        _later(number)
    else:
        raise KeyboardInterrupt


def _is_deferred(frame: FrameType | None) -> bool:
    while frame is not None:
        module = str(frame.f_globals.get("__name__"))
        for start, function in _DEFERRED_IN:
            if module.startswith(start) and function in ("", frame.f_code.co_name):
                return True
        frame = frame.f_back
    return False


def _later(number: int) -> None:
    """Let a signal come once more, for whichever handler there is then."""
    signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(number))
    signal.setitimer(signal.ITIMER_REAL, _AGAIN_S)


def _send_again(report: Callable[[Any], object], unraisable: Any) -> None:
    """Let an interruption come once more that was raised where Python ignores exceptions, as in a finalizer."""
    if issubclass(unraisable.exc_type, KeyboardInterrupt):
        _later(signal.SIGTERM)  # not now: here it would be ignored again; SIGINT may be ignored altogether
    else:
        report(unraisable)
