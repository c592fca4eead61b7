"""Supervisors as processes of this machine: one telemetry proxy a run."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from typing import ClassVar

from gym_gui.core.worker.errors import MosaicError
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.lock import is_locked
from gym_gui.trainer.executors.base import Executor
from gym_gui.trainer.proxy_identity import proxy_of

#: Seconds after SIGKILL within which the kernel must have taken a process away.
_DEATH_S = 10.0
_POLL_S = 0.01


class LocalExecutor(Executor):
    """Starts ``python -m gym_gui.trainer.proxy_main RUN_FOLDER`` in a session of its own."""

    name: ClassVar[str] = "local"

    def __init__(self) -> None:
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    async def start(self, folder: RunFolder) -> None:
        await self.kill(folder)
        with folder.proxy_log.open("ab") as log:
            self._children[folder.run_id] = subprocess.Popen(
                [sys.executable, "-m", "gym_gui.trainer.proxy_main", str(folder.path)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=folder.path.parent.parent,
                env={**os.environ, "MOSAIC_HOME": str(folder.path.parent.parent)},
                start_new_session=True,
            )

    async def alive(self, folder: RunFolder) -> bool:
        child = self._children.get(folder.run_id)
        if child is not None and child.poll() is None:
            return True
        return is_locked(folder.proxy_lock)

    async def kill(self, folder: RunFolder) -> None:
        child = self._children.pop(folder.run_id, None)
        if child is not None:
            child.kill()
        other = proxy_of(folder)
        if other is not None:
            other.signal(signal.SIGKILL)
        deadline = time.monotonic() + _DEATH_S
        while (child is not None and child.poll() is None) or is_locked(folder.proxy_lock):
            if time.monotonic() > deadline:
                raise MosaicError(
                    f"the telemetry proxy of run {folder.run_id} cannot be ended",
                    where=str(folder.proxy_lock),
                    why="something else holds its lock, or the kernel cannot end it (a hung disk)",
                    next_step=f"find the holder: lsof {folder.proxy_lock}",
                )
            await asyncio.sleep(_POLL_S)

    async def cleanup(self, folder: RunFolder) -> None:
        child = self._children.pop(folder.run_id, None)
        if child is not None:
            await asyncio.to_thread(child.wait)
