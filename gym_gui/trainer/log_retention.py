"""Has logs of ended runs compressed or dropped, and checkpoints dropped, as run configs say: one run at a time."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
from collections import deque
from pathlib import Path

from gym_gui.core.regular_files import append_or_discard
from gym_gui.core.worker.errors import MosaicError
from gym_gui.logging_config.helpers import log_constant
from gym_gui.logging_config.log_constants import LOG_DAEMON_LOGS_KEPT, LOG_DAEMON_LOGS_NOT_KEPT
from gym_gui.retention import are_logs_retained, compression_threshold, describe_logs, has_checkpoints_to_drop
from gym_gui.runs import NEUTRAL_FOLDER, UTF8, RunFolder
from gym_gui.trainer.live_marks import LiveRuns

logger = logging.getLogger(__name__)

#: What failed is tried again so often, after so many seconds each time; then by the next daemon.
TRIES = 3
RETRY_S = 30.0


class LogRetention:
    """The ended runs whose logs are to be put in order. A run stays marked live until that is done.

    Args:
        home: The home.
        live: The marks.
    """

    def __init__(self, home: Path, live: LiveRuns) -> None:
        self._home = home
        self._live = live
        self._compress_from = compression_threshold()
        self._waiting: deque[str] = deque()
        self._tries: dict[str, int] = {}
        self._come = asyncio.Event()
        self._at_work = False

    @property
    def busy(self) -> bool:
        """Whether there is something to do."""
        return self._at_work or bool(self._waiting)

    def add(self, run_id: str) -> None:
        """Take a run that has ended and that no supervisor holds any more."""
        self._waiting.append(run_id)
        self._come.set()

    async def run(self) -> None:
        """Put runs in order until cancelled; a run that is at it then is left to the next daemon."""
        while True:
            self._come.clear()
            while self._waiting:
                self._at_work = True
                try:
                    await self._keep(self._waiting.popleft())
                finally:
                    self._at_work = False
            await self._come.wait()

    async def _keep(self, run_id: str) -> None:
        folder = RunFolder.of(self._home, run_id)
        try:
            if await asyncio.to_thread(self._is_in_order, folder):
                self._live.discard(run_id)
                return
            if await self._work(folder) == 0:
                self._live.discard(run_id)
                log_constant(logger, LOG_DAEMON_LOGS_KEPT, extra={"run_id": run_id, "logs": describe_logs(folder)})
                return
        except (MosaicError, OSError) as error:
            logger.warning("run %s: its logs cannot be put in order: %s", run_id, error, extra={"run_id": run_id})
        self._tries[run_id] = self._tries.get(run_id, 0) + 1
        log_constant(logger, LOG_DAEMON_LOGS_NOT_KEPT, extra={"run_id": run_id, "see": str(folder.proxy_log)})
        if self._tries[run_id] < TRIES and folder.path.exists():
            asyncio.get_running_loop().call_later(RETRY_S, self.add, run_id)

    def _is_in_order(self, folder: RunFolder) -> bool:
        return are_logs_retained(folder, self._compress_from) and not has_checkpoints_to_drop(folder)

    async def _work(self, folder: RunFolder) -> int:
        """Have a process do it; return its exit code."""
        with os.fdopen(append_or_discard(folder.proxy_log), "ab") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *UTF8,
                "-m",
                "gym_gui.retention.main",
                str(folder.path),
                stdin=asyncio.subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=NEUTRAL_FOLDER,
                env={**os.environ, "MOSAIC_HOME": str(self._home)},
                start_new_session=True,
            )
        try:
            return await process.wait()
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
