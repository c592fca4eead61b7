"""Width of text on a terminal: many CJK characters and emoji take two columns, combining marks take none."""

from __future__ import annotations

import textwrap


def text_width(text: str) -> int:
    """Return how many columns of a terminal a line of text takes."""
    if text.isascii():
        return len(text)  # rich takes long to import
    from rich.cells import cell_len

    return cell_len(text)


def fold(text: str, width: int) -> list[str]:
    """Return text as lines of at most so many columns, broken between words where that is possible.

    Args:
        text: One line.
        width: Columns of a terminal, at least 2.
    """
    if text.isascii():
        return textwrap.wrap(text, width)
    from rich.cells import chop_cells

    lines: list[str] = []
    for word in text.split():
        if lines and text_width(lines[-1]) + 1 + text_width(word) <= width:
            lines[-1] += " " + word
        else:
            lines += chop_cells(word, width)
    return lines
