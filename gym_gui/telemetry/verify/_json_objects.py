"""JSON objects inside the text of a line, found with the `json` module alone."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from gym_gui.telemetry.limits import MAX_DEPTH

BLANKS = " \t\r"
_WINDOW = 1 << 16
_BETWEEN = frozenset(" \t\r,:0123456789+-.eEaflnrstuyNIi")


def objects_in(text: str, opens: int) -> Iterator[tuple[int, str | None]]:
    """Yield start and text of each whole object; ``None`` for one nested too deep.

    Args:
        text: The line.
        opens: How many opening brackets it has.
    """
    place = text.find("{")
    while place >= 0:
        following = place + 1
        if _quote_follows(text, following):
            if opens > MAX_DEPTH and too_deep(text, place):
                yield place, None
                return
            length = _object_length(text, place)
            if length:
                yield place, text[place : place + length]
                following = place + length
        place = text.find("{", following)


def parse(text: str) -> Any:
    """Parse JSON, integers of any length included.

    Raises:
        json.JSONDecodeError: It is not JSON.
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise
    except ValueError:  # an integer of more digits than Python reads
        return json.loads(text, parse_int=_long_integer)


def too_deep(text: str, start: int) -> bool:
    """Return whether the brackets from a place on nest too deep before they close."""
    depth = 0
    place = start
    while place < len(text):
        character = text[place]
        if character == '"':
            place += 1
            while place < len(text) and text[place] != '"':
                place += 2 if text[place] == "\\" else 1
        elif character in "{[":
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif character in "}]":
            depth -= 1
            if depth <= 0:
                return False
        elif character not in _BETWEEN:
            return False
        place += 1
    return False


def canonical(text: Any) -> Any:
    """Return JSON text in a canonical form; anything else as it is."""
    if not isinstance(text, str):
        return text
    try:
        return json.dumps(parse(text), sort_keys=True)
    except (ValueError, RecursionError):
        return text


def _quote_follows(text: str, start: int) -> bool:
    while start < len(text) and text[start] in BLANKS:
        start += 1
    return text.startswith('"', start)


def _object_length(text: str, start: int) -> int:
    """Return the length of the object at a place, 0 if there is none."""
    size = _WINDOW
    while True:
        window = text[start : start + size]
        try:
            return _raw_decode(window)
        except json.JSONDecodeError as error:
            # An error at the edge of the window may be the window's: try a larger one.
            cut_here = error.pos >= len(window) - 16 or error.msg.startswith("Unterminated")
            if start + size >= len(text) or not cut_here:
                return 0
            size *= 8


def _raw_decode(text: str) -> int:
    try:
        return json.JSONDecoder().raw_decode(text)[1]
    except json.JSONDecodeError:
        raise
    except ValueError:
        return json.JSONDecoder(parse_int=_long_integer).raw_decode(text)[1]


def _long_integer(digits: str) -> float:
    return int(digits) if len(digits) < 4000 else math.copysign(math.inf, -1 if digits[0] == "-" else 1)
