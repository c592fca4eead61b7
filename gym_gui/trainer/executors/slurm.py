"""Runs whose workers run as jobs of Slurm, on nodes that share the home; their supervisors run here."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from gym_gui.config.settings import get_setting
from gym_gui.core.worker.errors import Problem, UsageError
from gym_gui.fleet import SlurmJobs, job_parameters, make_queue
from gym_gui.runs import SLURM_EXECUTOR, RunFolder, TrainRunConfig
from gym_gui.trainer.executors.local import LocalExecutor
from gym_gui.trainer.machine import Machine

_LOOK_S = 0.5


class SlurmExecutor(LocalExecutor):
    """Supervisors as processes of this machine, workers as jobs of Slurm.

    The cluster counts as one machine of which nothing but the number of runs is counted: what a job waits for is
    Slurm's to decide.

    Args:
        home: The home, on a file system that the nodes share.
    """

    name: ClassVar[str] = SLURM_EXECUTOR
    provisioner: ClassVar[str] = "gym_gui.fleet.slurm.provisioner:SlurmProvisioner"

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self.jobs = SlurmJobs(make_queue(str(get_setting("slurm_cluster"))), lambda: get_setting("slurm_parameters"))

    async def start(self, folder: RunFolder) -> None:
        await super().start(folder)
        self.jobs.watch(folder)

    async def alive(self, folder: RunFolder) -> bool:
        self.jobs.watch(folder)  # a run that an earlier daemon started
        return await super().alive(folder)

    async def cleanup(self, folder: RunFolder) -> None:
        await asyncio.to_thread(self.jobs.forget, folder)
        await super().cleanup(folder)

    def machines(self) -> Sequence[Machine]:
        """Return the cluster as one machine; none where no job can be submitted."""
        if self.jobs.queue.unusable():
            return []
        return [Machine(SLURM_EXECUTOR, max(1, int(get_setting("slurm_runs"))))]

    def problems(self, config: TrainRunConfig) -> list[Problem]:
        """Return why a run's jobs cannot be submitted."""
        why = self.jobs.queue.unusable()
        if why:
            message = f"cannot be used: {why}. Start the daemon on a machine that submits jobs: a login node"
            return [Problem("executor", message, value=SLURM_EXECUTOR, allowed="an executor that is there")]
        try:
            job_parameters(get_setting("slurm_parameters"), config.environment)
        except UsageError as error:
            return [Problem("environment", f"{error.what}. {error.next_step}")]
        return []

    async def background(self) -> None:
        while True:  # without a spare proxy: one executor's is enough for a machine
            await asyncio.to_thread(self.jobs.look)
            await asyncio.sleep(_LOOK_S)
