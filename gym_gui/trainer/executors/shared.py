"""Supervisors that share a few processes of this machine: for runs whose workers run elsewhere."""

from __future__ import annotations

import asyncio
import logging
import resource
import time
from pathlib import Path
from typing import ClassVar

from gym_gui.runs import RunFolder, is_locked
from gym_gui.trainer.executors.local import LocalExecutor
from gym_gui.trainer.executors.shared_process import SharedProcess, most_runs
from gym_gui.trainer.executors.spare import start_proxy

logger = logging.getLogger(__name__)

#: Runs of one process at most.
MOST_RUNS = most_runs(resource.getrlimit(resource.RLIMIT_NOFILE)[1])
#: A run in whose first seconds its process died so often has one of its own from then on: it may be the reason.
EARLY_S, EARLY_DEATHS = 60.0, 2


class SharedExecutor(LocalExecutor):
    """Runs one process, ``python -m gym_gui.rpc.shared_main``, for all its runs, as long as it has any.

    A run whose process keeps dying soon after it has come gets a process of its own.

    Args:
        home: The home.
    """

    look_s: ClassVar[float] = 1.0

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self._processes: list[SharedProcess] = []
        self._deaths: dict[str, int] = {}

    async def start(self, folder: RunFolder) -> None:
        await self.kill(folder)
        if self._deaths.get(folder.run_id, 0) >= EARLY_DEATHS:
            logger.warning(
                "run %s gets a supervisor process of its own: the shared one died %d times soon after it had the run",
                folder.run_id, self._deaths[folder.run_id], extra={"run_id": folder.run_id},
            )  # fmt: skip
            self._children[folder.run_id] = start_proxy(folder)
            return
        for process in self._processes:
            if process.alive and not process.still and len(process.runs) < MOST_RUNS and process.add(folder):
                return
        self._processes.append(SharedProcess(self.home))
        if not self._processes[-1].add(folder):
            raise OSError("the process of the supervisors has ended at once: see logs/shared-proxies.log of the home")

    async def alive(self, folder: RunFolder) -> bool:
        process = self._process_of(folder)
        if process is None:
            return await super().alive(folder)  # that of an earlier daemon, or one of its own
        now = time.monotonic()
        if now - process.checked_at >= self.look_s:  # one look for all of its runs
            process.checked_at = now
            process.still = self._stands_still(RunFolder.of(self.home, next(iter(process.runs))))
        return not process.still and not self._hangs(folder)

    async def kill(self, folder: RunFolder) -> None:
        process = self._process_of(folder)
        if process is not None:
            process.kill()
            self._bury(process)
            await asyncio.to_thread(process.close)
        if self._children.get(folder.run_id) is not None or is_locked(folder.proxy_lock):
            await super().kill(folder)
        self._still_since.pop(folder.run_id, None)
        self._progress.pop(folder.run_id, None)

    async def cleanup(self, folder: RunFolder) -> None:
        self._deaths.pop(folder.run_id, None)
        for process in list(self._processes):
            process.look()
            process.runs.pop(folder.run_id, None)
            if not process.runs and process in self._processes:
                self._processes.remove(process)
                await asyncio.to_thread(process.close)
        await super().cleanup(folder)

    def _process_of(self, folder: RunFolder) -> SharedProcess | None:
        """Return the living process of this daemon that has a run."""
        for process in list(self._processes):
            process.look()
            if not process.alive:
                self._bury(process)
                process.close()
        return next((process for process in self._processes if folder.run_id in process.runs), None)

    def _bury(self, process: SharedProcess) -> None:
        """Forget a process that died, and note of which runs it did soon after they had come."""
        self._processes.remove(process)
        now = time.monotonic()
        for run_id, since in process.runs.items():
            if now - since < EARLY_S:
                self._deaths[run_id] = self._deaths.get(run_id, 0) + 1
