"""uvicorn's server without its clock: it costs nothing while no request comes."""

from __future__ import annotations

import asyncio
from types import FrameType

import uvicorn


class HttpServer(uvicorn.Server):
    """Waits for a signal, where uvicorn wakes up ten times a second to see whether there was one.

    uvicorn also uses its clock for the header ``Date``: without it, another part must send that.
    """

    async def main_loop(self) -> None:
        """Return once the server has to end."""
        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        if not self.should_exit:
            await self._ended.wait()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take a signal."""
        super().handle_exit(sig, frame)
        if hasattr(self, "_loop"):  # it listens already
            self._loop.call_soon_threadsafe(self._ended.set)
