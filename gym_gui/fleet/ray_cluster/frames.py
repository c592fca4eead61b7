"""Messages between the daemon and its driver process: JSON and bytes, each with its length before it."""

from __future__ import annotations

import json
import struct
from typing import IO, Any

_LENGTHS = struct.Struct(">II")


def write_frame(stream: IO[bytes], fields: dict[str, Any], data: bytes = b"") -> None:
    """Write a message.

    Args:
        stream: Where to.
        fields: What it says.
        data: Bytes of a file that go with it.

    Raises:
        OSError: The other side is gone.
    """
    said = json.dumps(fields).encode("ascii")
    stream.write(_LENGTHS.pack(len(said), len(data)) + said + data)
    stream.flush()


def read_frame(stream: IO[bytes]) -> tuple[dict[str, Any], bytes] | None:
    """Read a message; ``None`` where the other side is gone.

    Raises:
        ValueError: It is none.
    """
    lengths = stream.read(_LENGTHS.size)
    if len(lengths) < _LENGTHS.size:
        return None
    size, count = _LENGTHS.unpack(lengths)
    said, data = stream.read(size), stream.read(count)
    if len(said) < size or len(data) < count:
        return None
    fields = json.loads(said)
    if not isinstance(fields, dict):
        raise ValueError("a message is not an object")
    return fields, data
