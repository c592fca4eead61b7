"""Runs that programs on other machines claim by HTTP and carry out themselves; their supervisors run here."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from gym_gui.config.settings import get_setting
from gym_gui.fleet import ClaimedAttempts, Clients, PartialFiles, Pictures
from gym_gui.runs import CLAIM_EXECUTOR, RunFolder
from gym_gui.trainer.executors.shared import SharedExecutor
from gym_gui.trainer.machine import Machine

_LOOK_S = 0.5


class ClaimExecutor(SharedExecutor):
    """Supervisors in processes of this machine that they share, work wherever a program claims it.

    No run is placed anywhere: each waits until a machine asks for it.

    Args:
        home: The home.
    """

    name: ClassVar[str] = CLAIM_EXECUTOR
    provisioner: ClassVar[str] = "gym_gui.fleet.claims.provisioner:ClaimProvisioner"

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self.attempts = ClaimedAttempts(home, max(1.0, float(get_setting("claim_lease_s"))))
        self.clients = Clients(home)
        self.pictures = Pictures(home)
        self._partial = PartialFiles(home)

    async def start(self, folder: RunFolder) -> None:
        await super().start(folder)
        await asyncio.to_thread(self.attempts.watch, folder)

    async def alive(self, folder: RunFolder) -> bool:
        if not self.attempts.watches(folder.run_id):  # a run that an earlier daemon started
            await asyncio.to_thread(self.attempts.watch, folder)
        return await super().alive(folder)

    async def cleanup(self, folder: RunFolder) -> None:
        await asyncio.to_thread(self.attempts.forget, folder.run_id)
        await super().cleanup(folder)

    def machines(self) -> Sequence[Machine]:
        """Return none: runs are claimed, not placed."""
        return ()

    async def background(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_S)
            await asyncio.to_thread(self._look)

    def _look(self) -> None:
        self._partial.sweep()
        self.attempts.finish_due()
        self.attempts.expire()
