"""Routes about series: what a run has to draw, and the curves of several runs."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from gym_gui.core.worker.errors import ConfigError, Problem
from gym_gui.reading import DEFAULT_POINTS, SeriesRequest
from gym_gui.runs import is_run_id
from gym_gui.web.api.common import Client, Reader, RunId
from gym_gui.web.errors import json_response

router = APIRouter(prefix="/api/v1", tags=["series"])
_MOST_RUNS = 100


@router.get("/runs/{run_id}/series", summary="Names of a run's series")
async def names(client: Client, _: Reader, run_id: RunId) -> Response:
    """Return what a run has to draw: returns and lengths of episodes, and every metric."""
    return json_response({"series": await client.series_names(run_id)})


@router.get("/series", summary="Series of runs")
async def series(
    client: Client,
    _: Reader,
    runs: Annotated[str, Query(description="Ids of runs, separated by commas")],
    name: Annotated[list[str], Query(description="Names of series; several times")],
    x: Annotated[str, Query(description="`step`, `episode`, `wall` or `relative`")] = "step",
    low: float | None = None,
    high: float | None = None,
    points: Annotated[int, Query(ge=1, le=10_000)] = DEFAULT_POINTS,
) -> Response:
    """Return curves of at most so many points, which keep every extreme; a narrow range has its single values."""
    ids = [run_id for run_id in runs.split(",") if run_id]
    wrong = [run_id for run_id in ids if not is_run_id(run_id)]
    if wrong or not 0 < len(ids) <= _MOST_RUNS:
        problem = Problem("runs", "has no run ids, or too many", value=wrong[:1], allowed=f"1 to {_MOST_RUNS} run ids")
        raise ConfigError("the series cannot be read", [problem], next_step="correct this value")
    request = SeriesRequest(names=tuple(name), x=x, low=low, high=high, points=points)
    return json_response({"series": await client.series(ids, request)})
