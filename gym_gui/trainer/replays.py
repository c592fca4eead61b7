"""Episodes that clients have played again: few at a time, and kept for a while for a second look."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import OrderedDict
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from gym_gui.reading import ReplayQuery, ReplayUpdate, replay_episode
from gym_gui.runs import RunFolder

#: Programs that play episodes at one time; more wait.
_PARALLEL = 2
#: Bytes of pictures that are kept of one episode, and of all; seconds for which they are.
_KEPT_EACH, _KEPT, _KEPT_S = 24 << 20, 64 << 20, 600.0
_KEPT_OUTCOMES = ("reproduced", "differs", "stored")
_Key = tuple[str, ReplayQuery]


class Replays:
    """Plays episodes again, in threads and in programs of their own; nothing is written."""

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(_PARALLEL)
        self._kept: OrderedDict[_Key, list[ReplayUpdate]] = OrderedDict()
        self._sizes: dict[_Key, int] = {}
        self._open = 0

    @property
    def busy(self) -> bool:
        """Whether one is under way."""
        return self._open > 0

    async def replay(self, folder: RunFolder, query: ReplayQuery) -> AsyncGenerator[ReplayUpdate]:
        """Yield an episode's pictures and progress; the last update has the ``end``.

        Raises:
            ConfigError: The query is not valid.
            UsageError: There is no such episode.
            TelemetryError: The run's database cannot be read.
        """
        key = (folder.run_id, query)
        if key not in self._kept:
            self._open += 1
            try:
                async with self._slots, contextlib.aclosing(self._play(folder, query)) as updates:
                    async for update in updates:
                        yield update
            finally:
                self._open -= 1
            return
        self._kept.move_to_end(key)
        for update in list(self._kept[key]):
            yield update

    async def _play(self, folder: RunFolder, query: ReplayQuery) -> AsyncGenerator[ReplayUpdate]:
        stop = threading.Event()
        updates = replay_episode(folder, query, stop=stop)
        # One thread, so that the iterator is closed after its last step, whenever this is cancelled.
        thread = ThreadPoolExecutor(1, "replay")
        loop = asyncio.get_running_loop()
        kept: list[ReplayUpdate] | None = []
        size = 0
        try:
            while (update := await loop.run_in_executor(thread, next, updates, None)) is not None:
                size += len(update.frame.data) if update.frame is not None else 0
                if size > _KEPT_EACH:
                    kept = None
                if kept is not None and update.progress is None:
                    kept.append(update)
                if update.end is not None and update.end.outcome in _KEPT_OUTCOMES and kept is not None:
                    self._keep((folder.run_id, query), kept, size)
                yield update
        finally:
            stop.set()
            closed = loop.run_in_executor(thread, _close, updates)
            thread.shutdown(wait=False)
            await asyncio.shield(closed)

    def _keep(self, key: _Key, updates: list[ReplayUpdate], size: int) -> None:
        self._kept[key], self._sizes[key] = updates, size
        asyncio.get_running_loop().call_later(_KEPT_S, self._drop, key, updates)
        while sum(self._sizes.values()) > _KEPT:
            oldest = next(iter(self._kept))
            self._drop(oldest, self._kept[oldest])

    def _drop(self, key: _Key, updates: list[ReplayUpdate]) -> None:
        if self._kept.get(key) is updates:
            del self._kept[key], self._sizes[key]


def _close(updates: Iterator[ReplayUpdate]) -> None:
    closing: Any = updates
    closing.close()
