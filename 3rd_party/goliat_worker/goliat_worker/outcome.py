"""How a study ended: by its exit code, its fatal lines and its last message. Pure."""

from __future__ import annotations

import signal
from dataclasses import dataclass, field
from typing import Any

from .messages import Report
from .sdk import MosaicError

#: The exit code of a study whose memory ran out; it may be started again.
MEMORY_ERROR = 42


@dataclass
class Notes:
    """What decides about the end, as the messages report it."""

    fatal: str = ""
    memory_error: str = ""
    finished: str | None = None
    failed: bool = False

    def add(self, report: Report) -> None:
        """Take note of a message; the first fatal line and the first last word count."""
        self.fatal = self.fatal or report.fatal
        self.memory_error = self.memory_error or report.memory_error
        if report.finished is not None and self.finished is None:
            self.finished, self.failed = report.finished, report.failed


@dataclass
class Outcome:
    """How one start of a study ended.

    Args:
        code: Exit code of its process; below 0: the signal that ended it.
        notes: What it reported.
        output: The last lines that it printed.
        closed: The process lived on after its end and was ended by this worker.
    """

    code: int
    notes: Notes
    output: list[str] = field(default_factory=list)
    closed: bool = False

    @property
    def out_of_memory(self) -> bool:
        """Whether memory ran out, so that it may be started again."""
        return self.code == MEMORY_ERROR or bool(self.notes.memory_error)

    @property
    def error(self) -> str:
        """What went wrong; empty if the study succeeded."""
        if self.out_of_memory:
            return self.notes.memory_error or "The study ran out of memory."
        if self.notes.fatal:
            return f"The study reported a fatal error: {self.notes.fatal}"
        if self.notes.failed:
            return f"The study reported: {self.notes.finished}"
        if self.code == 0 or self.closed:
            return ""
        if self.code < 0:
            return f"The study was ended by {signal.Signals(-self.code).name}."
        return f"The study ended with exit code {self.code}."


class StudyFailedError(MosaicError):
    """A study failed.

    Args:
        outcome: How it ended.
        command: The command that was started.
        starts: How often it was started.
    """

    def __init__(self, outcome: Outcome, command: list[str], starts: int) -> None:
        again = f" It was started {starts} times." if starts > 1 else ""
        super().__init__(
            outcome.error + again,
            where=" ".join(command),
            why="\n    ".join(outcome.output[-10:]) or "it printed nothing",
            next_step=_next_step(outcome),
        )
        self.exit_code = MEMORY_ERROR if outcome.out_of_memory else 1
        self.details: dict[str, Any] = {
            "error_type": "MemoryError" if outcome.out_of_memory else "Fatal" if outcome.notes.fatal else "StudyFailed",
            "exit_code": outcome.code,
            "starts": starts,
            "output": outcome.output,
        }


def _next_step(outcome: Outcome) -> str:
    if outcome.out_of_memory:
        return "Give the study more memory, or make its simulations smaller; memory_retries starts it more often."
    return "Read the whole log of the study: mosaic runs logs RUN --stderr"
