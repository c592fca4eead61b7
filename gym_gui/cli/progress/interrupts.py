"""Counts Ctrl-C and SIGTERM instead of being torn out of whatever is going on; asks a question of one key."""

from __future__ import annotations

import os
import signal
import stat
import sys
import termios
import tty
from types import FrameType
from typing import Any

from gym_gui.cli.output import echo


class Interrupts:
    """While entered, Ctrl-C and SIGTERM only count; the loop looks at :attr:`pending` when it suits it."""

    def __init__(self) -> None:
        self.count = 0
        self.name = "Ctrl-C"
        """What came last."""
        self._handled = 0
        # Asked before anything is lost: once the reader of the pipe has ended, stdout is the null device.
        self._in_pipeline = stat.S_ISFIFO(os.fstat(1).st_mode)
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Interrupts:
        self._before = {number: signal.signal(number, self._note) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *_: object) -> None:
        for number, action in self._before.items():
            signal.signal(number, action)

    @property
    def pending(self) -> bool:
        """Whether one has come that was not acted on: however early it came, it is not lost."""
        return self.count > self._handled

    def handle(self) -> None:
        """Act on all that have come: none of them is pending any more."""
        self._handled = self.count

    @property
    def can_ask(self) -> bool:
        """Whether a user is there who can be asked.

        SIGTERM comes from a program. In a pipeline the same Ctrl-C has ended the other programs, and the shell may have
        taken the terminal back.
        """
        if self.name != "Ctrl-C" or not (sys.stdin.isatty() and sys.stderr.isatty()):
            return False
        return not self._in_pipeline and os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()

    def ask(self, question: str, keys: str) -> str | None:
        """Read one key from the terminal; the question stands on stderr, since stdout may hold a document.

        Args:
            question: What is asked, with the keys.
            keys: Those that answer; Enter, or the end of input, is the first of them. Others are not heeded.

        Returns:
            The key; ``None`` if Ctrl-C was pressed instead, or SIGTERM came.
        """
        terminal = sys.stdin.fileno()
        before = termios.tcgetattr(terminal)
        for number in self._before:
            signal.signal(number, self._leave_question)
        try:
            echo(f"{question} ", nl=False, err=True)
            tty.setcbreak(terminal)
            while (key := os.read(terminal, 1).decode("ascii", "replace").lower()) not in tuple(keys):
                if key in ("", "\n", "\r", "\x04"):
                    return keys[0]
            return key
        except KeyboardInterrupt:
            return None
        finally:
            for number in self._before:
                signal.signal(number, self._note)
            termios.tcsetattr(terminal, termios.TCSADRAIN, before)
            echo(err=True)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self.count += 1
        self.name = "Ctrl-C" if number == signal.SIGINT else "SIGTERM"

    def _leave_question(self, number: int, frame: FrameType | None) -> None:
        self._note(number, frame)
        raise KeyboardInterrupt
