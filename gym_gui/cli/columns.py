"""A table without rich, which takes longer to import than a short list takes to be made."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Sequence

import click

_GAP = "  "
_PIPE_WIDTH = 160
_NARROWEST = 24


def print_columns(
    headers: Sequence[str], rows: Sequence[Sequence[str]], colours: Sequence[dict[str, str]] = ()
) -> None:
    """Print rows under their headers; the last column takes the rest of the line, folded where it is longer.

    Args:
        headers: One a column.
        rows: Each with a cell a column; line breaks in the last one are kept.
        colours: For each column what its cells are coloured with, by the cell's text.
    """
    widths = [max(map(len, cells)) for cells in zip(*([headers, *rows]), strict=True)][:-1]
    left = sum(widths) + len(_GAP) * len(widths)
    whole = shutil.get_terminal_size().columns if sys.stdout.isatty() else _PIPE_WIDTH
    room = max(whole - left, _NARROWEST)
    click.echo(_line(headers, widths, [{header: "bold"} for header in headers]))
    for row in rows:
        folded = [part for line in row[-1].splitlines() for part in textwrap.wrap(line, room)] or [""]
        click.echo(_line([*row[:-1], folded[0]], widths, colours))
        for part in folded[1:]:
            click.echo(" " * left + part)


def _line(cells: Sequence[str], widths: Sequence[int], colours: Sequence[dict[str, str]]) -> str:
    shown = []
    for number, cell in enumerate(cells):
        style = colours[number].get(cell, "") if number < len(colours) else ""
        space = " " * (widths[number] - len(cell)) + _GAP if number < len(widths) else ""
        shown.append(_styled(cell, style) + space)
    return "".join(shown).rstrip()


def _styled(text: str, style: str) -> str:
    """Return a text in one of the palette's styles, such as ``bold red``."""
    words = style.split()
    colour = next((word for word in words if word not in ("bold", "dim")), None)
    return click.style(text, fg=colour, bold="bold" in words or None, dim="dim" in words or None) if words else text
