"""Calls of many programs, passed on together: each alone would cost the daemon more than what it says."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from gym_gui.fleet import Answer

#: Calls that are passed on together at most, and bytes, unless one alone has more.
_MOST, _MOST_BYTES = 256, 1 << 20
#: Calls at a time from which on it is worth to wait for more of them, and for how many seconds: passing some on costs
#: more than a call.
_MANY, _PAUSE_S = 4, 0.004


class Batches:
    """Passes calls on, those together that come while others are under way or a few milliseconds after these.

    Args:
        send: Passes some on and returns their answers; for each who calls, and the body.
    """

    def __init__(self, send: Callable[[Sequence[tuple[str, bytes]]], Awaitable[Sequence[Answer]]]) -> None:
        self._send = send
        self._waiting: list[tuple[str, bytes, asyncio.Future[Answer]]] = []
        self._sender: asyncio.Task[None] | None = None

    async def call(self, peer: str, data: bytes) -> Answer:
        """Pass a call on and return its answer.

        Args:
            peer: Who calls.
            data: The body.

        Raises:
            MosaicError: The daemon does not answer.
        """
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((peer, data, future))
        if self._sender is None:
            self._sender = asyncio.create_task(self._send_all())
        return await future

    async def _send_all(self) -> None:
        try:
            while self._waiting:
                batch = self._next()
                try:
                    answers = await self._send([(peer, data) for peer, data, _ in batch])
                    for (_peer, _data, future), answer in zip(batch, answers, strict=True):
                        if not future.done():  # its client has left
                            future.set_result(answer)
                except Exception as error:  # noqa: BLE001 - each of the callers raises it
                    for _peer, _data, future in batch:
                        if not future.done():
                            future.set_exception(error)
                if len(batch) >= _MANY and len(self._waiting) < _MOST:
                    await asyncio.sleep(_PAUSE_S)
        finally:
            self._sender = None

    def _next(self) -> list[tuple[str, bytes, asyncio.Future[Answer]]]:
        size, count = 0, 0
        for _peer, data, _future in self._waiting[:_MOST]:
            size += len(data)
            if count and size > _MOST_BYTES:
                break
            count += 1
        batch, self._waiting = self._waiting[:count], self._waiting[count:]
        return batch
