"""Files of a run, as a whole: their begin, and copies."""

from __future__ import annotations

from pathlib import Path

from gym_gui.core.worker.errors import MosaicError
from gym_gui.reading import MAX_BYTES
from gym_gui.rpc.aio_client import AsyncTrainerClient


async def first_bytes(client: AsyncTrainerClient, run_id: str, path: str, length: int) -> bytes:
    """Return the first bytes of a file.

    Args:
        client: The daemon.
        run_id: The run.
        path: The file below the run's folder.
        length: Their number at most.

    Raises:
        MosaicError: It cannot be read.
    """
    data = bytearray()
    while len(data) < length:
        part, _ = await client.read_file(run_id, path, offset=len(data), length=min(MAX_BYTES, length - len(data)))
        if not part:
            break
        data += part
    return bytes(data)


async def copy_file(client: AsyncTrainerClient, run_id: str, path: str, target: Path) -> int:
    """Copy a file and return its size; it appears under its name once all of it is there.

    Args:
        client: The daemon.
        run_id: The run.
        path: The file below the run's folder.
        target: The copy.

    Raises:
        MosaicError: It cannot be read, or not be written.
    """
    part = target.with_name(f".{target.name}.part")
    written = 0
    try:
        with part.open("wb") as stream:
            while True:
                data, size = await client.read_file(run_id, path, offset=written)
                stream.write(data)
                written += len(data)
                if not data or written >= size:
                    break
        part.replace(target)
    except OSError as error:
        raise MosaicError(
            "the file cannot be saved",
            where=str(target),
            why=error.strerror or str(error),
            next_step="choose another place",
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return written
