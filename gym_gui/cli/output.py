"""What the command prints: one JSON document on stdout, or text; messages on stderr.

This is the one place where text becomes what a terminal gets. Nothing that stands in a string acts on the terminal:
names, causes and what programs printed are escaped here (:mod:`gym_gui.core.terminal_text`), and colours come from
:class:`Styled` alone.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gym_gui.app import to_json
from gym_gui.core.terminal_text import escape

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text


# A list of bare numbers over several lines. Strings hold no line breaks as JSON writes them, so none is hit.
_NUMBERS = re.compile(r"\[\n\s+([^\[\]{}\"]*?)\n\s*\]")


@dataclass(frozen=True)
class Styled:
    """Text in one of the palette's styles.

    Args:
        text: From anywhere.
        style: Such as ``red``, ``bold red`` or ``dim``; empty for none.
    """

    text: str
    style: str


def echo(*parts: str | Styled, err: bool = False, nl: bool = True) -> None:
    """Print one line: what is no ordinary text in it is shown as an escape, line breaks included.

    Args:
        parts: Printed without anything between them.
        err: On stderr.
        nl: End the line.
    """
    click.echo("".join(map(_rendered, parts)), err=err, nl=nl, color=False if os.environ.get("NO_COLOR") else None)


def say(message: str) -> None:
    """Tell the user something that is not the command's result: one line on stderr."""
    echo(message, err=True)


def say_always(message: str) -> None:
    """Tell the user what must not be missed: on the terminal where stderr went into a pipe whose reader has gone."""
    from gym_gui.cli.streams import fault_of

    say(message)
    if fault_of(sys.stderr) is not None:
        line = escape(message).encode("ascii", "backslashreplace") + b"\n"
        with contextlib.suppress(OSError):
            Path("/dev/tty").write_bytes(line)


def page(lines: Iterable[str]) -> None:
    """Print lines; on a terminal that they do not fit, through the user's pager."""
    if not sys.stdout.isatty():
        for line in lines:
            echo(line)
        return
    click.echo_via_pager(f"{escape(line)}\n" for line in lines)


def confirm(question: str) -> bool:
    """Ask on stderr for a yes or no; no is the default."""
    return click.confirm(escape(question), err=True)


def print_json(value: Any) -> None:
    """Print the one JSON document of a ``--json`` call."""
    text = to_json(value, indent=2)
    click.echo(_NUMBERS.sub(lambda found: "[" + re.sub(r"\n\s+", " ", found[1]) + "]", text))


@contextlib.contextmanager
def waiting(message: str) -> Iterator[None]:
    """Show on a terminal's stderr what a wait is for, and take it away again; elsewhere nothing is printed."""
    shown = sys.stderr.isatty()
    if shown:
        echo(f"{message} …", nl=False, err=True)
    try:
        yield
    finally:
        if shown:
            click.echo("\r\x1b[K", nl=False, err=True)


def console(*, stderr: bool = False) -> Console:
    """Return a rich console on stdout or stderr; wide enough that a pipe gets whole lines."""
    from gym_gui.cli.safe_console import SafeConsole

    stream = sys.stderr if stderr else sys.stdout
    return SafeConsole(stream, width=None if stream.isatty() else 160)


def rich_text(value: str, style: str = "", **more: Any) -> Text:
    """Return one line for a cell or a line of a console's output.

    Args:
        value: From anywhere.
        style: One of the palette's.
        more: What ``rich.text.Text`` takes besides.
    """
    from rich.text import Text

    return Text(escape(value), style=style, **more)


def rich_lines(values: Iterable[str]) -> Text:
    """Return several lines for a cell."""
    from rich.text import Text

    return Text("\n").join(map(rich_text, values))


def _rendered(part: str | Styled) -> str:
    if isinstance(part, str):
        return escape(part)
    words = part.style.split()
    if not words:
        return escape(part.text)
    colour = next((word for word in words if word not in ("bold", "dim")), None)
    return click.style(escape(part.text), fg=colour, bold="bold" in words or None, dim="dim" in words or None)


def write_csv(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print a table as CSV; control characters in texts are escaped."""
    import csv

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([escape(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
