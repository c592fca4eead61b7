"""Lines that a study prints: messages as JSON, fatal lines, everything else."""

from __future__ import annotations

import json
import re

from .messages import FATAL, KINDS, LogLine, Report, plain_text, read_message

#: A level in a line as loggers write it: ``[FATAL]``, ``FATAL:``, ``- FATAL -``, ``| fatal |``. Neither a word of a
#: sentence (``non-fatal: …``, ``fatal: …`` of git) nor a count of such lines (``FATAL: 0``).
_FATAL = re.compile(
    r"(?:^\s*(?:[\[(<]FATAL[\])>]|FATAL:)"
    r"|(?:(?<![^\W\d])-|[|\]])\s*\[?FATAL\]?\s*[-|:]"
    r"|\s\[FATAL\]"
    r"|\S\s*\|\s*fatal\s*\|)"
    r"(?!\s*[:=|-]?\s*0\b)"
)


def read_output_line(text: str) -> Report | None:
    """Return what a printed line says of the study; ``None`` if it is plain output.

    Args:
        text: The line, without its newline.
    """
    plain = plain_text(text)
    if plain.lstrip().startswith("{"):
        try:
            message = json.loads(plain)
        except (ValueError, RecursionError):
            return None
        return read_message(message) if isinstance(message, dict) and message.get("type") in KINDS else None
    if _FATAL.search(plain):
        return Report("print", lines=[LogLine(FATAL, plain.strip())])
    return None
