"""Supervisors that share a few processes of this machine: for runs whose workers run elsewhere."""

from __future__ import annotations

import asyncio
import logging
import time
from pathlib import Path
from typing import ClassVar

from gym_gui.core.worker.errors import MosaicError
from gym_gui.logging_config.helpers import log_constant
from gym_gui.logging_config.log_constants import LOG_DAEMON_PROXY_HUNG
from gym_gui.proxy import files_of_run
from gym_gui.runs import RunFolder, is_locked, load_plan
from gym_gui.trainer.executors.local import LocalExecutor
from gym_gui.trainer.executors.shared_process import MOST_RUNS, SharedProcess
from gym_gui.trainer.executors.spare import start_proxy

logger = logging.getLogger(__name__)

#: A run in whose turn its process died so often is the reason, and gets one of its own. Where the process died in no
#: run's turn, those may be the reason that had come within so many seconds before.
EARLY_S, EARLY_DEATHS = 60.0, 2


class SharedExecutor(LocalExecutor):
    """Runs one process, ``python -m gym_gui.rpc.shared_main``, for all its runs, as long as it has any.

    A run whose turn does not end, or in whose turn the process dies again, gets a process of its own. Where the process
    dies in no run's turn, its runs are divided among more and more processes.

    Args:
        home: The home.
    """

    look_s: ClassVar[float] = 1.0

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self._processes: list[SharedProcess] = []
        self._deaths: dict[str, int] = {}
        self._most: dict[str, int] = {}
        """How many runs the process of a run has at most, of those that may be the reason for deaths."""

    async def start(self, folder: RunFolder) -> None:
        await self.kill(folder)
        most = self._most.get(folder.run_id, MOST_RUNS)
        if most == 1:
            logger.warning(
                "run %s gets a supervisor process of its own: the shared one died again or hung, maybe because of it",
                folder.run_id, extra={"run_id": folder.run_id},
            )  # fmt: skip
            self._children[folder.run_id] = start_proxy(folder)
            return
        files = await asyncio.to_thread(_files_of, folder)
        for process in self._processes:
            idle = process.alive and not process.still and not process.hangs
            if idle and process.has_room(files, most) and process.add(folder, files):
                process.most = min(most, process.most)
                return
        self._processes.append(SharedProcess(self.home, most, self._patience_s))
        if not self._processes[-1].add(folder, files):
            raise OSError("the process of the supervisors has ended at once: see logs/shared-proxies.log of the home")

    async def alive(self, folder: RunFolder) -> bool:
        process = self._process_of(folder)
        if process is None:
            return await super().alive(folder)  # that of an earlier daemon, or one of its own
        now = time.monotonic()
        if now - process.checked_at >= self.look_s:  # one look for all of its runs
            process.checked_at = now
            process.still = self._stands_still(RunFolder.of(self.home, next(iter(process.runs))))
            if process.check(self._clock()):
                values = {"run_id": process.turn or folder.run_id, "silent_s": self._patience_s}
                log_constant(logger, LOG_DAEMON_PROXY_HUNG, extra=values)
        return not process.still and not process.hangs

    async def kill(self, folder: RunFolder) -> None:
        process = self._process_of(folder)
        if process is not None:
            process.kill()
            self._processes.remove(process)
            if process.hangs and not process.still:
                self._blame(process)
            await asyncio.to_thread(process.close)
        if self._children.get(folder.run_id) is not None or is_locked(folder.proxy_lock):
            await super().kill(folder)
        self._still_since.pop(folder.run_id, None)
        self._progress.pop(folder.run_id, None)

    async def cleanup(self, folder: RunFolder) -> None:
        self._deaths.pop(folder.run_id, None)
        self._most.pop(folder.run_id, None)
        for process in list(self._processes):
            process.look()
            process.runs.pop(folder.run_id, None)
            if not process.runs and process in self._processes:
                self._processes.remove(process)
                await asyncio.to_thread(process.close)
        await super().cleanup(folder)

    def _process_of(self, folder: RunFolder) -> SharedProcess | None:
        """Return the living process of this daemon that has a run; those that died are removed."""
        for process in list(self._processes):
            process.look()
            if not process.alive:
                self._processes.remove(process)
                self._blame(process)
                process.close()
        return next((process for process in self._processes if folder.run_id in process.runs), None)

    def _blame(self, process: SharedProcess) -> None:
        """Note of which run a process died or hangs, or of which ones it may be."""
        if process.turn in process.runs:
            self._add_deaths(process.turn, EARLY_DEATHS if process.hangs else 1, 1)
            return
        now = time.monotonic()
        for run_id, run in process.runs.items():
            if now - run.since < EARLY_S:
                self._add_deaths(run_id, 1, max(1, len(process.runs) // 2))

    def _add_deaths(self, run_id: str, count: int, most: int) -> None:
        """Count what may be a run's fault; from a number on its process has so many runs at most."""
        self._deaths[run_id] = self._deaths.get(run_id, 0) + count
        if self._deaths[run_id] >= EARLY_DEATHS:
            self._most[run_id] = most


def _files_of(folder: RunFolder) -> int:
    """Return how many files the supervisor of a run has open at most."""
    try:
        return files_of_run(len(load_plan(folder).workers))
    except (MosaicError, OSError):  # the supervisor says so, and ends
        return files_of_run(1)
