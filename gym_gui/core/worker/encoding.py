"""Events as JSON text, whatever is in them: the fastest encoder at hand, and no value that can make it fail.

Non-finite numbers are printed as Python prints them (``NaN``, ``Infinity``). msgspec and orjson would write ``null``
instead, so their output is taken only where it holds no ``null``. A value that JSON cannot hold becomes the nearest
that it can: arrays become lists, everything unknown its ``str()``.
"""

from __future__ import annotations

import base64
import dataclasses
import enum
import json
from collections.abc import Iterable, Mapping
from typing import Any, Callable

#: Nesting beyond this becomes text: deeper objects are cycles or mistakes, and readers refuse them.
MAX_DEPTH = 32


def to_jsonable(value: Any) -> Any:
    """Return the nearest value that JSON can hold, one level deep (the hook of every encoder)."""
    tolist = getattr(value, "tolist", None)  # numpy, torch and jax, arrays and scalars alike
    if tolist is not None:
        return tolist()
    if isinstance(value, enum.Enum):
        return value.value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(value).decode("ascii")
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, Iterable) and hasattr(value, "__len__") and not hasattr(value, "__fspath__"):
        return list(value)
    return _text(value)


def snapshot(value: Any, depth: int = 0) -> Any:
    """Return a copy that JSON can hold, which stays what it is when the original changes (arrays in containers too)."""
    if value is None or type(value) in (int, float, str, bool):
        return value
    tolist = getattr(value, "tolist", None)
    if tolist is not None:  # arrays, which are whole by that; those of objects are rare enough
        return tolist()
    if depth >= MAX_DEPTH:
        return _text(value)
    value = to_jsonable(value)
    if isinstance(value, Mapping):
        return {key: snapshot(entry, depth + 1) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [snapshot(entry, depth + 1) for entry in value]
    return value


def _text(value: Any) -> str:
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - a value that cannot even be printed must not stop training
        return f"<{type(value).__name__}>"


def _degrade(value: Any, depth: int = 0) -> Any:
    """Return a copy of anything that surely encodes: text keys, no cycles, no exotic types."""
    if value is None or value is True or value is False or type(value) in (int, float, str):
        return value
    if depth >= MAX_DEPTH:
        return f"<{type(value).__name__} nested too deeply>"
    try:
        if isinstance(value, Mapping):
            return {_text(key): _degrade(entry, depth + 1) for key, entry in value.items()}
        if isinstance(value, (list, tuple)):
            return [_degrade(entry, depth + 1) for entry in value]
        for plain in (bool, int, float, str):
            if isinstance(value, plain):
                return plain(value)
        return _degrade(to_jsonable(value), depth + 1)
    except Exception:  # noqa: BLE001 - foreign code runs in here (properties, iterators): whatever it does, say its name
        return _text(value)


def _standard(sort_keys: bool) -> Callable[[Any], str]:
    encode = _c_encoder(sort_keys) or _slow_encoder(sort_keys)
    join = "".join

    def encode_any(event: Any) -> str:
        try:
            return join(encode(event, 0))
        except Exception:  # noqa: BLE001 - unsortable keys, cycles, huge integers: the slow way knows them all
            return join(encode(_degrade(event), 0))

    return encode_any


def _slow_encoder(sort_keys: bool) -> Callable[[Any, int], Any]:
    encode = json.JSONEncoder(
        separators=(",", ":"), ensure_ascii=False, check_circular=False, sort_keys=sort_keys, default=to_jsonable
    ).encode
    return lambda event, _level: encode(event)


def _c_encoder(sort_keys: bool) -> Callable[[Any, int], Any] | None:
    """Return what ``JSONEncoder.encode`` builds again for each call, built once; ``None`` where json has no C part."""
    make: Any = getattr(json.encoder, "c_make_encoder", None)
    quote: Any = getattr(json.encoder, "c_encode_basestring", None)
    if make is None or quote is None:
        return None
    encode: Callable[[Any, int], Any] = make(None, to_jsonable, quote, None, ":", ",", sort_keys, False, True)
    try:
        if "".join(encode({"b": [1, float("inf"), "ä"]}, 0)) != '{"b":[1,Infinity,"ä"]}':
            return None
    except (TypeError, ValueError):
        return None
    return encode


encode_sorted = _standard(sort_keys=True)
"""Encode anything as compact JSON text with sorted keys."""

encode_text = _standard(sort_keys=False)
"""Encode anything as compact JSON text."""


def encode_text_line(text: str) -> bytes:
    """Return text as UTF-8."""
    # Lone surrogates (undecodable file names) cannot be UTF-8; no reader could store them either.
    return text.encode("utf-8", "replace")


def encode_line_standard(event: Any) -> bytes:
    """Encode anything as one line of UTF-8 with its newline, by the standard library."""
    return encode_text_line(encode_text(event) + "\n")


def _load_fast() -> tuple[str, Callable[[Any], bytes]] | None:
    try:
        import msgspec
    except ImportError:
        pass
    else:
        return "msgspec", msgspec.json.Encoder(enc_hook=to_jsonable).encode
    try:
        import orjson
    except ImportError:
        return None
    options = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
    return "orjson", lambda event: orjson.dumps(event, to_jsonable, options)


_fast = _load_fast()
ENCODER_NAME = _fast[0] if _fast else "json"
"""Which library encodes: ``msgspec``, ``orjson`` or ``json``."""


def _line_encoder(fast: Callable[[Any], bytes]) -> Callable[[Any], bytes]:
    def encode_line(event: Any) -> bytes:
        try:
            line = fast(event)
        except Exception:  # noqa: BLE001 - what one library refuses the other may take
            return encode_line_standard(event)
        if b"null" in line:  # None, or a number that is not finite
            return encode_line_standard(event)
        return line + b"\n"

    return encode_line


encode_line: Callable[[Any], bytes] = _line_encoder(_fast[1]) if _fast else encode_line_standard
"""Encode anything as one line of UTF-8 with its newline."""
