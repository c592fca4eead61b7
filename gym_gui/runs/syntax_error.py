"""Where a program could not be read: Python tells file and line of a syntax error only above its last line."""

from __future__ import annotations

import re
from collections.abc import Sequence

KINDS = ("SyntaxError", "IndentationError", "TabError")
_PLACE = re.compile(r'\s*File "(.+)", line (\d+)')


def with_place(last: str, lines: Sequence[str]) -> str:
    """Return the last line of a traceback, of a syntax error with its file and line.

    Args:
        last: The line.
        lines: All that was printed, in order.
    """
    if not last.startswith(tuple(f"{kind}:" for kind in KINDS)):
        return last
    found = [match for line in lines if (match := _PLACE.match(line))]
    return f"{last} ({found[-1][1]}, line {found[-1][2]})" if found else last
