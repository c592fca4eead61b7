"""Routes about one episode: what is known of it, and its pictures as they are drawn."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Query
from starlette.responses import Response, StreamingResponse

from gym_gui.app import to_json
from gym_gui.core.worker.errors import MosaicError, NotFoundError
from gym_gui.reading import EpisodeQuery, ReplayQuery, ReplayUpdate
from gym_gui.web.access import Role
from gym_gui.web.api.common import Client, Reader, RunId
from gym_gui.web.errors import error_parts, json_response
from gym_gui.web.views import rows_json

router = APIRouter(prefix="/api/v1/runs/{run_id}/episodes/{episode}", tags=["runs"])
Episode = Annotated[int, Path(ge=0, lt=1 << 63, description="The `id` of an episode")]
_NOT_ALLOWED = "this token may not start the program that plays an episode again"


@router.get("", summary="One episode")
async def show(client: Client, _: Reader, run_id: RunId, episode: Episode) -> Response:
    """Return an episode as lists have it."""
    found = (await client.episodes(run_id, EpisodeQuery(id=episode))).episodes
    if not found:
        raise NotFoundError(
            f"run {run_id} has no such episode",
            where=str(episode),
            next_step=f"list its episodes: mosaic runs episodes {run_id}",
        )
    return json_response(rows_json(found)[0])


@router.get("/replay", summary="The pictures of an episode")
async def replay(
    client: Client,
    holder: Reader,
    run_id: RunId,
    episode: Episode,
    source: Annotated[str, Query(description="`simulation` or `stored`; empty: the better")] = "",
    first: Annotated[int, Query(ge=0, le=1 << 40, description="0: the reset's, n: that after the n-th step")] = 0,
    count: Annotated[int, Query(ge=0, le=1 << 40, description="0: all")] = 0,
    max_side: Annotated[int, Query(ge=0, le=4096, description="Pixels of the longer side; 0: as they are")] = 0,
) -> Response:
    """Return lines of JSON: `start`, `frame` (base64) and `progress`, at last `end` or `error`; closing it ends all.

    The episode is played again in its worker's interpreter and compared, or its stored frames are sent. Tokens of the
    role `read` start no program: they get stored frames.
    """
    query = ReplayQuery(episode, source, first, count, max_side)
    query.check()
    reads_only = holder.role < Role.RUN
    updates = client.replay(run_id, replace(query, source="stored") if reads_only else query)
    begun = await anext(updates, None)  # what is wrong with the request is an error of the whole response
    lines = _lines(begun, updates, reads_only=reads_only)
    return StreamingResponse(lines, headers={"cache-control": "no-store"}, media_type="application/x-ndjson")


async def _lines(
    begun: ReplayUpdate | None, updates: AsyncIterator[ReplayUpdate], *, reads_only: bool
) -> AsyncIterator[str]:
    closing: Any = updates
    try:
        if begun is not None:
            yield _line(begun, reads_only=reads_only)
        async for update in updates:
            yield _line(update, reads_only=reads_only)
    except MosaicError as error:
        yield to_json({"error": error_parts(error)}) + "\n"
    finally:
        await closing.aclose()


def _line(update: ReplayUpdate, *, reads_only: bool) -> str:
    if update.frame is not None:
        frame = {**msgspec.structs.asdict(update.frame), "data": base64.b64encode(update.frame.data).decode()}
        return to_json({"frame": frame}) + "\n"
    if reads_only and update.end is not None and not update.end.frames:
        update.end.reason = f"{update.end.reason}; {_NOT_ALLOWED}"
        update.end.next_step = "use a token with the role run: mosaic web tokens add NAME --role run"
    values = {name: value for name, value in msgspec.structs.asdict(update).items() if value is not None}
    return to_json(values) + "\n"
