"""The checkpoints of all runs: what can be evaluated or resumed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import NamedTuple

from gym_gui.reading import RunDetails, SavedCheckpoint, Search
from gym_gui.rpc import AsyncTrainerClient
from gym_gui.runs import RunSummary
from gym_gui.workers import WorkerRecord

#: Runs that are read at once.
_AT_ONCE = 25


class Policy(NamedTuple):
    """A saved checkpoint with the run that saved it.

    Args:
        run: The run.
        details: What is recorded of it.
        checkpoint: The checkpoint.
        saved_with: Versions of its worker's package and of libraries that it was saved with.
        differs: Why it may not load: the worker has another version now, or is not installed.
    """

    run: RunSummary
    details: RunDetails
    checkpoint: SavedCheckpoint
    saved_with: str = ""
    differs: str = ""

    @property
    def env_id(self) -> str:
        """The environment of the run's workers of that kind."""
        kind = self.checkpoint.worker_type
        return ", ".join(dict.fromkeys(each.env_id for each in self.run.workers if each.worker_type == kind))


class Policies(NamedTuple):
    """What was found until now.

    Args:
        policies: The checkpoints, by environment, those of the newest run first.
        read: Number of runs that were read.
        total: Number of runs that match.
    """

    policies: list[Policy]
    read: int
    total: int

    @property
    def text(self) -> str:
        """How many there are, and of how many runs."""
        of = f"{self.read:,} of {self.total:,} runs" if self.read < self.total else f"{self.total:,} runs"
        count = len(self.policies)
        return f"{count:,} checkpoints of {of}" if count else f"no checkpoint was saved by {of}"


async def find_policies(client: AsyncTrainerClient, query: str, runs: int) -> AsyncIterator[Policies]:
    """Yield the checkpoints of the newest runs that match a query, more with each part that is read.

    Args:
        client: The daemon.
        query: The query.
        runs: Runs that are read at most.

    Raises:
        ConfigError: The query cannot be read.
    """
    records = {record.name: record for record in await client.workers()}
    found: list[Policy] = []
    read, cursor = 0, ""
    while True:
        page = await client.search(Search(query, limit=min(_AT_ONCE, runs - read), cursor=cursor))
        summaries = [row.run for row in page.runs]
        details = await asyncio.gather(*(client.details(run.run_id) for run in summaries))
        for run, each in zip(summaries, details, strict=True):
            found += [_policy(run, each, saved, records) for saved in reversed(each.checkpoints)]
        read, cursor = read + len(summaries), page.cursor
        found.sort(key=lambda policy: policy.env_id)  # stable: of one environment the newest runs are first
        yield Policies(list(found), read, page.total)
        if not cursor or read >= runs:
            return


def _policy(
    run: RunSummary, details: RunDetails, saved: SavedCheckpoint, records: Mapping[str, WorkerRecord]
) -> Policy:
    record = records.get(saved.worker_type)
    version = details.versions.get(record.distribution) if record is not None else None
    parts = [f"{saved.worker_type} {version}"] if version else []
    parts += [f"{name} {number}" for name, number in sorted(saved.libraries.items())]
    if record is None:
        differs = f"{saved.worker_type} is not installed"
    elif record.broken:
        differs = f"{saved.worker_type} is broken"
    else:
        differs = f"{saved.worker_type} {record.version} is installed" if version and version != record.version else ""
    return Policy(run, details, saved, ", ".join(parts), differs)
