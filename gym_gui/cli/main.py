"""Entry point of the ``mosaic`` command. Imports next to nothing, so that it sees to signals and streams first."""

from __future__ import annotations

import functools
import os
import signal
import sys
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any

from gym_gui.cli import exits

#: Seconds after which an interruption that Python ignored is raised again.
_AGAIN_S = 0.01


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: Command line without the program's name; default: that of this process, whose streams are then made
            fit for whatever comes.

    Returns:
        The exit code.
    """
    try:
        if arguments is None:
            _end_in_good_order()
            os.environ.setdefault("GRPC_VERBOSITY", "ERROR")  # failed handshakes are told once, in MOSAIC's words
            from gym_gui.cli.streams import prepare_streams

            prepare_streams()
        from gym_gui.cli.root import run

        code = run(sys.argv[1:] if arguments is None else list(arguments))
        if arguments is None:
            _flush()
    except KeyboardInterrupt:  # while something was imported
        os.write(2, b"interrupted\n")
        return exits.INTERRUPTED
    return code


def _end_in_good_order() -> None:
    """Let SIGTERM, and SIGHUP unless ignored (nohup), end a command as Ctrl-C does, which leaves no children behind."""
    sys.unraisablehook = functools.partial(_raise_again, sys.unraisablehook)
    for number in (signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, _interrupt)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, _interrupt)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _raise_again(report: Callable[[Any], object], unraisable: Any) -> None:
    """Let an interruption come once more that was raised where Python ignores exceptions, as in a finalizer."""
    if issubclass(unraisable.exc_type, KeyboardInterrupt):
        signal.setitimer(signal.ITIMER_REAL, _AGAIN_S)  # not now: here it would be ignored again
    else:
        report(unraisable)


def _flush() -> None:
    """Write what is buffered while failures are noted: later the interpreter would exit with a code of its own."""
    sys.stdout.flush()
    sys.stderr.flush()
