"""Whole objects inside a spoiled line: one that other output was printed into.

A candidate begins at each ``{`` that a quote follows. From there brackets and strings are matched up to the closing
bracket, or to the first character that cannot stand there; what matched is then parsed. A whole object is skipped as
one, so that the objects inside it are not found again; after a candidate that failed the search goes on one byte
later. Candidates that fail late lie inside each other and none is nested deeper than `MAX_DEPTH`: that bounds the work.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from gym_gui.telemetry.invalid import Invalid
from gym_gui.telemetry.limits import MAX_DEPTH

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_CANDIDATE = re.compile(rb'\{[ \t\r]*"')
#: What may stand between brackets and strings (numbers, literals, blanks, commas, colons), then a string or a bracket.
#: A string that never ends takes all the rest, so that it is looked at once.
_TOKEN = re.compile(
    rb'[ \t\r,:0-9+\-.eEaflnrstuyNIi]*(?:"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)|([\[{])|([\]}]))', re.DOTALL
)


class Found(NamedTuple):
    """An object inside a line."""

    start: int
    end: int
    value: dict[str, Any] | None
    """``None``: the object is not UTF-8."""
    keys: Any
    """The object's keys, whatever its encoding."""


def object_end(line: bytes, start: int) -> int | None:
    """Return where the brackets that open at `start` are closed (one past), or ``None`` if they are not.

    Raises:
        Invalid: They nest deeper than `MAX_DEPTH`.
    """
    depth = 0
    position = start
    match = _TOKEN.match
    while True:
        token = match(line, position)
        if token is None:
            return None
        position = token.end()
        if token.lastindex == 1:
            depth += 1
            if depth > MAX_DEPTH:
                raise Invalid("deep_nesting", f"nested deeper than {MAX_DEPTH}")
        elif token.lastindex == 2:
            depth -= 1
            if depth <= 0:
                return position


def check_depth(line: bytes) -> None:
    """Make sure that parsing a line which begins with a bracket cannot nest too deep.

    Raises:
        Invalid: It nests deeper than `MAX_DEPTH` before it ends.
    """
    if line.count(b"{") + line.count(b"[") > MAX_DEPTH:
        object_end(line, 0)


def check_surrogates(printed: bytes, value: Any) -> None:
    """Make sure that what was parsed is text that can be stored.

    Raises:
        Invalid: It holds half of a surrogate pair.
    """
    if _SURROGATE.search(printed):
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise Invalid("lone_surrogate", "half of a surrogate pair in a text") from None


def parse_integer(digits: str) -> int | float:
    """Return an integer of any length; one that Python refuses to read for its length is infinite."""
    if len(digits) < 4000:
        return int(digits)
    return float("-inf") if digits.startswith("-") else float("inf")


def parse(text: str) -> Any:
    """Parse JSON, with the NaN and infinities that Python prints.

    Raises:
        json.JSONDecodeError: It is no JSON.
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise
    except ValueError:  # an integer too long for int()
        return json.loads(text, parse_int=parse_integer)


def salvage(line: bytes) -> Iterator[Found]:
    """Yield the whole JSON objects inside a line that is not one.

    Raises:
        Invalid: A candidate nests too deep; the rest of the line is not searched.
    """
    position = 0
    while (candidate := _CANDIDATE.search(line, position)) is not None:
        start = candidate.start()
        position = start + 1
        end = object_end(line, start)
        if end is None:
            continue
        piece = line[start:end]
        try:
            keys = value = parse(piece.decode())
        except UnicodeDecodeError:
            value = None
            try:
                keys = parse(piece.decode("latin-1"))
            except json.JSONDecodeError:
                continue
        except json.JSONDecodeError:
            continue
        yield Found(start, end, value, keys)
        position = end
