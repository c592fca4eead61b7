"""Runs that are started together."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from gym_gui.jobs import Job
from gym_gui.rpc.aio_client import AsyncTrainerClient

Prepare = Callable[[dict[str, Any]], dict[str, Any]]
"""Completes a run config before it is submitted; may read files."""


@dataclass
class RunGroup:
    """Runs that are started together; after a refusal the rest of the very same is.

    Args:
        configs: Their configs.
        parent_run_id: The run that they go on from.
        run_ids: Ids of those that were started.
    """

    configs: list[dict[str, Any]] = field(default_factory=list)
    parent_run_id: str | None = None
    run_ids: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._dry_run: Job | None = None
        self._group = f"g{time.time_ns() // 1_000_000:x}" if len(self.configs) > 1 else ""

    async def dry_run(self, client: AsyncTrainerClient, prepare: Prepare, worker: str) -> AsyncIterator[Job]:
        """Yield the job in which the worker tries the first one, as it stands and with each change, until it has ended.

        What is begun again after a failure goes on with the same job; one that is left before its end is cancelled.

        Args:
            client: The way to the daemon.
            prepare: Completes the config.
            worker: The worker.
        """
        if self._dry_run is None:
            config = await asyncio.to_thread(prepare, self.configs[0])
            starting = asyncio.ensure_future(client.start_job("dry_run", worker, {"config": config}))
            try:
                self._dry_run = await asyncio.shield(starting)
            except asyncio.CancelledError:  # the daemon starts it all the same
                await client.cancel_job((await starting).job_id)
                raise
            yield self._dry_run
        try:
            async for job in client.watch_jobs([self._dry_run.job_id]):
                yield job
        except (asyncio.CancelledError, GeneratorExit):
            await client.cancel_job(self._dry_run.job_id)
            raise

    async def start(self, client: AsyncTrainerClient, prepare: Prepare) -> list[str]:
        """Start those that were not started yet, one after another; return the ids of all.

        Raises:
            MosaicError: One of them was refused.
        """
        for config in self.configs[len(self.run_ids) :]:
            whole = await asyncio.to_thread(prepare, config)
            self.run_ids.append(await client.submit(whole, group=self._group, parent_run_id=self.parent_run_id))
        return self.run_ids
