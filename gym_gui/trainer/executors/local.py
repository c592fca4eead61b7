"""Supervisors as processes of this machine: one telemetry proxy a run."""

from __future__ import annotations

import asyncio
import logging
import signal
import subprocess
import time
from pathlib import Path
from typing import ClassVar

from gym_gui.config.settings import get_setting
from gym_gui.core.worker.errors import MosaicError
from gym_gui.logging_config.helpers import log_constant
from gym_gui.logging_config.log_constants import LOG_DAEMON_PROXY_HUNG
from gym_gui.runs import LOCAL_EXECUTOR, RunFolder, is_locked
from gym_gui.supervision import ObservedClock, ProxyProgress, last_beat, proxy_of
from gym_gui.trainer.executors.base import Executor
from gym_gui.trainer.executors.spare import SpareProxy, start_proxy

logger = logging.getLogger(__name__)

#: Seconds after SIGKILL within which the kernel must have taken a process away.
_DEATH_S = 10.0
_POLL_S = 0.01
#: A supervisor that is stopped (SIGSTOP) for so many seconds is replaced.
STILL_S = 10.0
#: Seconds after a start before the next spare is made: the run that starts needs the processor more.
_SPARE_DELAY_S = 2.0
#: Seconds after the daemon's own start before the first is made: runs that have lost their supervisor come first.
_FIRST_SPARE_S = 0.2


class LocalExecutor(Executor):
    """Runs ``python -m gym_gui.rpc.proxy_main`` in a session of its own for each run.

    In the background it keeps a spare proxy ready, so that the next run starts quickly.

    Args:
        home: The home.
    """

    name: ClassVar[str] = LOCAL_EXECUTOR

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._spare = SpareProxy(home)
        self._used_at = float("-inf")
        self._clock = ObservedClock()
        self._still_since: dict[str, float] = {}
        self._patience_s = float(get_setting("proxy_timeout_s"))
        self._progress: dict[str, ProxyProgress] = {}

    async def start(self, folder: RunFolder) -> None:
        await self.kill(folder)
        self._used_at = time.monotonic()
        self._children[folder.run_id] = self._spare.take(folder) or start_proxy(folder)

    async def alive(self, folder: RunFolder) -> bool:
        child = self._children.get(folder.run_id)
        there = (child is not None and child.poll() is None) or is_locked(folder.proxy_lock)
        return there and not self._stands_still(folder) and not self._hangs(folder)

    async def kill(self, folder: RunFolder) -> None:
        child = self._children.pop(folder.run_id, None)
        self._still_since.pop(folder.run_id, None)
        self._progress.pop(folder.run_id, None)
        if child is not None:
            child.kill()
        other = proxy_of(folder)
        if other is not None:
            other.signal(signal.SIGKILL)
        if other is not None and not other.here and is_locked(folder.proxy_lock):
            raise MosaicError(
                f"the telemetry proxy of run {folder.run_id} runs elsewhere",
                where=str(folder.proxy_lock),
                why=f"its lock is held by {other.place}, which cannot be ended from here",
                next_step="stop it there; the run continues as soon as the lock is free",
            )
        deadline = time.monotonic() + _DEATH_S
        while (child is not None and child.poll() is None) or is_locked(folder.proxy_lock):
            if time.monotonic() > deadline:
                raise MosaicError(
                    f"the telemetry proxy of run {folder.run_id} cannot be ended",
                    where=str(folder.proxy_lock),
                    why="another process holds its lock, or the kernel cannot end it (a hung disk)",
                    next_step=f"find the holder: lsof {folder.proxy_lock}",
                )
            await asyncio.sleep(_POLL_S)

    async def cleanup(self, folder: RunFolder) -> None:
        child = self._children.pop(folder.run_id, None)
        if child is not None and (self._stands_still(folder) or self._hangs(folder)):
            child.kill()
        self._still_since.pop(folder.run_id, None)
        self._progress.pop(folder.run_id, None)
        if child is not None:
            await asyncio.to_thread(child.wait)

    def _stands_still(self, folder: RunFolder) -> bool:
        """Whether the run's supervisor was stopped and has not been continued for a while."""
        proxy = proxy_of(folder)
        if proxy is None or not proxy.stopped():
            self._still_since.pop(folder.run_id, None)
            return False
        now = self._clock()
        return now - self._still_since.setdefault(folder.run_id, now) > STILL_S

    def _hangs(self, folder: RunFolder) -> bool:
        """Whether the run's supervisor is there, was not stopped, and yet has not got on with its work for long."""
        progress = self._progress.setdefault(folder.run_id, ProxyProgress(self._patience_s))
        if not progress.hangs(self._clock(), last_beat(folder)):
            return False
        log_constant(logger, LOG_DAEMON_PROXY_HUNG, extra={"run_id": folder.run_id, "silent_s": self._patience_s})
        return True

    async def background(self) -> None:
        try:
            await asyncio.sleep(_FIRST_SPARE_S)
            while True:
                if time.monotonic() - self._used_at > _SPARE_DELAY_S:
                    try:
                        self._spare.prepare()
                    except OSError as error:
                        logger.warning("no spare proxy: %s", error)
                await asyncio.sleep(_SPARE_DELAY_S / 2)
        finally:
            self._spare.close()
