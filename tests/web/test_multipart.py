"""Bodies of several parts are read in whatever pieces they come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from gym_gui.core.worker.errors import ConfigError
from gym_gui.web.multipart import PartEnd, PartHead, read_parts


def read(content_type: str, body: bytes, piece: int) -> list[tuple[str, str | None, bytes]]:
    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(body), piece):
            yield body[start : start + piece]

    async def main() -> list[tuple[str, str | None, bytes]]:
        found: list[tuple[str, str | None, bytes]] = []
        head, data = None, b""
        async for event in read_parts(content_type, chunks()):
            if isinstance(event, PartHead):
                head, data = event, b""
            elif isinstance(event, PartEnd):
                assert head is not None
                found.append((head.name, head.filename, data))
            else:
                data += event
        return found

    return asyncio.run(main())


@pytest.mark.parametrize("piece", [1, 2, 7, 1000, 1 << 20])
def test_parts_of_a_common_client(piece: int) -> None:
    data = b"\r\n--x\r\n\r\n" + bytes(range(256)) * 20 + b"\r\n"
    request = httpx.Request(
        "POST", "http://x", data={"relativePath": "a/é"}, files=[("files", ("Disk_I/O ü.jpg", data)), ("e", ("e", b""))]
    )
    found = read(request.headers["content-type"], request.read(), piece)
    assert found == [
        ("relativePath", None, "a/é".encode()), ("files", "Disk_I/O ü.jpg", data), ("e", "e", b""),
    ]  # fmt: skip


def test_names_as_older_clients_write_them() -> None:
    body = (
        b"--b\r\nContent-Disposition: form-data; name=\"f\"; filename*=utf-8''%C3%A9.txt\r\n\r\n1\r\n"
        b"--b  \r\ncontent-disposition:form-data;name=plain\r\nX: y\r\n\r\n2\r\n--b--\r\nepilogue"
    )
    assert read("multipart/form-data; boundary=b", body, 5) == [("f", "é.txt", b"1"), ("plain", None, b"2")]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/plain", b""),
        ("multipart/form-data", b""),
        ("multipart/form-data; boundary=b", b""),
        ("multipart/form-data; boundary=b", b"--b\r\n"),
        ("multipart/form-data; boundary=b", b"--b\r\nContent-Disposition: form-data; name=x\r\n\r\nno end"),
        ("multipart/form-data; boundary=b", b"--b\r\nX: y\r\n\r\n1\r\n--b--"),
        ("multipart/form-data; boundary=b", b"--b\r\nX: " + b"y" * 20_000),
        ("multipart/form-data; boundary=b", b"x" * 100_000),
        ("multipart/form-data; boundary=b", b"--b\r\n\xff\xfe\x00"),
    ],
)
def test_whatever_else_comes_is_refused(kind: str, body: bytes) -> None:
    with pytest.raises(ConfigError):
        read(kind, body, 1000)
