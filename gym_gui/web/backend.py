"""The daemon behind the web server: connected on first use, and again after it was gone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gym_gui.rpc import AsyncTrainerClient


class Backend:
    """Gives the one client that all requests share.

    Args:
        connect: Connects to the daemon; may have to start it.
        where: The home or the address, for the user.
        home: The home of this machine, which has the presets of forms.
        elsewhere: The daemon belongs to another home or machine.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[AsyncTrainerClient]],
        where: str,
        home: Path,
        *,
        elsewhere: bool = False,
    ) -> None:
        self.where = where
        self.home = home
        self.elsewhere = elsewhere
        self._connect = connect
        self._client: AsyncTrainerClient | None = None
        self._opening = asyncio.Lock()

    async def client(self) -> AsyncTrainerClient:
        """Return the client.

        Raises:
            MosaicError: The daemon cannot be reached or started; the next call tries again.
        """
        if self._client is None:
            async with self._opening:
                if self._client is None:
                    self._client = await self._connect()
        return self._client

    async def close(self) -> None:
        """Close the connection."""
        if self._client is not None:
            await self._client.close()
