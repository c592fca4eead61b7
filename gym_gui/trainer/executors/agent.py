"""Runs whose workers run on other machines, each with an agent that polls for work; their supervisors run here."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from gym_gui.config.settings import get_setting
from gym_gui.fleet import Desk, PartialFiles
from gym_gui.runs import AGENT_EXECUTOR, RunFolder, read_machine
from gym_gui.trainer.executors.shared import SharedExecutor
from gym_gui.trainer.machine import Inventory, Machine

_LOOK_S = 0.5


class AgentExecutor(SharedExecutor):
    """Supervisors in processes of this machine that they share, workers where agents carry them out.

    Args:
        home: The home.
    """

    name: ClassVar[str] = AGENT_EXECUTOR
    provisioner: ClassVar[str] = "gym_gui.fleet.provisioner:FleetProvisioner"

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self.desk: Desk = Desk(home, max(1.0, float(get_setting("agent_lease_s"))))
        self._partial = PartialFiles(home)

    async def start(self, folder: RunFolder) -> None:
        await super().start(folder)
        await asyncio.to_thread(self.desk.held.watch, folder)

    async def alive(self, folder: RunFolder) -> bool:
        if not self.desk.held.watches(folder.run_id):  # a run that an earlier daemon started
            await asyncio.to_thread(self.desk.held.watch, folder)
        return await super().alive(folder)

    async def cleanup(self, folder: RunFolder) -> None:
        await asyncio.to_thread(self.desk.held.forget, folder.run_id)
        await super().cleanup(folder)

    def machines(self) -> Sequence[Machine]:
        """Return the machines that were heard of lately and take runs.

        A machine has fewer slots while it has a run that was placed on another one, which was lost.
        """
        found = []
        for record in list(self.desk.store.records.values()):
            if not self.desk.online(record.machine_id) or self.desk.store.presence(record.machine_id).draining:
                continue
            runs = {key.run_id for key in self.desk.held.of_machine(record.machine_id)}
            foreign = sum(self._placed_on(run_id) != record.machine_id for run_id in runs)
            facts = record.facts
            inventory = Inventory(facts.cpus, facts.memory_mb, tuple(facts.gpus), gpus_how="its agent")
            found.append(Machine(record.machine_id, max(0, facts.slots - foreign), inventory))
        return found

    async def background(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_S)
            await asyncio.to_thread(self.desk.held.expire)
            await asyncio.to_thread(self._partial.sweep)

    def _placed_on(self, run_id: str) -> str:
        with contextlib.suppress(OSError, ValueError):
            return read_machine(RunFolder.of(self.home, run_id))
        return ""
