"""What the command prints: one JSON document on stdout, or text; messages on stderr."""

from __future__ import annotations

import contextlib
import json
import math
import re
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console


# A list of bare numbers over several lines. Strings hold no line breaks as JSON writes them, so none is hit.
_NUMBERS = re.compile(r"\[\n\s+([^\[\]{}\"]*?)\n\s*\]")


def jsonable(value: Any) -> Any:
    """Return a value that strict JSON can hold.

    JSON has no NaN and no infinities: they become the strings ``"NaN"``, ``"Infinity"`` and ``"-Infinity"``, which
    ``float()`` of Python and ``Number()`` of JavaScript read back.
    """
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [jsonable(item) for item in value]
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    if hasattr(value, "__struct_fields__"):
        import msgspec

        return jsonable(msgspec.to_builtins(value))
    return str(value)


def print_json(value: Any) -> None:
    """Print the one JSON document of a ``--json`` call (ASCII, so that any terminal's encoding can carry it)."""
    text = json.dumps(jsonable(value), indent=2, allow_nan=False)
    click.echo(_NUMBERS.sub(lambda found: "[" + re.sub(r"\n\s+", " ", found[1]) + "]", text))


def say(message: str) -> None:
    """Tell the user something that is not the command's result: on stderr."""
    click.echo(message, err=True)


@contextlib.contextmanager
def waiting(message: str) -> Iterator[None]:
    """Show on a terminal's stderr what a wait is for, and take it away again; elsewhere nothing is printed."""
    shown = sys.stderr.isatty()
    if shown:
        click.echo(f"{message} …", nl=False, err=True)
    try:
        yield
    finally:
        if shown:
            click.echo("\r\x1b[K", nl=False, err=True)


def console(*, stderr: bool = False) -> Console:
    """Return a rich console on stdout or stderr; wide enough that a pipe gets whole lines."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else 160
    return Console(file=stream, width=width, highlight=False, emoji=False, markup=False)
