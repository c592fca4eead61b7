"""Structs to protobuf messages and back, by their fields: null stays null, NaN and infinities stay what they are."""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Callable, Collection
from typing import Any, Generic, TypeVar

from google.protobuf import message_factory
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from gym_gui.rpc.proto import mosaic_pb2 as pb
from gym_gui.runs import RunState

S = TypeVar("S")
M = TypeVar("M", bound=Message)
Convert = Callable[[Any], Any]
Field = Any
"""A field's descriptor, of either of protobuf's implementations."""

_JSON = "_json"
_STATE_TO_PB = {state: pb.RunState.Value(f"RUN_STATE_{state.name}") for state in RunState}
_STATE_FROM_PB: dict[int, RunState] = {number: state for state, number in _STATE_TO_PB.items()}


def state_to_pb(state: RunState) -> pb.RunState.ValueType:
    """Return a state's number on the wire."""
    return _STATE_TO_PB[state]


def state_from_pb(number: int) -> RunState:
    """Return the state that a number on the wire stands for.

    Raises:
        ValueError: It stands for none (a newer daemon's).
    """
    state = _STATE_FROM_PB.get(number)
    if state is None:
        raise ValueError(f"no run state has the number {number}")
    return state


def text(value: str) -> str:
    """Return text that UTF-8 can carry: a lone surrogate becomes a question mark."""
    return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")


def json_bytes(value: Any) -> bytes:
    """Return a value as JSON in UTF-8, as Python writes it (NaN, infinities), no larger than it was printed.

    A text with lone surrogates, which UTF-8 cannot carry, is escaped.
    """
    try:
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()


class Converter(Generic[S, M]):
    """Converts one kind of struct to one kind of message and back.

    Fields of equal names belong together; a message's field ``NAME_json`` holds the struct's field ``NAME`` as JSON, or
    as it is where that is text, which is JSON already. An absent optional field is ``None``; an empty ``NAME_json``
    without presence is the struct's default.

    Args:
        kind: The struct: any class with annotated fields that its constructor takes by name.
        message: The message.
        local: Fields of the struct that do not travel: they get their default on the other side.
        unconverted: Fields of the message, or of messages in it, that no struct has.

    Raises:
        TypeError: A field of one has no counterpart in the other.
    """

    def __init__(
        self, kind: type[S], message: type[M], *, local: Collection[str] = (), unconverted: Collection[str] = ()
    ) -> None:
        hints = {name: _without_none(hint) for name, hint in typing.get_type_hints(kind).items() if name not in local}
        converted = [field for field in message.DESCRIPTOR.fields if field.name not in unconverted]
        fields = {_attribute(field, hints): field for field in converted}
        lacking = sorted(fields.keys() ^ hints.keys())
        if lacking:
            raise TypeError(f"{kind.__name__} and {message.__name__} differ in: {', '.join(lacking)}")
        encoded, decoded = [], []
        functions: dict[str, Any] = {"message": message, "kind": kind}
        for name, field in fields.items():
            encode, decode = _conversions(field, hints[name], unconverted)
            functions |= {f"encode_{name}": encode, f"decode_{name}": decode}
            encoded.append(f"{field.name}={_encoding(name, field, encode)}")
            decoded.append(_decoding(name, field, decode))
        # As `dataclasses` does: a run's curve has hundreds of points, and a loop over fields takes three times as long.
        source = f"lambda each: message({', '.join(encoded)})"
        self.encode: Callable[[S], M] = eval(source, functions)  # noqa: S307 - names of fields of our own
        """Return a struct as a message."""
        source = f"lambda each: kind({', '.join(decoded)})"
        self.decode: Callable[[M], S] = eval(source, functions)  # noqa: S307 - likewise
        """Return the struct that a message carries; ``ValueError``: it holds a state that is unknown here."""


def _encoding(name: str, field: Field, encode: Convert | None) -> str:
    """Return the expression of a message's field, given the struct ``each``."""
    if encode is None:
        return f"each.{name}"
    nullable = field.has_presence or field.name != name
    return f"None if each.{name} is None else encode_{name}(each.{name})" if nullable else f"encode_{name}(each.{name})"


def _decoding(name: str, field: Field, decode: Convert | None) -> str:
    """Return the argument of a struct's field, given the message ``each``."""
    value = f"each.{field.name}" if decode is None else f"decode_{name}(each.{field.name})"
    if field.has_presence:
        return f'{name}={value} if each.HasField("{field.name}") else None'
    if field.name == name:
        return f"{name}={value}"
    return f"**({{'{name}': {value}}} if each.{field.name} else {{}})"  # an empty NAME_json is the struct's default


def _attribute(field: Field, hints: dict[str, Any]) -> str:
    """Return the name of the struct's field that belongs to a message's."""
    plain: str = field.name.removesuffix(_JSON)
    own: str = field.name
    return plain if own not in hints and plain in hints else own


def _conversions(field: Field, hint: Any, unconverted: Collection[str]) -> tuple[Convert | None, Convert | None]:
    """Return how a value becomes a field's, and back; ``None``: it is the same."""
    repeated = field.is_repeated
    encode: Convert | None
    decode: Convert | None
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        return dict, dict
    if field.message_type is not None:
        kind = typing.get_args(hint)[0] if repeated else hint
        message = message_factory.GetMessageClass(field.message_type)
        inner: Converter[Any, Any] = Converter(kind, message, unconverted=unconverted)
        encode, decode = inner.encode, inner.decode
    elif field.enum_type is not None:
        encode, decode = state_to_pb, state_from_pb
    elif field.type == FieldDescriptor.TYPE_STRING:
        encode, decode = text, None
    elif field.type == FieldDescriptor.TYPE_BYTES and hint is str:
        encode, decode = _utf8, bytes.decode
    elif field.type == FieldDescriptor.TYPE_BYTES and hint is bytes:
        encode = decode = None
    elif field.type == FieldDescriptor.TYPE_BYTES:
        return (json_bytes if field.has_presence else _json_or_nothing), json.loads
    else:
        encode = decode = None
    if not repeated:
        return encode, decode
    return _each(encode), _each(decode)


def _each(convert: Convert | None) -> Convert:
    if convert is None:
        return list
    return lambda values: [convert(value) for value in values]


def _utf8(value: str) -> bytes:
    return value.encode("utf-8", "replace")


def _json_or_nothing(value: Any) -> bytes:
    return json_bytes(value) if value else b""


def _without_none(hint: Any) -> Any:
    """Return ``T`` for ``T | None``."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        kinds = [kind for kind in typing.get_args(hint) if kind is not type(None)]
        return kinds[0] if len(kinds) == 1 else hint
    return hint
