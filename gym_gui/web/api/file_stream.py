"""A run's file as a response of any length: read part by part, never held as a whole."""

from __future__ import annotations

from collections.abc import AsyncIterator

from starlette.responses import StreamingResponse

from gym_gui.reading import MAX_BYTES
from gym_gui.rpc import AsyncTrainerClient


class ShrunkFileError(Exception):
    """A file became shorter while it was sent: the response cannot be completed."""


def file_response(
    client: AsyncTrainerClient, run_id: str, path: str, size: int, first: bytes, headers: dict[str, str], kind: str
) -> StreamingResponse:
    """Return a response with the bytes that a file has now; what is added meanwhile is left out.

    Args:
        client: Reads the file.
        run_id: The run.
        path: The file, relative to the run's folder.
        size: Its size, bytes.
        first: Its first bytes.
        headers: Further headers.
        kind: Its media type.
    """
    parts = _parts(client, run_id, path, size, first)
    return StreamingResponse(parts, 200, {**headers, "content-length": str(size)}, kind)


async def _parts(client: AsyncTrainerClient, run_id: str, path: str, size: int, first: bytes) -> AsyncIterator[bytes]:
    data, sent = first[:size], 0
    while True:
        yield data
        sent += len(data)
        if sent >= size:
            return
        data, _ = await client.read_file(run_id, path, offset=sent, length=min(MAX_BYTES, size - sent))
        if not data:  # the server closes a connection whose response is shorter than announced
            raise ShrunkFileError(f"{path} of run {run_id} has {sent} of {size} bytes left")
