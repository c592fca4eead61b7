"""Bodies of several parts: each part as it came, all in one file, little in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from gym_gui.core.worker.errors import ConfigError
from gym_gui.web.spool import IN_MEMORY, Spool


async def body(*parts: tuple[str, bytes], end: bytes = b"--x--\r\n") -> AsyncIterator[bytes]:
    for name, data in parts:
        yield f'--x\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'.encode()
        yield data
        yield b"\r\n"
    yield end


def test_many_small_parts_are_on_disk_together() -> None:
    given = [(f"{number}.json", bytes([number]) * (IN_MEMORY // 8)) for number in range(20)]
    with Spool() as spool:
        parts = asyncio.run(spool.take("multipart/form-data; boundary=x", body(*given)))
        assert [(part.head.filename, part.read(0, part.size)) for part in parts] == given
        assert parts[3].read(10, 5) == b"\x03" * 5
        assert parts[3].read(parts[3].size, 5) == b""
        assert spool._file._rolled  # type: ignore[attr-defined]  # on disk
        file = spool._file
    assert file.closed


def test_a_body_that_ends_early_leaves_nothing() -> None:
    with Spool() as spool:
        file = spool._file
        with pytest.raises(ConfigError):
            asyncio.run(spool.take("multipart/form-data; boundary=x", body(("a", b"1"), end=b"--x\r\nCont")))
    assert file.closed
