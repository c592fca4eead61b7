"""Route that compares runs: their results, and the settings in which they differ."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from gym_gui.core.worker.errors import ConfigError, Problem
from gym_gui.reading import ALL_SETTINGS, MAX_PAGE, Page, RunRow, Search, differing_values, settings_of
from gym_gui.rpc import AsyncTrainerClient
from gym_gui.runs import is_run_id
from gym_gui.web.api.common import Client, Reader
from gym_gui.web.errors import json_response
from gym_gui.web.views import compared_json

router = APIRouter(prefix="/api/v1/compare", tags=["runs"])
_MOST_RUNS = 200
#: Ids of one search: a query has at most 2,000 characters.
_IDS = 50
#: Characters of the end of an id that tell runs apart, at least.
_SHORT = 6


@router.get("", summary="Compare runs")
async def compare(
    client: Client,
    _: Reader,
    runs: Annotated[
        str, Query(description="Ids of runs, or their last six characters or more, separated by commas")
    ] = "",
    q: Annotated[str, Query(description="Without ids: the runs that match a query, the newest 1,000")] = "",
    points: Annotated[int, Query(ge=0, le=256, description="Points of each learning curve")] = 200,
    settings: Annotated[bool, Query(description="Compare the settings, too")] = True,
) -> Response:
    """Return the runs in the order of their ids with their curves, and by name the settings in which they differ."""
    ids = list(dict.fromkeys(run_id for run_id in runs.split(",") if run_id))
    columns = (ALL_SETTINGS,) if settings else ()
    if not ids:
        page = await client.search(Search(q, limit=MAX_PAGE, columns=columns, curve_points=points))
        return json_response(_answer(page.runs, [], page.total))
    wrong = [run_id for run_id in ids if not is_run_id(run_id) and not _is_end(run_id)]
    if wrong or len(ids) > _MOST_RUNS:
        problem = Problem("runs", "has no run ids, or too many", value=wrong[:1], allowed=f"1 to {_MOST_RUNS} run ids")
        raise ConfigError("the runs cannot be compared", [problem], next_step="correct this value")
    found = await _rows(client, ids, columns, points)
    rows = [found[run_id] for run_id in ids if run_id in found]
    return json_response(_answer(rows, [run_id for run_id in ids if run_id not in found], len(rows)))


def _answer(rows: list[RunRow], missing: list[str], total: int) -> dict[str, Any]:
    settings = differing_values([settings_of(row) for row in rows])
    return {"runs": [compared_json(row) for row in rows], "settings": settings, "missing": missing, "total": total}


def _is_end(text: str) -> bool:
    """Return whether a text can be the end of a run's id."""
    return len(text) >= _SHORT and is_run_id(text.rjust(26, "0"))


async def _rows(
    client: AsyncTrainerClient, run_ids: list[str], columns: tuple[str, ...], points: int
) -> dict[str, RunRow]:
    """Return those runs that exist, by id as asked."""
    parts = [run_ids[start : start + _IDS] for start in range(0, len(run_ids), _IDS)]
    searches = [Search(f"id:{','.join(part)}", limit=MAX_PAGE, columns=columns, curve_points=points) for part in parts]
    pages: list[Page] = await asyncio.gather(*map(client.search, searches))
    rows = [row for page in pages for row in page.runs]
    found = {}
    for run_id in run_ids:
        ending = [row for row in rows if row.run.run_id.endswith(run_id)]
        if ending:
            found[run_id] = ending[0]
    return found
