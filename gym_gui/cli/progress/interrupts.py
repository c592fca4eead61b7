"""Counts Ctrl-C and SIGTERM instead of being torn out of whatever is going on."""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import Any

from gym_gui.cli.output import echo


class Interrupts:
    """While entered, Ctrl-C and SIGTERM only count; the loop looks at :attr:`count` when it suits it."""

    def __init__(self) -> None:
        self.count = 0
        self.name = "Ctrl-C"
        """What came last."""
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Interrupts:
        self._before = {number: signal.signal(number, self._take) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *_: object) -> None:
        for number, action in self._before.items():
            signal.signal(number, action)

    @property
    def by_hand(self) -> bool:
        """Whether somebody is there who can be asked: SIGTERM comes from a program."""
        return self.name == "Ctrl-C"

    def _take(self, number: int, _frame: FrameType | None) -> None:
        self.count += 1
        self.name = "Ctrl-C" if number == signal.SIGINT else "SIGTERM"

    def _leave_question(self, number: int, frame: FrameType | None) -> None:
        self._take(number, frame)
        raise KeyboardInterrupt

    def ask(self, question: str) -> str | None:
        """Read an answer from the terminal; the question stands on stderr, since stdout may hold a document.

        Returns:
            What was typed; ``None`` if Ctrl-C was pressed instead, or SIGTERM came; empty at the end of input.
        """
        for number in self._before:
            signal.signal(number, self._leave_question)
        try:
            echo(question, nl=False, err=True)
            return sys.stdin.readline()
        except KeyboardInterrupt:
            return None
        finally:
            for number in self._before:
                signal.signal(number, self._take)
