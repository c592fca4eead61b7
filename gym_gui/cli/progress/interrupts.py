"""Counts Ctrl-C instead of being torn out of whatever is going on."""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import Any

import click


class Interrupts:
    """While entered, Ctrl-C only counts; the loop looks at :attr:`count` when it suits it."""

    def __init__(self) -> None:
        self.count = 0
        self._before: Any = None

    def __enter__(self) -> Interrupts:
        self._before = signal.signal(signal.SIGINT, self._take)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _take(self, _number: int, _frame: FrameType | None) -> None:
        self.count += 1

    def ask(self, question: str) -> str | None:
        """Read an answer from the terminal; the question stands on stderr, since stdout may hold a document.

        Returns:
            What was typed; ``None`` if Ctrl-C was pressed instead; empty at the end of input.
        """
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            click.echo(question, nl=False, err=True)
            return sys.stdin.readline()
        except KeyboardInterrupt:
            self.count += 1
            return None
        finally:
            signal.signal(signal.SIGINT, self._take)
