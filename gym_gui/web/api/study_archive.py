"""A study's results as a ZIP file that is made while it is sent: never held as a whole, on no disk."""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from gym_gui.core.worker.errors import MosaicError
from gym_gui.fleet import StudyResults, named_files, results_csv, results_json
from gym_gui.rpc import AsyncTrainerClient

if TYPE_CHECKING:
    from typing_extensions import Buffer

#: In the archive: names of files that could not be read, with the reason.
NOT_SAVED = "NOT-SAVED.txt"


class _Sink(io.RawIOBase):
    """Holds what was written until it is taken."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        """Return that it takes bytes; nothing that was written can be changed any more."""
        return True

    def write(self, data: Buffer) -> int:
        """Take bytes."""
        self._parts.append(bytes(data))
        return len(self._parts[-1])

    def take(self) -> bytes:
        """Return what was written since."""
        parts, self._parts = self._parts, []
        return b"".join(parts)


async def study_archive(client: AsyncTrainerClient, results: StudyResults) -> AsyncIterator[bytes]:
    """Yield the parts of a ZIP file with a study's results.

    Args:
        client: Reads the files.
        results: The results.
    """
    sink = _Sink()
    failed: list[str] = []
    archive = zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED)
    archive.writestr("results.csv", results_csv(results))
    archive.writestr("results.json", results_json(results))
    yield sink.take()
    for row, file, name in named_files(results):
        try:
            data, size = await client.read_file(row.run.run_id, file.path)
            with archive.open(name, "w", force_zip64=True) as entry:
                written = 0
                while True:
                    await asyncio.to_thread(entry.write, data)
                    written += len(data)
                    yield sink.take()
                    if not data or written >= size:
                        break
                    data, size = await client.read_file(row.run.run_id, file.path, offset=written)
        except MosaicError as error:
            failed.append(f"{name}: {error.why or error.what}\n")
    if failed:
        archive.writestr(NOT_SAVED, "".join(failed))
    archive.close()
    yield sink.take()
