"""Adds file and line to the last line of a syntax error's traceback."""

from __future__ import annotations

import re
from collections.abc import Sequence

SYNTAX_ERRORS = ("SyntaxError", "IndentationError", "TabError")
_PLACE = re.compile(r'\s*File "(.+)", line (\d+)')


def with_source_line(last: str, lines: Sequence[str]) -> str:
    """Return a traceback's last line, for a syntax error with file and line.

    Args:
        last: The line.
        lines: All printed lines, in order.
    """
    if not last.startswith(tuple(f"{kind}:" for kind in SYNTAX_ERRORS)):
        return last
    places = [match for line in lines if (match := _PLACE.match(line))]
    return f"{last} ({places[-1][1]}, line {places[-1][2]})" if places else last
