"""What the command prints: one JSON document on stdout, or text; messages on stderr.

This is the one place where text becomes what a terminal gets. Nothing that stands in a string acts on the terminal:
names, causes and what programs printed are escaped here (:mod:`gym_gui.core.terminal_text`), and colours come from
:class:`Styled` alone.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gym_gui.core.terminal_text import escape

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text


# A list of bare numbers over several lines. Strings hold no line breaks as JSON writes them, so none is hit.
_NUMBERS = re.compile(r"\[\n\s+([^\[\]{}\"]*?)\n\s*\]")


NON_FINITE = "non_finite"
"""Key under which an object says which of its numbers are NaN or infinite: JSON has none of these, so they are null."""


def jsonable(value: Any) -> Any:
    """Return a value that strict JSON can hold.

    A number that is not finite becomes null, and the object that it stands in says under ``non_finite`` which it was:
    ``{"mean_return_100": null, "non_finite": {"mean_return_100": "NaN"}}``. Within lists the place is told, too:
    ``"observation[2]"``.
    """
    return _jsonable(value, "", {})


def _jsonable(value: Any, path: str, found: dict[str, str]) -> Any:
    """Convert a value; numbers that are not finite are entered into ``found`` by their path in the nearest object."""
    if isinstance(value, float) and not math.isfinite(value):
        found[path] = "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        return None
    if isinstance(value, dict):
        own: dict[str, str] = {}
        converted = {str(key): _jsonable(item, str(key), own) for key, item in value.items()}
        return {**converted, NON_FINITE: own} if own else converted
    if isinstance(value, (list, tuple)):
        return [_jsonable(item, f"{path}[{place}]", found) for place, item in enumerate(value)]
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    if hasattr(value, "__struct_fields__"):
        import msgspec

        return _jsonable(msgspec.to_builtins(value), path, found)
    return str(value)


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


def confirm(question: str) -> bool:
    """Ask on stderr for a yes or no; no is the default."""
    return click.confirm(escape(question), err=True)


def to_json(value: Any, indent: int | None = None) -> str:
    """Return strict JSON in ASCII: any terminal's encoding can carry it, and nothing in it acts on the terminal."""
    return json.dumps(jsonable(value), indent=indent, allow_nan=False).replace("\x7f", "\\u007f")


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
