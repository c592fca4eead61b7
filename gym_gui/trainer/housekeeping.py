"""What the daemon does beside its calls: saves changed values, enters runs missing in the registry, ends when idle."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from gym_gui.logging_config.helpers import log_constant
from gym_gui.logging_config.log_constants import LOG_DAEMON_IDLE
from gym_gui.runs import RunFolder, RunSummary
from gym_gui.trainer._backlog import Backlog
from gym_gui.trainer._deletion import finish_deletions
from gym_gui.trainer._disk_guard import DiskGuard
from gym_gui.trainer.board import RunBoard
from gym_gui.trainer.dispatcher import Dispatcher
from gym_gui.trainer.live_marks import LiveRuns
from gym_gui.trainer.log_retention import LogRetention
from gym_gui.trainer.registry import Registry
from gym_gui.trainer.registry_damage import SUFFIXES
from gym_gui.trainer.registry_reader import examine_registry
from gym_gui.trainer.unplanned import plan_of

logger = logging.getLogger(__name__)

#: Seconds between writes of changed values to the registry.
FLUSH_S = 0.25
#: Seconds between looks at the disk.
DISK_S = 1.0
_INDEX_BATCH = 20
#: Seconds between two looks at the whole registry, if anything was written meanwhile.
REGISTRY_S = 2.0
#: And at least so many times as long as the last look took.
REGISTRY_SHARE = 100


class RegistryWatch:
    """Looks at the registry's file now and then, as any other program would.

    Args:
        registry: The registry.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._seen: object = None
        self._next_at = time.monotonic() + REGISTRY_S

    async def look(self) -> None:
        """Look if it is time to; a registry that is damaged, or not in its place any more, is replaced."""
        if time.monotonic() < self._next_at:
            return
        began = time.monotonic()
        fault = ""
        if self._registry.is_displaced():
            fault = "it is not in its place any more"
        else:
            seen = self._stamp()
            if seen != self._seen:
                try:
                    fault = await asyncio.to_thread(examine_registry, self._registry.path)
                    self._seen = seen
                except (OSError, sqlite3.Error) as error:
                    logger.debug("the registry cannot be checked now: %s", error)
        self._next_at = time.monotonic() + max(REGISTRY_S, REGISTRY_SHARE * (time.monotonic() - began))
        if fault:
            self._registry.replace(fault)

    def _stamp(self) -> object:
        """Return what differs once anything was written."""
        path = self._registry.path
        return [_stamp_of(path.with_name(path.name + suffix)) for suffix in SUFFIXES[:2]]


def _stamp_of(path: Path) -> object:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


logger = logging.getLogger(__name__)


class Housekeeping:
    """The daemon's chores.

    Args:
        home: The home.
        board: Values of the runs.
        dispatcher: The runs that have not ended.
        idle_timeout_s: End the daemon after so many seconds without runs and clients; ``None``: never.
        stop: Ends the daemon.
        log_retention: Has logs to put in order, as long as it is busy.
        is_busy: Returns whether a client waits for an answer that takes its time.
    """

    def __init__(
        self,
        home: Path,
        board: RunBoard,
        dispatcher: Dispatcher,
        idle_timeout_s: float | None,
        stop: Callable[[], None],
        log_retention: LogRetention,
        is_busy: Callable[[], bool] = lambda: False,
    ) -> None:
        self._is_busy = is_busy
        self._home = home
        self._board = board
        self._dispatcher = dispatcher
        self._idle_timeout_s = idle_timeout_s
        self._stop = stop
        self._log_retention = log_retention
        self._used_at = time.monotonic()
        self.backlog = Backlog(home)
        self._live = LiveRuns(home / "runs")
        self._registry_watch = RegistryWatch(board.registry)
        self._disk = DiskGuard(home, dispatcher)
        self._disk.look()
        self._disk_seen_at = time.monotonic()

    def note_call(self, method: str) -> None:
        """Remember that a client is there; what proxies report is no client."""
        if not method.endswith("/Report"):
            self._used_at = time.monotonic()

    async def run(self) -> None:
        """Do the chores until cancelled."""
        try:
            await self._run()
        finally:
            self._disk.close()

    async def _run(self) -> None:
        await asyncio.to_thread(finish_deletions, self._home)
        while True:
            self._board.flush()
            if time.monotonic() - self._disk_seen_at >= DISK_S:
                self._disk.look()
                self._disk_seen_at = time.monotonic()
            await self._registry_watch.look()
            await self._index_some()
            if self._idle_timeout_s is not None and self._idle_s() > self._idle_timeout_s:
                log_constant(logger, LOG_DAEMON_IDLE)
                self._stop()
            await asyncio.sleep(0 if self.backlog else FLUSH_S)

    async def _index_some(self) -> None:
        batch = self.backlog.first(_INDEX_BATCH)
        if not batch:
            return
        for run_id, run in await asyncio.to_thread(lambda: [(each, self.backlog.read(each)) for each in batch]):
            if run is not None and self._is_to_be_entered(run):
                registry = self._board.registry
                run.sequence = registry.free_number(run.created_at) or run.sequence
                entered = registry.add(run)
                if not entered.state.terminal:
                    self._dispatcher.adopt(entered, plan_of(RunFolder.of(self._home, run_id)))
            self.backlog.discard(run_id)  # only now: what a full disk refuses is entered when there is room

    def _is_to_be_entered(self, run: RunSummary) -> bool:
        """Whether nothing else enters a run: neither the board, which holds it, nor the submission that writes it."""
        return not self._board.holds(run.run_id) and (run.state.terminal or not self._live.marks(run.run_id))

    def _idle_s(self) -> float:
        going = self._dispatcher.active or self._dispatcher.queued
        if going or self.backlog or self._board.watchers or self._log_retention.busy or self._is_busy():
            self._used_at = time.monotonic()
        return time.monotonic() - self._used_at
