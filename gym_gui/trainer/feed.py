"""Rows of runs for those who read them live: read once from the database, sent to all who ask for the same.

A feed follows one run at its live edge. Its newest batches stand in a ring; a reader that keeps up takes them from
there, one that does not (or that begins further back) reads what it has missed from the database at its own pace, as
far as its rate allows, the rest as a gap. Nothing is queued for anyone, so a reader that stalls costs nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from gym_gui.runs.folder import RunFolder
from gym_gui.runs.lock import is_locked
from gym_gui.telemetry.row_stream import PAGE_ROWS, Cursor, RowBatch, edge_of, is_behind, read_rows
from gym_gui.trainer.board import RunBoard
from gym_gui.trainer.event_wait import wait_for_event
from gym_gui.trainer.finished import is_finished
from gym_gui.trainer.proto import mosaic_pb2 as pb
from gym_gui.trainer.row_converters import Query, batch_to_pb, cursor_from_pb, cursor_to_pb

#: Batches that a reader may be behind before it reads for itself: at least a second of them.
RING = 64
#: Least time between two reads, seconds; and for each reader of the feed: fifty get twenty batches a second.
LEAST_S = 0.03
READER_S = 0.001
#: Look at the database after so long without any notice, seconds; and once a run has ended.
PATIENCE_S = 0.5
ENDING_S = 0.05
#: A reader may save up its rate for so long, seconds.
BURST_S = 1.0


class Allowance:
    """How many steps a reader may have now.

    Args:
        rate: Steps per second; ``None``: any number.
    """

    def __init__(self, rate: float | None) -> None:
        self._rate = rate
        self._saved = BURST_S * (rate or 0.0)
        self._at = time.monotonic()

    def now(self) -> int | None:
        """Return the number, ``None`` if there is no limit."""
        if self._rate is None:
            return None
        now = time.monotonic()
        self._saved = min(BURST_S * self._rate, self._saved + (now - self._at) * self._rate)
        self._at = now
        return min(PAGE_ROWS, int(self._saved))

    def spend(self, steps: int) -> None:
        """Take off what was sent."""
        self._saved -= steps


class Feeds:
    """The feeds that somebody reads.

    Args:
        home: The home.
        board: Tells of commits, and when runs have ended.
    """

    def __init__(self, home: Path, board: RunBoard) -> None:
        self._home = home
        self._board = board
        self._feeds: dict[Query, Feed] = {}

    @contextlib.asynccontextmanager
    async def open(self, query: Query) -> AsyncIterator[Feed]:
        """Give the feed of a query, which lives as long as it has readers.

        Raises:
            UnknownRunError: There is no such run.
        """
        self._board.get(query.run_id)
        feed = self._feeds.get(query)
        if feed is None:
            feed = self._feeds[query] = Feed(RunFolder.of(self._home, query.run_id), query, self._board)
        try:
            with feed.reader():
                yield feed
        finally:
            if not feed.readers and self._feeds.get(query) is feed:
                del self._feeds[query]
                await feed.close()


class Feed:
    """One run's rows at the live edge.

    Args:
        folder: The run's folder.
        query: What is read.
        board: Tells of commits, and when the run has ended.
    """

    def __init__(self, folder: RunFolder, query: Query, board: RunBoard) -> None:
        self.readers = 0
        self._folder = folder
        self._query = query
        self._board = board
        self._commits = asyncio.Event()
        self._ring: deque[pb.TelemetryBatch] = deque(maxlen=RING)
        self._number = 0
        """How many batches there have been: the ring holds the last of them."""
        self._edge: Cursor = ()
        self._read_at = float("-inf")
        self._over = False
        self._fault: BaseException | None = None
        self._moved = asyncio.Event()
        self._task = asyncio.create_task(self._follow(), name=f"feed of {query.run_id}")

    @contextlib.contextmanager
    def reader(self) -> Iterator[None]:
        """Count a reader."""
        self.readers += 1
        try:
            with self._board.stream(self._query.run_id, self._commits):
                yield
        finally:
            self.readers -= 1

    async def close(self) -> None:
        """Stop following."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def batches(self, start: Cursor | None) -> AsyncIterator[pb.TelemetryBatch]:
        """Yield batches until the run has ended and all of it was sent.

        Args:
            start: Begin after this cursor; ``None``: with what comes in from now on.

        Raises:
            TelemetryError: The run's telemetry cannot be read.
        """
        allowance = Allowance(self._query.rate)
        edge, number = await self._live_edge()
        position = edge if start is None else start
        if start is None:
            yield pb.TelemetryBatch(cursor=cursor_to_pb(edge), caught_up=True)
        while True:
            while is_behind(position, edge):
                before = position
                position, message, _ = await self._read(position, allowance, edge)
                if position == before:
                    break  # somebody has taken the database away
                yield message
            while number >= self._number - len(self._ring):
                if number == self._number:
                    if self._fault is not None:
                        raise self._fault
                    if self._over:
                        return
                    await self._moved.wait()
                    continue
                message = self._ring[number - self._number]
                number += 1
                position = cursor_from_pb(message.cursor)
                yield message
            edge, number = self._edge, self._number

    async def _live_edge(self) -> tuple[Cursor, int]:
        """Return where the feed stands, once it does."""
        while not self._number and not self._over and self._fault is None:
            await self._moved.wait()
        if self._fault is not None:
            raise self._fault
        return self._edge, self._number

    async def _follow(self) -> None:
        """Read at the live edge as long as the run goes on."""
        try:
            self._edge = await asyncio.to_thread(edge_of, self._folder)
            self._push(pb.TelemetryBatch(cursor=cursor_to_pb(self._edge)))
            allowance = Allowance(self._query.rate)
            while not self._over:
                await self._follow_once(allowance)
        except asyncio.CancelledError:
            raise
        except BaseException as fault:  # noqa: BLE001 - every reader is told
            self._fault = fault
        self._announce()

    async def _follow_once(self, allowance: Allowance) -> None:
        self._commits.clear()
        over = self._has_ended()
        self._read_at = time.monotonic()
        self._edge, message, empty = await self._read(self._edge, allowance, None)
        if not empty:
            self._push(message)
        elif over:
            self._over = True
        if message.caught_up and not over:
            patience = ENDING_S if self._board.get(self._query.run_id).state.terminal else PATIENCE_S
            await wait_for_event(self._commits, patience)
            # What comes in meanwhile comes with the next read.
            due = self._read_at + max(LEAST_S, READER_S * self.readers)
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    def _has_ended(self) -> bool:
        """Whether nothing more can come in: the run has ended, and nobody is at work on its database."""
        run = self._board.get(self._query.run_id)
        return run.state.terminal and (is_finished(self._folder) or not is_locked(self._folder.proxy_lock))

    async def _read(
        self, after: Cursor, allowance: Allowance, until: Cursor | None
    ) -> tuple[Cursor, pb.TelemetryBatch, bool]:
        """Return the cursor after a batch, its message, and whether it is empty."""

        def read() -> tuple[RowBatch, pb.TelemetryBatch]:
            batch = read_rows(self._folder, after, kinds=self._query.kinds, max_steps=allowance.now(), until=until)
            return batch, batch_to_pb(batch)

        batch, message = await asyncio.to_thread(read)
        allowance.spend(len(batch.steps))
        message.lag_bytes = self._board.get(self._query.run_id).lag_bytes
        return batch.cursor, message, batch.empty

    def _push(self, message: pb.TelemetryBatch) -> None:
        self._ring.append(message)
        self._number += 1
        self._announce()

    def _announce(self) -> None:
        """Wake every reader that waits."""
        self._moved.set()
        self._moved = asyncio.Event()
