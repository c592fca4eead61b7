"""Route that compares runs: their results, and the settings in which they differ."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from gym_gui.core.worker.errors import ConfigError, Problem
from gym_gui.reading import Search, differing_settings
from gym_gui.runs import is_run_id
from gym_gui.web.api.common import Client, Reader
from gym_gui.web.errors import json_response
from gym_gui.web.views import row_json

router = APIRouter(prefix="/api/v1/compare", tags=["runs"])
_MOST_RUNS = 100


@router.get("", summary="Compare runs")
async def compare(
    client: Client,
    _: Reader,
    runs: Annotated[str, Query(description="Ids of runs, separated by commas")],
    points: Annotated[int, Query(ge=0, le=256)] = 200,
) -> Response:
    """Return the runs with their curves, and by name the settings that are not the same in all of them."""
    ids = list(dict.fromkeys(run_id for run_id in runs.split(",") if run_id))
    wrong = [run_id for run_id in ids if not is_run_id(run_id)]
    if wrong or not 0 < len(ids) <= _MOST_RUNS:
        problem = Problem("runs", "has no run ids, or too many", value=wrong[:1], allowed=f"1 to {_MOST_RUNS} run ids")
        raise ConfigError("the runs cannot be compared", [problem], next_step="correct this value")
    page = await client.search(Search(f"id:{','.join(ids)}", limit=_MOST_RUNS, curve_points=points))
    found = {row.run.run_id: row for row in page.runs}
    known = [run_id for run_id in ids if run_id in found]
    details = await asyncio.gather(*(client.details(run_id) for run_id in known))
    return json_response(
        {
            "runs": [row_json(found[run_id]) for run_id in known],
            "settings": differing_settings(details),
            "missing": [run_id for run_id in ids if run_id not in found],
        }
    )
