"""Supervisors that share a few processes of this machine: for runs whose workers run elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import ClassVar

from gym_gui.core.regular_files import append_or_discard
from gym_gui.runs import NEUTRAL_FOLDER, UTF8, RunFolder, is_locked
from gym_gui.trainer.executors.local import LocalExecutor
from gym_gui.trainer.executors.spare import start_proxy

logger = logging.getLogger(__name__)

#: Runs of one process at most: each has about ten files open.
MOST_RUNS = 1000
#: A run in whose first seconds its process died so often has one of its own from then on: it may be the reason.
EARLY_S, EARLY_DEATHS = 60.0, 2
_READ = 1 << 16


class SharedProcess:
    """A process with the supervisors of many runs; it outlives this one.

    Args:
        home: The home of its runs.

    Raises:
        OSError: It cannot be started.
    """

    def __init__(self, home: Path) -> None:
        self.runs: dict[str, float] = {}
        """By id, the runs whose supervisors it has, and since when (monotonic seconds)."""
        self.checked_at, self.still = float("-inf"), False
        """When it was last looked whether it is stopped (monotonic seconds), and whether it has been for long."""
        (home / "logs").mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(append_or_discard(home / "logs" / "shared-proxies.log"), "ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, *UTF8, "-m", "gym_gui.rpc.shared_main", str(home)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=NEUTRAL_FOLDER,
                env={**os.environ, "MOSAIC_HOME": str(home)},
                start_new_session=True,
                bufsize=0,
            )
        assert self._process.stdout is not None
        os.set_blocking(self._process.stdout.fileno(), False)
        self._read = b""

    @property
    def alive(self) -> bool:
        """Whether it lives."""
        return self._process.poll() is None

    def add(self, folder: RunFolder) -> bool:
        """Give it a run; return whether it could be given."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(os.fsencode(folder.path) + b"\n")
        except OSError:
            return False
        self.runs[folder.run_id] = time.monotonic()
        return True

    def look(self) -> None:
        """Take note of the runs whose supervisors have ended."""
        assert self._process.stdout is not None
        with contextlib.suppress(BlockingIOError, ValueError):
            while data := os.read(self._process.stdout.fileno(), _READ):
                *lines, self._read = (self._read + data).split(b"\n")
                for line in lines:
                    self.runs.pop(os.fsdecode(line), None)

    def kill(self) -> None:
        """End it at once; its runs' supervisors end with it."""
        self._process.kill()

    def close(self) -> None:
        """Give it no more runs, and wait until it has ended: it has no runs, or was killed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


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
            if process.alive and len(process.runs) < MOST_RUNS and process.add(folder):
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
