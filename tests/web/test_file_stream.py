"""Whole files: sent part by part, at their length, and broken off where they shrink."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gym_gui.reading import MAX_BYTES
from gym_gui.web.api.file_stream import ShrunkFileError, file_response


class _Client:
    """Reads a file from memory, as the daemon does.

    Args:
        content: Its content.
    """

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.largest = 0

    async def read_file(self, run_id: str, path: str, *, offset: int = 0, length: int = 0) -> tuple[bytes, int]:
        data = self.content[offset : offset + min(length or MAX_BYTES, MAX_BYTES)]
        self.largest = max(self.largest, len(data))
        return data, len(self.content)


def _response(client: Any, size: int) -> Any:
    return file_response(client, "x", "log.txt", size, client.content[:MAX_BYTES], {"etag": "a"}, "text/plain")


async def _all(response: Any, client: _Client, change: bytes | None = None) -> bytes:
    parts = []
    async for part in response.body_iterator:
        parts.append(part)
        if change is not None:
            client.content = change
    return b"".join(parts)


@pytest.mark.parametrize("size", [0, 1, MAX_BYTES, MAX_BYTES + 1, 5 * MAX_BYTES // 2])
def test_a_file_is_sent_whole(size: int) -> None:
    client = _Client(bytes(range(256)) * (size // 256) + b"x" * (size % 256))
    response = _response(client, size)
    assert (response.status_code, response.headers["content-length"], response.headers["etag"]) == (200, str(size), "a")
    assert asyncio.run(_all(response, client)) == client.content
    assert client.largest <= MAX_BYTES


def test_what_is_added_meanwhile_is_left_out() -> None:
    client = _Client(b"a" * (MAX_BYTES + 10))
    sent = asyncio.run(_all(_response(client, MAX_BYTES + 10), client, b"a" * (3 * MAX_BYTES)))
    assert len(sent) == MAX_BYTES + 10


def test_a_file_that_shrinks_breaks_the_response_off() -> None:
    client = _Client(b"a" * (2 * MAX_BYTES))
    with pytest.raises(ShrunkFileError, match="has 1048576 of 2097152 bytes left"):
        asyncio.run(_all(_response(client, 2 * MAX_BYTES), client, b"a"))
