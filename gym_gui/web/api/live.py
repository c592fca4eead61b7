"""What changes while a page is open: one stream of server-sent events a tab, with all that the tab shows.

A tab that does not read costs one pending value a topic: newer values take the place of older ones.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response, StreamingResponse

from gym_gui.app import to_json
from gym_gui.core.asyncio_events import wait_for_event
from gym_gui.core.worker.errors import ConfigError, MosaicError, Problem
from gym_gui.reading import Search, prepare
from gym_gui.rpc import AsyncTrainerClient
from gym_gui.runs import is_run_id, to_json_dict
from gym_gui.web.api.common import Client, Reader
from gym_gui.web.api.runs import search_of
from gym_gui.web.errors import status_of
from gym_gui.web.views import group_json, row_json

logger = logging.getLogger(__name__)
router = APIRouter(prefix="/api/v1/live", tags=["live"])
#: Seconds between two messages of a stream at least, and without any until the stream says that it lives.
_PAUSE_S, _ALIVE_S = 0.1, 15.0
#: Runs of one stream at most.
_MOST_RUNS = 200


class Outbox:
    """What one stream has still to send: the newest value of each topic."""

    def __init__(self) -> None:
        self._pending: dict[tuple[str, str], Any] = {}
        self._ready = asyncio.Event()

    def put(self, topic: str, key: str, value: Any) -> None:
        """Put a value in the place of an older one of its topic and key."""
        self._pending[topic, key] = value
        self._ready.set()

    def merge(self, topic: str, value: Any, combine: Callable[[Any, Any], Any]) -> None:
        """Put a value that says only what changed; it is combined with an older one that was not sent."""
        old = self._pending.get((topic, ""))
        self.put(topic, "", value if old is None else combine(old, value))

    async def take(self, timeout_s: float) -> list[tuple[str, Any]]:
        """Return what there is to send; nothing if nothing came in time."""
        await wait_for_event(self._ready, timeout_s)
        self._ready.clear()
        pending, self._pending = self._pending, {}
        return [(topic, value) for (topic, _), value in pending.items()]


@router.get("", summary="A stream of changes")
async def live(
    client: Client,
    _: Reader,
    runs: Annotated[str, Query(description="Ids of runs, separated by commas")] = "",
    list: Annotated[bool, Query(description="Also a list: q, sort and the others as of /runs")] = False,  # noqa: A002
    jobs: Annotated[
        str, Query(description="Also the daemon's jobs of these kinds, or of this run, separated by commas")
    ] = "",
    q: str = "",
    sort: str = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
    group_by: str = "",
    columns: str = "",
    points: Annotated[int, Query(ge=0, le=256)] = 0,
) -> Response:
    """Server-sent events: ``run`` (a summary), ``list`` (what changed in a list), ``job``, ``fault`` (an error)."""
    ids = [run_id for run_id in runs.split(",") if run_id]
    wrong = [run_id for run_id in ids if not is_run_id(run_id)]
    if wrong or len(ids) > _MOST_RUNS:
        problem = Problem(
            "runs", "has no run ids, or too many", value=wrong[:1], allowed=f"at most {_MOST_RUNS} run ids"
        )
        raise ConfigError("the stream is not valid", [problem], next_step="correct this value")
    search = search_of(q, sort, limit, "", group_by, columns, points)
    if list:
        prepare(search)
    outbox = Outbox()
    feeds: dict[str, Callable[[], Awaitable[None]]] = {}
    if ids:
        feeds["run"] = lambda: _feed_runs(client, ids, outbox)
    if list:
        feeds["list"] = lambda: _feed_list(client, search, outbox)
    if jobs:
        feeds["job"] = lambda: _feed_jobs(client, frozenset(jobs.split(",")), outbox)
    return StreamingResponse(
        _stream(outbox, feeds),
        media_type="text/event-stream",
        headers={"cache-control": "no-store", "x-accel-buffering": "no"},
    )


async def _stream(outbox: Outbox, feeds: dict[str, Callable[[], Awaitable[None]]]) -> AsyncIterator[str]:
    tasks = [asyncio.create_task(_kept(outbox, topic, feed)) for topic, feed in feeds.items()]
    try:
        yield "retry: 1000\n\n"
        while True:
            messages = await outbox.take(_ALIVE_S)
            if not messages:
                yield ": alive\n\n"
                continue
            yield "".join(f"event: {topic}\ndata: {to_json(value)}\n\n" for topic, value in messages)
            await asyncio.sleep(_PAUSE_S)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _kept(
    outbox: Outbox, topic: str, feed: Callable[[], Awaitable[None]], waits_s: tuple[float, float] = (1.0, 10.0)
) -> None:
    """Go on with a feed whatever becomes of the daemon; say what is wrong meanwhile.

    Args:
        outbox: Gets the faults.
        topic: The feed's topic.
        feed: Begins it.
        waits_s: Seconds after the first failure until it begins again, doubled with each one, and at most.
    """
    wait_s, longest_s = waits_s
    while True:
        try:
            await feed()
            return
        except MosaicError as error:
            fault = error
        except Exception as error:
            logger.exception("the feed %r of a page failed", topic)
            fault = MosaicError(
                f"the web server failed: {type(error).__name__}",
                where=topic,
                next_step="look into the terminal in which `mosaic web` runs",
            )
        parts = {"what": fault.what, "where": fault.where, "why": fault.why, "next": fault.next_step}
        status = status_of(fault)
        outbox.put("fault", topic, {"topic": topic, "status": status, "error": parts})
        if status < 500:
            return
        await asyncio.sleep(wait_s)
        wait_s = min(wait_s * 2, longest_s)


async def _feed_runs(client: AsyncTrainerClient, run_ids: list[str], outbox: Outbox) -> None:
    async for run in client.watch(run_ids, curves=True):
        outbox.put("run", run.run_id, to_json_dict(run))


async def _feed_jobs(client: AsyncTrainerClient, wanted: frozenset[str], outbox: Outbox) -> None:
    async for job in client.watch_jobs():
        if job.kind in wanted or job.subject in wanted:
            outbox.put("job", job.job_id, to_json_dict(job))


async def _feed_list(client: AsyncTrainerClient, search: Search, outbox: Outbox) -> None:
    async for update in client.watch_search(search):
        outbox.merge(
            "list",
            {
                "ids": update.run_ids,
                "runs": [row_json(row) for row in update.runs],
                "groups": [group_json(row) for row in update.groups] if update.groups_changed else None,
                "total": update.total,
                "groups_total": update.groups_total,
                "cursor": update.cursor,
            },
            _combined,
        )


def _combined(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Return two updates of a list as one: rows of the older one that the newer one does not replace are kept."""
    rows = {row["id"]: row for row in (*old["runs"], *new["runs"])}
    shown = set(new["ids"])
    groups = old["groups"] if new["groups"] is None else new["groups"]
    return {**new, "runs": [row for run_id, row in rows.items() if run_id in shown], "groups": groups}
