"""Shows how an install goes on: a line per step on stderr, on a terminal with what happens within it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from gym_gui.cli.output import console, echo
from gym_gui.core.terminal_text import escape
from gym_gui.look import figures

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


@contextlib.contextmanager
def install_view() -> Iterator[PlainView]:
    """Return what an install tells of its steps: live on a terminal, else plain lines."""
    screen = console(stderr=True)
    if not screen.is_terminal:
        yield PlainView()
        return
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TimeElapsedColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=screen, transient=True) as progress:
        yield LiveView(progress)


class PlainView:
    """A line when a step is finished, and one when it begins, since it may take minutes."""

    def __init__(self) -> None:
        self._step = ""

    def begin(self, step: str) -> None:
        """A step has begun."""
        self._step = step
        self._print(f"{step} …")

    def note(self, text: str) -> None:
        """Something happened within it; in a file, pip's every line would be too much."""
        if not self._step:
            self._print(text)

    def output(self, line: str) -> None:
        """A program of the step printed a line: the install's log has it."""

    def done(self, detail: str, seconds: float) -> None:
        """It is finished."""
        self._print("  " + ", ".join(filter(None, [detail, figures.duration(seconds)])))
        self._step = ""

    def _print(self, line: str) -> None:
        echo(line, err=True)


class LiveView(PlainView):
    """A moving line with the step, its time, and what pip does; finished steps stay above it.

    Args:
        progress: The live part of the screen.
    """

    def __init__(self, progress: Progress) -> None:
        super().__init__()
        self._progress = progress
        self._task: TaskID | None = None

    def begin(self, step: str) -> None:
        """A step has begun."""
        self._step = step
        self._task = self._progress.add_task(escape(step))

    def note(self, text: str) -> None:
        """Something happened within it."""
        if self._task is None:
            self._print(text)
        else:
            self._progress.update(self._task, description=escape(f"{self._step}: {text}"))

    def done(self, detail: str, seconds: float) -> None:
        """It is finished."""
        if self._task is not None:
            self._progress.remove_task(self._task)
            self._task = None
        self._print(f"{self._step}: " + ", ".join(filter(None, [detail, figures.duration(seconds)])))
        self._step = ""

    def _print(self, line: str) -> None:
        self._progress.console.print(line)
