"""A table that fits the terminal: text is shortened, states and numbers never are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gym_gui.cli._palette import HEADER
from gym_gui.cli.text_width import text_width
from gym_gui.core.terminal_text import escape

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_GAP = "  "


@dataclass
class Column:
    """One column of a table.

    Args:
        header: Its header.
        right: Numbers stand at the right.
        shortest: To how many characters its cells may be shortened; ``None``: not at all.
        rank: In a narrow terminal columns of a higher rank are left out first; 0: never.
    """

    header: str
    right: bool = False
    shortest: int | None = None
    rank: int = 0
    cells: list[Text | str] = field(default_factory=list)

    def width(self) -> int:
        """Return the width that shows all cells whole."""
        return max(_length(text) for text in (self.header, *self.cells))


#: Columns of this rank and above are left out before any text is shortened.
LUXURY = 10


def fit(columns: Sequence[Column], width: int | None) -> list[tuple[Column, int]]:
    """Return the columns that a line has room for, with their widths.

    Args:
        columns: The columns, in order.
        width: Characters of a line; ``None``: as many as it takes.
    """
    shown = [(column, column.width()) for column in columns]
    while width is not None and (excess := _total(shown) - width) > 0:
        least = max(shown, key=lambda each: each[0].rank)[0]
        slack = sum(size - min(size, _floor(column, size)) for column, size in shown)
        if least.rank and (least.rank >= LUXURY or slack < excess):
            shown = [each for each in shown if each[0] is not least]
            continue
        return _shorten(shown, min(excess, slack))
    return shown


def add_row(columns: Sequence[Column], *cells: Text | str) -> None:
    """Add a row to a table.

    Args:
        columns: Its columns.
        cells: One for each.
    """
    for column, cell in zip(columns, cells, strict=True):
        column.cells.append(cell)


def print_table(console: Console, columns: Sequence[Column], *, wide: bool = False) -> None:
    """Print a table.

    Args:
        console: Where to; elsewhere than on a terminal nothing is shortened.
        columns: The columns, all with equally many cells.
        wide: Show all, however long the lines become.
    """
    from rich.text import Text

    from gym_gui.cli.output import rich_text

    shown = fit(columns, None if wide or not console.is_terminal else console.width)
    header = [rich_text(column.header, style=HEADER) for column, _ in shown]
    rows = zip(*(column.cells for column, _ in shown), strict=True)
    for cells in (header, *rows):
        line = rich_text("")
        for (column, size), cell in zip(shown, cells, strict=True):
            text = cell.copy() if isinstance(cell, Text) else rich_text(cell)
            text.truncate(size, overflow="ellipsis")
            space = " " * (size - text.cell_len)
            line.append(space).append(text) if column.right else line.append(text).append(space)
            line.append(_GAP)
        line.rstrip()
        console.print(line, soft_wrap=True)


def _shorten(shown: list[tuple[Column, int]], excess: int) -> list[tuple[Column, int]]:
    """Take characters away from the longest of the columns that may be shortened, one after the other."""
    widths = [size for _, size in shown]
    for _ in range(excess):
        number = max(
            (each for each, (column, _) in enumerate(shown) if widths[each] > _floor(column, widths[each])),
            key=widths.__getitem__,
        )
        widths[number] -= 1
    return [(column, size) for (column, _), size in zip(shown, widths, strict=True)]


def _floor(column: Column, size: int) -> int:
    return size if column.shortest is None else max(column.shortest, _length(column.header))


def _total(shown: Sequence[tuple[Column, int]]) -> int:
    return sum(size for _, size in shown) + len(_GAP) * (len(shown) - 1)


def _length(text: Text | str) -> int:
    return text_width(escape(text)) if isinstance(text, str) else text.cell_len
