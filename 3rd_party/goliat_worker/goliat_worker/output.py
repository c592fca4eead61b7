"""Lines that a study prints: messages as JSON, fatal lines, everything else."""

from __future__ import annotations

import json
import re

from .messages import FATAL, KINDS, LogLine, Report, plain_text, read_message

#: A level in a line as loggers write it: ``[FATAL]``, ``FATAL:``, ``- FATAL -``.
_FATAL = re.compile(r"^\s*(?:[\[(<]fatal[\])>]|fatal:)|[-|\]]\s*\[?fatal\]?\s*[-|:]|\s\[fatal\]", re.IGNORECASE)


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
