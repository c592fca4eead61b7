"""Route that compares runs: their results, and the settings in which they differ."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from gym_gui.core.worker.errors import ConfigError, Problem
from gym_gui.reading import RunRow, Search, differing_settings
from gym_gui.rpc import AsyncTrainerClient
from gym_gui.runs import is_run_id
from gym_gui.web.api.common import Client, Reader
from gym_gui.web.errors import json_response
from gym_gui.web.views import row_json

router = APIRouter(prefix="/api/v1/compare", tags=["runs"])
_MOST_RUNS = 100
#: Ids of one search: a query has at most 2,000 characters.
_IDS = 50


@router.get("", summary="Compare runs")
async def compare(
    client: Client,
    _: Reader,
    runs: Annotated[str, Query(description="Ids of runs, separated by commas")],
    points: Annotated[int, Query(ge=0, le=256, description="Points of each learning curve")] = 200,
    settings: Annotated[bool, Query(description="Compare the settings, too")] = True,
) -> Response:
    """Return the runs in the order of their ids with their curves, and by name the settings in which they differ."""
    ids = list(dict.fromkeys(run_id for run_id in runs.split(",") if run_id))
    wrong = [run_id for run_id in ids if not is_run_id(run_id)]
    if wrong or not 0 < len(ids) <= _MOST_RUNS:
        problem = Problem("runs", "has no run ids, or too many", value=wrong[:1], allowed=f"1 to {_MOST_RUNS} run ids")
        raise ConfigError("the runs cannot be compared", [problem], next_step="correct this value")
    found = await _rows(client, ids, points)
    known = [run_id for run_id in ids if run_id in found]
    details = await asyncio.gather(*(client.details(run_id) for run_id in known)) if settings else []
    return json_response(
        {
            "runs": [row_json(found[run_id]) for run_id in known],
            "settings": differing_settings(details) if details else {},
            "missing": [run_id for run_id in ids if run_id not in found],
        }
    )


async def _rows(client: AsyncTrainerClient, run_ids: list[str], points: int) -> dict[str, RunRow]:
    """Return those runs that exist, by id."""
    parts = [run_ids[start : start + _IDS] for start in range(0, len(run_ids), _IDS)]
    searches = [Search(f"id:{','.join(part)}", limit=_IDS, curve_points=points) for part in parts]
    pages = await asyncio.gather(*map(client.search, searches))
    return {row.run.run_id: row for page in pages for row in page.runs}
