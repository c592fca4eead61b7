"""Searches that are watched: evaluated when runs change, once for all who watch the same one.

All of it runs in the daemon's event loop, evaluations in threads. A reader that is too slow gets the newest page when
it asks for the next; nothing is queued for it, and a search that no reader waits for is not evaluated.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator

from gym_gui.reading import GroupRow, Page, RunRow, Search, SearchUpdate, prepare, update_between
from gym_gui.trainer.changes import Changes

logger = logging.getLogger(__name__)

#: Seconds between evaluations of a search at least.
MIN_PAUSE_S = 0.2
#: Seconds between evaluations of a search that changes with time alone.
CLOCK_S = 2.0
#: Seconds between two changes of a run's row at least, while its state and what users wrote stay the same.
ROW_S = 0.5
#: After an evaluation a search rests for so many times its cost; with many searches for longer, so that all of them
#: together take half a core at most.
REST, REST_PER_SEARCH = 8, 2
RETRY_S = 1.0
#: Seconds after the last reader until decoded runs are dropped.
KEEP_S = 60.0

Evaluate = Callable[[Search], Awaitable[tuple[Page, float]]]
"""Carries out a search; returns its page, and the CPU seconds that it cost."""


class SearchWatches:
    """Watched searches.

    Args:
        evaluate: Carries out a search.
        changes: Tells of changes of runs.
        on_readers: Called with the number of readers when it changes.
        keep: Called with whether decoded runs should be kept in memory.
    """

    def __init__(
        self, evaluate: Evaluate, changes: Changes, on_readers: Callable[[int], None], keep: Callable[[bool], None]
    ) -> None:
        self._evaluate = evaluate
        self._changes = changes
        self._on_readers = on_readers
        self._keep = keep
        self._watched: dict[Search, _WatchedSearch] = {}
        self._noted = False
        self._dropping: asyncio.TimerHandle | None = None

    async def watch(self, search: Search) -> AsyncIterator[SearchUpdate]:
        """Yield the page of a search, then each change of it, without end.

        Raises:
            ConfigError: The search is not valid.
        """
        prepare(search)
        with self._open(search) as watched:
            page: Page | None = None
            while True:
                newer = await watched.newer(page)
                update = watched.update(page, newer)
                page = newer
                if update is not None:
                    yield update

    @contextlib.contextmanager
    def _open(self, search: Search) -> Iterator[_WatchedSearch]:
        """Count a reader of a search; the last one ends its evaluation."""
        if not self._watched:
            self._begin()
        watched = self._watched.get(search)
        if watched is None:
            watched = self._watched[search] = _WatchedSearch(search, self._evaluate, self._rest)
        watched.readers += 1
        self._count()
        try:
            yield watched
        finally:
            watched.readers -= 1
            if not watched.readers:
                del self._watched[search]
                watched.close()
            if not self._watched:
                self._end()
            self._count()

    def _begin(self) -> None:
        if self._dropping is not None:
            self._dropping.cancel()
        self._keep(True)
        loop = asyncio.get_running_loop()

        def note(_: Collection[str]) -> None:
            if not self._noted:
                self._noted = True
                with contextlib.suppress(RuntimeError):  # the daemon has ended
                    loop.call_soon_threadsafe(self._wake)

        self._listener = note
        self._changes.add(note)

    def _end(self) -> None:
        self._changes.remove(self._listener)
        self._dropping = asyncio.get_running_loop().call_later(KEEP_S, self._keep, False)

    def _wake(self) -> None:
        self._noted = False
        for watched in self._watched.values():
            watched.stale.set()

    def _count(self) -> None:
        self._on_readers(sum(watched.readers for watched in self._watched.values()))

    def _rest(self, cost_s: float) -> float:
        """Return how long a search rests after an evaluation, seconds."""
        return max(MIN_PAUSE_S, cost_s * max(REST, REST_PER_SEARCH * len(self._watched)))


class _WatchedSearch:
    """One search and its newest page."""

    def __init__(self, search: Search, evaluate: Evaluate, rest: Callable[[float], float]) -> None:
        prepared = prepare(search)
        self._search = search
        self._changing, self._ignored = prepared.changing, prepared.changing_columns
        self._evaluate = evaluate
        self._rest = rest
        self.readers = 0
        self.stale = asyncio.Event()
        """Runs have changed since the last evaluation began."""
        self.stale.set()
        self._wanted = asyncio.Event()
        self._page: Page | None = None
        self._former: Page | None = None
        self._last_update: SearchUpdate | None = None
        self._error: Exception | None = None
        self._begun = self._ended = 0
        self._turn = asyncio.Event()
        self._changed_at: dict[str, float] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._task = asyncio.create_task(self._run())

    def close(self) -> None:
        """End the evaluation."""
        self._task.cancel()
        if self._timer is not None:
            self._timer.cancel()

    async def newer(self, seen: Page | None) -> Page:
        """Return a newer page than a reader has, once there is one; without one: the page as it is now."""
        needed = self._begun + self.stale.is_set() if seen is None else 0
        while self._page is None or self._page is seen or self._ended < needed:
            if self._error is not None:
                raise self._error
            self._wanted.set()
            await self._turn.wait()
        return self._page

    def update(self, seen: Page | None, page: Page) -> SearchUpdate | None:
        """Return what leads from the page that a reader has to a newer one."""
        if seen is not None and seen is self._former and page is self._page:
            return self._last_update  # most readers are at the same page
        return update_between(seen, page, ignored=self._ignored)

    async def _run(self) -> None:
        refused = False
        try:
            while True:
                await self.stale.wait()
                await self._wanted.wait()
                self.stale.clear()
                self._wanted.clear()
                self._begun += 1
                try:
                    page, cost_s = await self._evaluate(self._search)
                except sqlite3.Error as error:
                    if not refused:
                        logger.warning("a watched search cannot be evaluated, which is tried again: %s", error)
                    refused = True
                    await asyncio.sleep(RETRY_S)
                    self.stale.set()
                    self._wanted.set()
                else:
                    refused = False
                    self._take(page)
                    self._end_turn()
                    await asyncio.sleep(self._rest(cost_s))
        except Exception as error:  # noqa: BLE001 - the readers raise it
            self._error = error
        finally:
            self._end_turn()

    def _end_turn(self) -> None:
        self._ended = self._begun
        self._turn.set()
        self._turn = asyncio.Event()

    def _take(self, page: Page) -> None:
        """Take a new page, unless it is like the former one."""
        now = time.monotonic()
        due = self._hold_rows(page, now)
        update = update_between(self._page, page, ignored=self._ignored)
        if update is not None:
            self._former, self._page, self._last_update = self._page, page, update
            on_page = set(update.run_ids)
            self._changed_at = {run_id: at for run_id, at in self._changed_at.items() if run_id in on_page}
            self._changed_at |= {row.run.run_id: now for row in update.runs}
            if update.groups_changed:
                self._changed_at[_GROUPS] = now
        waits = [CLOCK_S] * self._changing + ([] if due is None else [max(due - now, 0.0)])
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(min(waits), self.stale.set) if waits else None

    def _hold_rows(self, page: Page, now: float) -> float | None:
        """Put the former rows in place of those that change too often; return when they may change."""
        if self._page is None:
            return None
        former = {row.run.run_id: row for row in self._page.runs}
        held = []
        for index, row in enumerate(page.runs):
            old, due = former.get(row.run.run_id), self._changed_at.get(row.run.run_id, 0.0) + ROW_S
            if old is not None and now < due and _notable(old) == _notable(row) and old != row:
                page.runs[index] = old
                held.append(due)
        due = self._changed_at.get(_GROUPS, 0.0) + ROW_S
        groups = self._page.groups
        if now < due and groups != page.groups and list(map(_members, groups)) == list(map(_members, page.groups)):
            page.groups = groups
            held.append(due)
        return min(held, default=None)


#: Stands for the groups of a page; no run has this id.
_GROUPS = ""


def _notable(row: RunRow) -> tuple[object, ...]:
    """Return what of a row is shown at once when it changes."""
    run = row.run
    return run.state, run.run_name, run.tags, run.notes, run.starred


def _members(group: GroupRow) -> tuple[object, ...]:
    return group.key, group.run_ids, group.states
