"""One line of a log: whether it is telemetry or a structured record, its level, its time, its text as shown."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

from gym_gui.telemetry import unix_seconds

#: Characters of a line that are shown, and bytes of it that are read.
MAX_CHARACTERS = 4000
LINE_BYTES = 4 * MAX_CHARACTERS
_ERROR = re.compile(r"error|exception|traceback|fatal|critical|panic", re.IGNORECASE)
_WARNING = re.compile(_ERROR.pattern + "|warn", re.IGNORECASE)
#: Levels of structured records that a level of a query stands for.
_LEVELS_FROM = {"error": ("ERROR", "CRITICAL"), "warning": ("WARNING", "ERROR", "CRITICAL")}


def is_telemetry(line: bytes) -> bool:
    """Return whether a line is one whole JSON object; one that is cut off is not."""
    if not line.lstrip().startswith(b"{"):
        return False
    try:
        msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError):  # NaN and infinities, as Python prints them, are no JSON
        try:
            json.loads(line)
        except (ValueError, RecursionError):
            return False
    return True


def is_record_of(line: bytes, component: str, code: str) -> bool:
    """Return whether a line is a structured log record of a component (or subcomponent), with a code.

    Args:
        line: The line.
        component: In any case; empty: of any.
        code: Likewise.
    """
    record = _record(line)
    if record is None:
        return False
    components = {str(record.get(name, "")).casefold() for name in ("component", "subcomponent")}
    return (not component or component.casefold() in components) and (
        not code or code.casefold() == str(record.get("code", "")).casefold()
    )


def _record(line: bytes) -> dict[str, Any] | None:
    """Return a structured log record; ``None``: the line is none."""
    if not line.startswith(b"{"):
        return None
    try:
        record = msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError):
        return None
    return record if isinstance(record.get("level"), str) else None


def is_of_level(line: bytes, level: str) -> bool:
    """Return whether a line is of a level at least: as its record says, else by its words."""
    record = _record(line)
    if record is not None:
        return record["level"] in _LEVELS_FROM[level]
    return (_ERROR if level == "error" else _WARNING).search(shown_text(line)[0]) is not None


def shown_text(data: bytes) -> tuple[str, bool]:
    """Return a line's text as far as it is shown, and whether there is more of it."""
    text = data[:LINE_BYTES].decode("utf-8", "backslashreplace").rstrip("\r")
    cut = len(data) > LINE_BYTES or len(text) > MAX_CHARACTERS
    return (text[: MAX_CHARACTERS - 1] + "…", True) if cut else (text, False)


def time_of(line: bytes) -> float | None:
    if not line.startswith(b"{"):
        return None
    try:
        value: Any = msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError):
        return None
    return unix_seconds(value.get("timestamp", value.get("at")))
