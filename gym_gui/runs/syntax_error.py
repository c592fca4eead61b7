"""Adds file and line to the last line of a syntax error's traceback."""

from __future__ import annotations

import re
from collections.abc import Sequence

KINDS = ("SyntaxError", "IndentationError", "TabError")
_PLACE = re.compile(r'\s*File "(.+)", line (\d+)')


def with_place(last: str, lines: Sequence[str]) -> str:
    """Return a traceback's last line, for a syntax error with file and line.

    Args:
        last: The line.
        lines: All printed lines, in order.
    """
    if not last.startswith(tuple(f"{kind}:" for kind in KINDS)):
        return last
    places = [match for line in lines if (match := _PLACE.match(line))]
    return f"{last} ({places[-1][1]}, line {places[-1][2]})" if places else last
