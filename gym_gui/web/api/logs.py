"""Routes about a run's logs: lines by pages, and the place that says why it failed."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Query
from starlette.responses import Response

from gym_gui.app import readable_text
from gym_gui.reading import LogQuery
from gym_gui.web.api.common import Client, Reader, RunId
from gym_gui.web.errors import json_response

router = APIRouter(prefix="/api/v1/runs/{run_id}", tags=["logs"])
_LARGEST = (1 << 63) - 1
Offset = Annotated[int | None, Query(ge=0, le=_LARGEST)]


@router.get("/logs", summary="Lines of a log")
async def logs(
    client: Client,
    _: Reader,
    run_id: RunId,
    stream: Annotated[str, Query(description="`output`, `stdout`, `stderr` or `supervisor`")] = "output",
    worker: Annotated[str, Query(description="Empty: the first worker")] = "",
    attempt: Annotated[int, Query(ge=0, le=1000, description="0: the last one")] = 0,
    before: Annotated[Offset, Query(description="Lines that begin before this byte")] = None,
    after: Annotated[Offset, Query(description="Lines from this byte on; neither: the last lines")] = None,
    limit: Annotated[int, Query(ge=1, le=2000)] = 500,
    pattern: Annotated[str, Query(description="Only lines in which this regular expression occurs")] = "",
    level: Annotated[str, Query(description="`error` or `warning`")] = "",
    component: Annotated[str, Query(description="Only structured records of this component or subcomponent")] = "",
    code: Annotated[str, Query(description="Only structured records with this code, such as `LOG431`")] = "",
) -> Response:
    """Return lines with their offsets and times; ``start`` and ``end`` say where the pages beside begin."""
    query = LogQuery(
        stream=stream,
        worker_id=worker,
        attempt=attempt,
        before=before,
        after=after,
        limit=limit,
        pattern=pattern,
        level=level,
        component=component,
        code=code,
    )
    return json_response(await client.read_log(run_id, query))


@router.get("/failure", summary="Why a run failed")
async def failure(client: Client, _: Reader, run_id: RunId) -> Response:
    """Return the last traceback of a worker, else its last error line, else its last lines; records as sentences."""
    found = await client.find_failure(run_id)
    return json_response(msgspec.structs.replace(found, text=readable_text(found.text)))
