"""What is wrong with a request before any method looks at it: bytes that are no message, texts beyond bounds.

Every problem names its field, so that it can be answered with INVALID_ARGUMENT.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import DecodeError, Message

from gym_gui.core.worker.errors import ConfigError, Problem
from gym_gui.runs import join_path

#: Characters of one text of a request; a run config has a field of bytes for itself.
MAX_TEXT = 64 << 10
_SHOWN = 80
#: Wire types: bytes with their length before them, and the sizes of those that have always the same.
_BYTES = 2
_FIXED = {1: 8, 5: 4}


class Malformed:
    """A request that could not be read.

    Args:
        problem: What is wrong with it.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem


def reader(deserialize: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    """Return a function that reads a message, and returns a :class:`Malformed` one where the bytes are none."""

    def read(data: bytes) -> Any:
        try:
            return deserialize(data)
        except (DecodeError, ValueError, RecursionError) as error:
            kind = getattr(getattr(deserialize, "__self__", None), "DESCRIPTOR", None)
            field = None if kind is None else _not_utf8(data, kind)
            if field is not None:
                return Malformed(Problem(field, "is not UTF-8", allowed="text in UTF-8, without lone surrogates"))
            return Malformed(Problem("request", f"cannot be decoded: {error}"[:500], allowed="protobuf"))

    return read


def _not_utf8(data: bytes, kind: Descriptor, path: str = "") -> str | None:
    """Return the field of a serialized message whose text is not UTF-8, ``None`` if that is not what is wrong."""
    position = 0
    try:
        while position < len(data):
            tag, position = _varint(data, position)
            field, wire_type = kind.fields_by_number.get(tag >> 3), tag & 7
            if wire_type != _BYTES:
                position = _varint(data, position)[1] if wire_type == 0 else position + _FIXED[wire_type]
                continue
            size, position = _varint(data, position)
            inner, position = data[position : position + size], position + size
            name = "" if field is None else join_path(path, field.name)
            if field is not None and field.message_type is not None:
                found = _not_utf8(inner, field.message_type, name)
                if found is not None:
                    return found
            elif field is not None and field.type == FieldDescriptor.TYPE_STRING:
                try:
                    inner.decode()
                except UnicodeDecodeError:
                    return name
    except (IndexError, KeyError):
        pass
    return None


def _varint(data: bytes, position: int) -> tuple[int, int]:
    """Return a number of the wire format and where it ends."""
    value = shift = 0
    while shift < 64:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
    raise IndexError(position)


def check_request(request: Any) -> None:
    """Look at a request's fields, those of messages within it included.

    Raises:
        ConfigError: Fields hold what no method takes; all are listed.
    """
    if isinstance(request, Malformed):
        problems = [request.problem]
    elif isinstance(request, Message):
        problems = list(_problems(request, ""))
    else:
        return
    if problems:
        raise invalid(*problems)


def invalid(*problems: Problem) -> ConfigError:
    """Return the error for a request whose fields are at fault."""
    return ConfigError(
        "the request is not valid", problems, next_step="Fix these fields and try again. Nothing was done."
    )


def _problems(message: Message, path: str) -> Iterator[Problem]:
    for field, value in message.ListFields():
        if not _is_checked(field):
            continue
        name = join_path(path, field.name)
        repeated = not isinstance(value, (str, bytes, Message)) and hasattr(value, "__len__")
        for index, item in enumerate(value) if repeated else ((None, value),):
            place = name if index is None else join_path(name, index)
            if isinstance(item, Message):
                yield from _problems(item, place)
            elif isinstance(item, str):
                yield from _text_problems(item, place)
            elif field.type == FieldDescriptor.TYPE_ENUM:
                yield from _enum_problems(field, item, place)


@functools.cache
def _is_checked(field: FieldDescriptor) -> bool:
    """Return whether a field, or a message in it, has texts or enums: numbers are not checked, curves have many."""
    if field.message_type is not None:
        return any(map(_is_checked, field.message_type.fields))
    return field.type in (FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_ENUM)


def _text_problems(text: str, path: str) -> Iterator[Problem]:
    if "\0" in text:
        yield Problem(path, "contains a NUL character", value=text[:_SHOWN], allowed="text without it")
    if len(text) > MAX_TEXT:
        yield Problem(path, f"has {len(text):,} characters", value=text[:_SHOWN], allowed=f"at most {MAX_TEXT:,}")


def _enum_problems(field: FieldDescriptor, number: int, path: str) -> Iterator[Problem]:
    known: Any = field.enum_type
    if number == 0 or number not in known.values_by_number:
        names = ", ".join(value.name for value in known.values if value.number)
        yield Problem(path, f"is {number}, which is not valid here", value=number, allowed=names)
