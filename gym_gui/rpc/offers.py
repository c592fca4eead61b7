"""What a form of a worker offers to choose from, of the runs that there are."""

from __future__ import annotations

import asyncio

from gym_gui.reading import Search
from gym_gui.rpc.aio_client import AsyncTrainerClient

#: Runs whose checkpoints are offered.
_RUNS = 30


async def environments_of(client: AsyncTrainerClient, worker: str) -> list[str]:
    """Return the environments of a worker's runs.

    Args:
        client: The client.
        worker: The worker.
    """
    page = await client.search(Search(_of_worker(worker), group_by=("env",)))
    return [env for row in page.groups for env in row.key.get("env", [])]


async def checkpoints_of(client: AsyncTrainerClient, worker: str) -> list[str]:
    """Return paths of the checkpoints of a worker's newest runs, the newest run's last one first.

    Args:
        client: The client.
        worker: The worker.
    """
    page = await client.search(Search(_of_worker(worker), limit=_RUNS))
    found = await asyncio.gather(*(client.details(row.run.run_id) for row in page.runs))
    return [saved.path for details in found for saved in reversed(details.checkpoints) if saved.worker_type == worker]


def _of_worker(worker: str) -> str:
    """Return the query for a worker's runs."""
    quoted = worker.replace("\\", "\\\\").replace('"', '\\"')
    return f'worker="{quoted}"'
