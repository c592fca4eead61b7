"""Rows of runs for those who read them live: read once from the database, sent to all who ask for the same.

A feed follows one run at its live edge. Its newest batches stand in a ring; a reader that keeps up takes them from
there, one that does not (or that begins further back) reads what it has missed from the database at its own pace, as
far as its rate allows, the rest as a gap. Nothing is queued for anyone, so a reader that stalls costs nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from gym_gui.runs import RunFolder
from gym_gui.telemetry import PAGE_ROWS, FileMark, RowBatch, RowCursor, RowStream, edge_of, is_cursor_behind
from gym_gui.trainer.board import RunBoard
from gym_gui.trainer.finalize import is_run_over

T = TypeVar("T")
Encode = Callable[[RowBatch], T]
"""Makes of a batch what its readers are sent. Called once a batch, in the feed's thread."""

#: Batches that a reader may be behind before it reads for itself: at least a second of them.
RING = 64
#: Least time between two reads, seconds: the proxy of a run whose rows are read commits about as often.
LEAST_S = 0.044
#: And at least so much for each reader of the feed; more where they cannot take all there is: such a run needs the
#: processor itself.
READER_S = 0.0006
BUSY_READER_S = 0.002
#: Time between two looks for another commit, seconds: a share of how long nothing has come in, within these bounds.
SHORT_LOOK_S = 0.004
LONG_LOOK_S = 0.025
LOOK_SHARE = 0.1
#: Read without any sign of a commit after so long, seconds, and let go of the database; and once a run has ended.
PATIENCE_S = 0.5
ENDING_S = 0.05
#: A reader may save up its rate for so long, seconds.
BURST_S = 1.0


class FeedQuery(NamedTuple):
    """What a reader asks for; those who ask for the same share a feed."""

    run_id: str
    kinds: frozenset[str]
    rate: float | None
    """Steps per second at most; ``None``: all."""
    packed: bool = False
    """Whether steps travel as MessagePack."""


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


class Feeds(Generic[T]):
    """The feeds that have readers.

    Args:
        home: The home.
        board: Tells when runs have ended.
        encode: Makes of a batch what readers are sent.
    """

    def __init__(self, home: Path, board: RunBoard, encode: Encode[T]) -> None:
        self._home = home
        self._board = board
        self._encode = encode
        self._feeds: dict[FeedQuery, Feed[T]] = {}

    @contextlib.asynccontextmanager
    async def open(self, query: FeedQuery) -> AsyncIterator[Feed[T]]:
        """Give the feed of a query, which lives as long as it has readers.

        Raises:
            UnknownRunError: There is no such run.
        """
        self._board.get(query.run_id)
        feed = self._feeds.get(query)
        if feed is None:
            folder = RunFolder.of(self._home, query.run_id)
            feed = self._feeds[query] = Feed(folder, query, self._board, self._encode)
        try:
            with feed.reader():
                yield feed
        finally:
            if not feed.readers and self._feeds.get(query) is feed:
                del self._feeds[query]
                await feed.close()


class Feed(Generic[T]):
    """One run's rows at the live edge, read by a thread of its own: waiting there costs less than in the event loop.

    Args:
        folder: The run's folder.
        query: What is read.
        board: Tells when the run has ended.
        encode: Makes of a batch what readers are sent.
    """

    def __init__(self, folder: RunFolder, query: FeedQuery, board: RunBoard, encode: Encode[T]) -> None:
        self.readers = 0
        self._folder = folder
        self._query = query
        self._board = board
        self._encode = encode
        self._ring: deque[tuple[RowCursor, T]] = deque(maxlen=RING)
        self._number = 0
        """How many batches there have been: the ring holds the last of them."""
        self._edge: RowCursor = ()
        self._over = False
        self._fault: BaseException | None = None
        self._moved = asyncio.Event()
        self._run = board.get(query.run_id)
        self._news = threading.Event()
        self._closing = False
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._follow, name=f"feed of {query.run_id}", daemon=True)
        self._thread.start()

    @contextlib.contextmanager
    def reader(self) -> Iterator[None]:
        """Count a reader."""
        self.readers += 1
        try:
            with self._board.stream(self._query.run_id, self._note_state):
                yield
        finally:
            self.readers -= 1

    async def close(self) -> None:
        """Stop following."""
        self._closing = True
        self._news.set()
        await asyncio.to_thread(self._thread.join)

    async def batches(self, start: RowCursor | None) -> AsyncIterator[T]:
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
            yield self._encode(RowBatch(cursor=edge))
        while True:
            while is_cursor_behind(position, edge):
                before = position
                position, message = await asyncio.to_thread(self._catch_up, position, allowance, edge)
                if position == before:
                    break  # the database was taken away
                yield message
            while number >= self._number - len(self._ring):
                if number == self._number:
                    if self._fault is not None:
                        raise self._fault
                    if self._over:
                        return
                    await self._moved.wait()
                    continue
                position, message = self._ring[number - self._number]
                number += 1
                yield message
            edge, number = self._edge, self._number

    async def _live_edge(self) -> tuple[RowCursor, int]:
        """Return where the feed stands, once it does."""
        while not self._number and not self._over and self._fault is None:
            await self._moved.wait()
        if self._fault is not None:
            raise self._fault
        return self._edge, self._number

    def _catch_up(self, after: RowCursor, allowance: Allowance, until: RowCursor) -> tuple[RowCursor, T]:
        """Return what lies behind a cursor, a page of it, and the cursor after that."""
        rows = RowStream(self._folder)
        try:
            batch = rows.read(after, kinds=self._query.kinds, max_steps=allowance.now(), until=until)
        finally:
            rows.close()
        allowance.spend(batch.step_count)
        return batch.cursor, self._message(batch)

    def _message(self, batch: RowBatch) -> T:
        batch.lag_bytes = self._run.lag_bytes
        return self._encode(batch if self._query.packed else batch.with_records())

    # -- in the event loop, told by the thread -----------------------------------------------------------------------

    def _note_state(self) -> None:
        self._run = self._board.get(self._query.run_id)
        self._news.set()

    def _push(self, edge: RowCursor, message: T) -> None:
        self._run = self._board.get(self._query.run_id)
        self._edge = edge
        self._ring.append((edge, message))
        self._number += 1
        self._announce()

    def _end(self, fault: BaseException | None) -> None:
        self._fault = fault
        self._over = True
        self._announce()

    def _announce(self) -> None:
        """Wake every reader that waits."""
        self._moved.set()
        self._moved = asyncio.Event()

    # -- in the thread -----------------------------------------------------------------------------------------------

    def _follow(self) -> None:
        """Read at the live edge as long as the run goes on."""
        rows = RowStream(self._folder)
        fault: BaseException | None = None
        try:
            edge = edge_of(self._folder)
            self._tell(self._push, edge, self._encode(RowBatch(cursor=edge, caught_up=False)))
            allowance = Allowance(self._query.rate)
            going_on = True
            while going_on and not self._closing:
                edge, going_on = self._follow_once(rows, edge, allowance)
        except BaseException as error:  # noqa: BLE001 - every reader is told
            fault = error
        finally:
            rows.close()
        self._tell(self._end, fault)

    def _follow_once(self, rows: RowStream, edge: RowCursor, allowance: Allowance) -> tuple[RowCursor, bool]:
        """Read what has come in and wait for more; return the new edge, and whether there can be any."""
        self._news.clear()
        over, ending = is_run_over(self._folder, self._run.state), self._run.state.terminal
        began, mark = time.monotonic(), rows.mark()
        batch = rows.read(edge, kinds=self._query.kinds, max_steps=allowance.now())
        if not batch.empty:
            allowance.spend(batch.step_count)
            self._tell(self._push, batch.cursor, self._message(batch))
        if batch.caught_up and not over:
            least_s = max(LEAST_S, self.readers * (BUSY_READER_S if batch.gaps else READER_S))
            if ending or not self._changes(rows, mark, began, least_s):
                rows.close()  # the run's proxy cannot put the database in order while it is open here
            if ending:
                self._news.wait(ENDING_S)
        return batch.cursor, not (over and batch.empty)

    def _changes(self, rows: RowStream, mark: FileMark, began: float, least_s: float) -> bool:
        """Wait for another commit; return whether there was one, or other news of the run, within `PATIENCE_S`.

        Args:
            rows: Where.
            mark: As it was before the last read.
            began: When that did, by the monotonic clock.
            least_s: Wait so long after that in any case: what comes in meanwhile comes with the next read.
        """
        wait_s = began + least_s - time.monotonic()
        while not self._news.wait(max(0.0, wait_s)):
            if rows.mark() != mark:
                return True
            waited = time.monotonic() - began
            if waited > PATIENCE_S:
                return False
            wait_s = min(LONG_LOOK_S, max(SHORT_LOOK_S, LOOK_SHARE * waited))
        return True

    def _tell(self, act: Callable[..., None], *values: object) -> None:
        with contextlib.suppress(RuntimeError):  # the daemon has ended meanwhile
            self._loop.call_soon_threadsafe(act, *values)
