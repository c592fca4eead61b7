"""A body of several parts on its way through: in one file, of which a little is in memory."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from types import TracebackType
from typing import IO

from gym_gui.web.multipart import PartEnd, PartHead, read_parts

#: Bytes of a body that are kept in memory.
IN_MEMORY = 2 << 20


@dataclass
class SpooledPart:
    """A part of a body, until its spool is closed."""

    head: PartHead
    begin: int
    """Where it begins in the file."""
    size: int
    """Bytes."""
    file: IO[bytes]

    def read(self, offset: int, most: int) -> bytes:
        """Return bytes of it.

        Args:
            offset: Of the first one.
            most: How many, at most.
        """
        self.file.seek(self.begin + offset)
        return self.file.read(max(0, min(most, self.size - offset)))


class Spool:
    """Takes one body."""

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - closed with the spool

    def __enter__(self) -> Spool:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove the file."""
        self._file.close()

    async def take(self, content_type: str, chunks: AsyncIterator[bytes]) -> list[SpooledPart]:
        """Take a body whole, and return its parts.

        Args:
            content_type: The header ``Content-Type``.
            chunks: The body.

        Raises:
            ConfigError: It is malformed.
            OSError: The disk refuses.
        """
        parts: list[SpooledPart] = []
        head: PartHead | None = None
        begin = end = 0
        async for event in read_parts(content_type, chunks):
            if isinstance(event, PartHead):
                head, begin = event, end
            elif isinstance(event, PartEnd):
                assert head is not None
                parts.append(SpooledPart(head, begin, end - begin, self._file))
            else:
                end += self._file.write(event)
        return parts
