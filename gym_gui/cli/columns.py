"""A table without rich, which takes longer to import than a short list takes to be made."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence

from gym_gui.cli.output import Styled, echo
from gym_gui.cli.text_width import fold, text_width
from gym_gui.core.terminal_text import escape

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
    rows = [[*map(escape, row[:-1]), row[-1]] for row in rows]
    widths = [max(map(text_width, cells)) for cells in zip(*([headers, *rows]), strict=True)][:-1]
    left = sum(widths) + len(_GAP) * len(widths)
    whole = shutil.get_terminal_size().columns if sys.stdout.isatty() else _PIPE_WIDTH
    room = max(whole - left, _NARROWEST)
    echo(*_line(headers, widths, [{header: "bold"} for header in headers]))
    for row in rows:
        folded = [part for line in row[-1].split("\n") for part in fold(escape(line), room)] or [""]
        echo(*_line([*row[:-1], folded[0]], widths, colours))
        for part in folded[1:]:
            echo(" " * left + part)


def _line(cells: Sequence[str], widths: Sequence[int], colours: Sequence[dict[str, str]]) -> Iterator[Styled]:
    last = max((number for number, cell in enumerate(cells) if cell), default=-1)
    for number, cell in enumerate(cells[: last + 1]):
        yield Styled(cell, colours[number].get(cell, "") if number < len(colours) else "")
        if number < last:
            yield Styled(" " * (widths[number] - text_width(cell)) + _GAP, "")
