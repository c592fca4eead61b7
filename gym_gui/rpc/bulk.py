"""The same for many runs, for any face: what each of them is, and one call for each with its refusal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

from gym_gui.core.worker.errors import MosaicError
from gym_gui.jobs import raised_error
from gym_gui.reading import Line, RunRow, Search, SeriesRequest, line_of_series
from gym_gui.rpc.aio_client import AsyncTrainerClient
from gym_gui.runs import RunSummary

#: Runs that one query names (a query has 2,000 characters at most), and calls at once.
_NAMED, _AT_ONCE = 50, 4
#: Characters of the end of an id that tell runs apart: so a query names 100.
_SHORT = 12


async def find_runs(client: AsyncTrainerClient, run_ids: Sequence[str]) -> list[RunSummary]:
    """Return runs as they stand, in their order; those that are gone are left out.

    Args:
        client: The daemon.
        run_ids: The runs.
    """
    found: dict[str, RunSummary] = {}
    for start in range(0, len(run_ids), _NAMED):
        named = run_ids[start : start + _NAMED]
        page = await client.search(Search(f"id:{','.join(named)}", limit=len(named)))
        found |= {row.run.run_id: row.run for row in page.runs}
    return [found[run_id] for run_id in run_ids if run_id in found]


async def for_each_run(
    client: AsyncTrainerClient, run_ids: Sequence[str], act: Callable[[AsyncTrainerClient, str], Awaitable[Any]]
) -> dict[str, MosaicError]:
    """Make one call for each run, a few at once; return the refusals by run.

    Args:
        client: The daemon.
        run_ids: The runs.
        act: Makes the call.
    """
    refused: dict[str, MosaicError] = {}
    free = asyncio.Semaphore(_AT_ONCE)

    async def one(run_id: str) -> None:
        async with free:
            try:
                await act(client, run_id)
            except MosaicError as error:
                refused[run_id] = error

    await asyncio.gather(*map(one, run_ids))
    return {run_id: refused[run_id] for run_id in run_ids if run_id in refused}


async def archive_run(client: AsyncTrainerClient, run_id: str) -> None:
    """Archive a run on the daemon's machine, and return once that is done.

    Args:
        client: The daemon.
        run_id: The run, which has ended.

    Raises:
        MosaicError: It cannot be archived.
    """
    job = await client.start_job("archive", run_id)
    async for changed in client.watch_jobs([job.job_id]):
        job = changed
    if job.error is not None:
        raise raised_error(job.error)


async def watch_rows(
    client: AsyncTrainerClient, run_ids: Sequence[str], columns: tuple[str, ...]
) -> AsyncIterator[list[RunRow]]:
    """Yield runs in their order, with columns of theirs, whenever one of them changes.

    Args:
        client: The daemon.
        run_ids: The runs: at most 100.
        columns: The columns, as of a search.
    """
    ids = ",".join(run_id[-_SHORT:] for run_id in run_ids)
    rows: dict[str, RunRow] = {}
    async for update in client.watch_search(Search(f"id:{ids}", limit=len(run_ids), columns=columns)):
        rows.update({row.run.run_id: row for row in update.runs})
        present = set(update.run_ids)
        yield [rows[run_id] for run_id in run_ids if run_id in present and run_id in rows]


async def series_of_runs(client: AsyncTrainerClient, run_ids: Sequence[str]) -> list[str]:
    """Return the names of the series of runs, each once, without those of what their machine spent.

    Args:
        client: The daemon.
        run_ids: The runs.
    """
    found = await asyncio.gather(*map(client.series_names, run_ids))
    return list(dict.fromkeys(name.name for names in found for name in names if name.kind != "system"))


async def lines_of_runs(client: AsyncTrainerClient, run_ids: Sequence[str], request: SeriesRequest) -> dict[str, Line]:
    """Return a curve for each run, all its workers together.

    Args:
        client: The daemon.
        run_ids: The runs.
        request: Which series, and how.
    """
    found = await client.series(run_ids, request)
    return {series.run_id: line_of_series(series.lines) for series in found}
