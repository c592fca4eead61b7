"""Keeps a supervisor of a run alive until the run has ended."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable

import msgspec

from gym_gui.core.asyncio_events import wait_for_event
from gym_gui.core.worker.errors import MosaicError
from gym_gui.logging_config.helpers import log_constant
from gym_gui.logging_config.log_constants import (
    LOG_DAEMON_PROXY_RESTARTED,
    LOG_DAEMON_RUN_DISPATCHED,
    LOG_DAEMON_RUN_LOST,
)
from gym_gui.proxy import read_summary
from gym_gui.runs import RunFolder, RunState, RunSummary, is_locked
from gym_gui.supervision import held_launch_locks
from gym_gui.trainer.board import RunBoard
from gym_gui.trainer.executors.base import Executor
from gym_gui.trainer.finalize import finalize_run, is_finished
from gym_gui.trainer.restarts import Restarts
from gym_gui.trainer.unplanned import end_unplanned, why_unplanned, why_unsupervised

logger = logging.getLogger(__name__)


class Upkeep:
    """Starts a run's supervisor, and another one when it dies.

    Args:
        folder: The run's folder.
        executor: Starts them.
        board: Where the run's values stand.
        sign: Set when a supervisor may have ended.
        record_grant: Writes down what the run has been granted; called in a thread before each start.
    """

    def __init__(
        self,
        folder: RunFolder,
        executor: Executor,
        board: RunBoard,
        sign: asyncio.Event,
        record_grant: Callable[[], None],
    ) -> None:
        self._folder = folder
        self._executor = executor
        self._board = board
        self._sign = sign
        self._record_grant = record_grant

    async def until_ended(self, *, started: bool) -> RunSummary:
        """Start supervisors, one after the other, until the run has ended.

        Args:
            started: An earlier daemon, or an earlier turn, has started one.

        Returns:
            The run's end.
        """
        restarts = Restarts()
        since = time.monotonic()
        if not started:
            log_constant(
                logger,
                LOG_DAEMON_RUN_DISPATCHED,
                extra={"run_id": self._folder.run_id, "executor": self._executor.name},
            )
            await self._start()
        while True:
            await self._until_dead()
            run = await self._read()
            if run.state.terminal and is_finished(self._folder):
                return run
            delay = restarts.after(time.monotonic() - since)
            why = await asyncio.to_thread(why_unsupervised, self._folder)
            unwanted = bool(why) and self._folder.cancel_intent.exists()
            if unwanted:
                await asyncio.to_thread(end_unplanned, self._folder, restarts.deaths)
            if (restarts.hopeless or unwanted) and not _is_held(self._folder):
                final = await self._give_up(restarts.deaths, why)
                if final is not None:
                    return final
            self._say_restart(run, restarts.deaths, delay, why)
            await asyncio.sleep(delay)
            since = time.monotonic()
            await self._start()

    async def _read(self) -> RunSummary:
        """Return the run as its folder tells it, or as it was last reported where the folder cannot be read."""
        known = self._board.get(self._folder.run_id)
        if known.state.terminal:
            return known
        try:
            return await asyncio.to_thread(read_summary, self._folder)
        except (MosaicError, OSError, sqlite3.Error) as error:
            logger.warning(
                "run %s: its folder cannot be read: %s",
                self._folder.run_id,
                error,
                extra={"run_id": self._folder.run_id},
            )
            return known

    def _say_restart(self, run: RunSummary, deaths: int, delay: float, why: str) -> None:
        values = {"run_id": run.run_id, "in_s": delay, "deaths": deaths}
        log_constant(logger, LOG_DAEMON_PROXY_RESTARTED, extra=values)
        if deaths > 1:
            cause = f"its telemetry proxy died {deaths} times; the next one starts in {delay:g} s"
            cause = f"{why}; {cause}" if why else cause
            self._board.publish(msgspec.structs.replace(self._board.get(run.run_id), cause=cause))

    async def _start(self) -> None:
        """Start a supervisor; a start that fails counts as a supervisor that died at once."""
        try:
            await asyncio.to_thread(self._record_grant)
            await self._executor.start(self._folder)
        except (OSError, MosaicError) as error:
            logger.warning(
                "run %s: no supervisor could be started: %s",
                self._folder.run_id,
                error,
                extra={"run_id": self._folder.run_id},
            )
            cause = f"no telemetry proxy could be started: {error}"
            self._board.publish(msgspec.structs.replace(self._board.get(self._folder.run_id), cause=cause))

    async def _give_up(self, deaths: int, why: str) -> RunSummary | None:
        """End a run whose supervisors die; ``None``: something of it lives after all."""
        cause = why or f"its telemetry proxy died {deaths} times in a row: see {self._folder.proxy_log}"
        try:
            run = await asyncio.to_thread(finalize_run, self._folder, RunState.LOST, cause)
            if await asyncio.to_thread(why_unplanned, self._folder):  # the folder does not tell more than the end
                known = self._board.get(self._folder.run_id)
                run = msgspec.structs.replace(known, state=run.state, cause=run.cause, ended_at=run.ended_at)
        except (MosaicError, OSError, sqlite3.Error):
            if _is_held(self._folder):
                return None
            logger.exception(
                "run %s: its end cannot be written", self._folder.run_id, extra={"run_id": self._folder.run_id}
            )
            run = msgspec.structs.replace(self._board.get(self._folder.run_id), state=RunState.LOST, cause=cause)
        log_constant(logger, LOG_DAEMON_RUN_LOST, extra={"run_id": self._folder.run_id, "state": run.state.value})
        return run

    async def _until_dead(self) -> None:
        while await self._executor.alive(self._folder):
            self._sign.clear()
            await wait_for_event(self._sign, self._executor.look_s)


def _is_held(folder: RunFolder) -> bool:
    """Return whether anything of a run lives, wherever that is: then it has not ended."""
    return is_locked(folder.proxy_lock) or bool(held_launch_locks(folder))
