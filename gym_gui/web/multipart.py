"""Bodies of type ``multipart/form-data``, read part by part as they arrive, in little memory."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email.message import Message
from urllib.parse import unquote_to_bytes

from gym_gui.core.worker.errors import ConfigError, Problem

#: Parts of a body, and bytes of the head of one, at most.
MAX_PARTS, MAX_HEAD = 1000, 16 << 10
_BOUNDARY = re.compile(rb"[\x20-\x7e]{1,70}")


@dataclass(frozen=True)
class PartHead:
    """The head of a part, after which its data come."""

    name: str
    filename: str | None
    """``None``: a field without a file."""


class PartEnd:
    """A part is whole."""


Event = PartHead | bytes | PartEnd


async def read_parts(content_type: str, chunks: AsyncIterator[bytes]) -> AsyncIterator[Event]:
    """Yield the parts of a body: the head of each, its data in pieces, its end.

    Args:
        content_type: The header ``Content-Type``.
        chunks: The body.

    Raises:
        ConfigError: It is malformed; what was yielded before was well-formed.
    """
    delimiter = b"\r\n--" + _boundary(content_type)
    source = chunks.__aiter__()
    buffer = bytearray(b"\r\n")  # the first delimiter may be the very first line

    async def more() -> bool:
        try:
            buffer.extend(await source.__anext__())
        except StopAsyncIteration:
            return False
        return True

    async def until(mark: bytes, most: int) -> bytes:
        """Take what comes before a mark, and the mark."""
        while True:
            at = buffer.find(mark)
            if 0 <= at <= most:
                found = bytes(buffer[:at])
                del buffer[: at + len(mark)]
                return found
            if at > most or len(buffer) > most + len(mark):
                raise _malformed("the head of a part is too long")
            if not await more():
                raise _malformed("it ends within a part")

    await until(delimiter, MAX_HEAD)
    for _ in range(MAX_PARTS):
        while len(buffer) < 2:
            if not await more():
                raise _malformed("it ends within a delimiter")
        if buffer.startswith(b"--"):
            return
        await until(b"\r\n", MAX_HEAD)  # white space after the delimiter
        lines: list[bytes] = []
        while line := await until(b"\r\n", MAX_HEAD):
            lines.append(line)
            if sum(map(len, lines)) > MAX_HEAD:
                raise _malformed("the head of a part is too long")
        yield _head(lines)
        while (at := buffer.find(delimiter)) < 0:
            ready = len(buffer) - len(delimiter)
            if ready > 0:
                yield bytes(buffer[:ready])
                del buffer[:ready]
            if not await more():
                raise _malformed("it ends within a part")
        if at:
            yield bytes(buffer[:at])
        del buffer[: at + len(delimiter)]
        yield PartEnd()
    raise _malformed(f"it has more than {MAX_PARTS:,} parts")


def _boundary(content_type: str) -> bytes:
    message = Message()
    message["content-type"] = content_type[:1000]
    found = message.get_boundary() if message.get_content_type() == "multipart/form-data" else None
    boundary = (found or "").encode("latin-1", "replace")
    if not _BOUNDARY.fullmatch(boundary):
        raise _malformed("its type is not multipart/form-data with a boundary")
    return boundary


def _head(lines: list[bytes]) -> PartHead:
    """Return what the head of a part says; names are UTF-8, as browsers and common libraries send them."""
    values = (line.decode("utf-8", "replace").partition(":") for line in lines)
    found = next((value for name, _, value in values if name.strip().lower() == "content-disposition"), "")
    fields = {name.lower(): _unquoted(value) for name, value in _FIELD.findall(found)}
    if "filename*" in fields:
        fields["filename"] = _extended(fields["filename*"])
    if not found.lower().lstrip().startswith("form-data") or "name" not in fields:
        raise _malformed("a part has no name")
    return PartHead(fields["name"], fields.get("filename"))


#: A parameter of a header: quoted, or one word.
_FIELD = re.compile(r';\s*([A-Za-z*]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;\s]*)')


def _unquoted(value: str) -> str:
    if len(value) > 1 and value.startswith('"') and value.endswith('"'):
        value = re.sub(r"\\([\\\"])", r"\1", value[1:-1])
    return value.replace("%22", '"').replace("%0D", "\r").replace("%0A", "\n")


def _extended(value: str) -> str:
    charset, _, rest = value.partition("'")
    try:
        return unquote_to_bytes(rest.partition("'")[2]).decode(charset or "utf-8", "replace")
    except (LookupError, ValueError):
        return rest


def _malformed(why: str) -> ConfigError:
    return ConfigError("the body cannot be read", [Problem("body", why, allowed="multipart/form-data")])
