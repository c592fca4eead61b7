"""Finds whole objects in a line into which other output was printed.

A candidate begins at each ``{`` followed by a quote. From there brackets and strings are matched up to the closing
bracket or the first impossible character; the match is then parsed. A whole object is skipped as one, so that the
objects inside it are not found again; after a failed candidate the search continues one byte later. Candidates that
fail late are nested in each other, at most `MAX_DEPTH` deep: that bounds the work.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from gym_gui.telemetry.errors import InvalidTelemetry
from gym_gui.telemetry.limits import MAX_DEPTH

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_CANDIDATE = re.compile(rb'\{[ \t\r]*"')
#: Characters between brackets and strings (numbers, literals, blanks, commas, colons), then a string or a bracket.
#: An unterminated string matches the rest of the line, so that it is scanned only once.
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
    """Return the end of the brackets that open at `start`, ``None`` if unclosed.

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
                raise InvalidTelemetry("deep_nesting", f"nested deeper than {MAX_DEPTH}")
        elif token.lastindex == 2:
            depth -= 1
            if depth <= 0:
                return position


def check_depth(line: bytes) -> None:
    """Make sure that a line beginning with a bracket does not nest too deep.

    Raises:
        Invalid: It nests deeper than `MAX_DEPTH` before it ends.
    """
    if line.count(b"{") + line.count(b"[") > MAX_DEPTH:
        object_end(line, 0)


def check_surrogates(printed: bytes, value: Any) -> None:
    """Make sure that the text of a parsed value can be stored.

    Raises:
        Invalid: It has half of a surrogate pair.
    """
    if _SURROGATE.search(printed):
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise InvalidTelemetry("lone_surrogate", "half of a surrogate pair in a text") from None


def parse_integer(digits: str) -> int | float:
    """Return an integer of any length; infinity beyond Python's limit of digits."""
    if len(digits) < 4000:
        return int(digits)
    return float("-inf") if digits.startswith("-") else float("inf")


def parse(text: str) -> Any:
    """Parse JSON, with the NaN and infinities that Python prints.

    Raises:
        json.JSONDecodeError: It is not JSON.
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise
    except ValueError:  # an integer too long for int()
        return json.loads(text, parse_int=parse_integer)


def salvage_objects(line: bytes) -> Iterator[Found]:
    """Yield the whole JSON objects inside a line that is not JSON.

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
