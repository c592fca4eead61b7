"""Routes about the daemon's machines: what they have, what runs there, and what would become of a run."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from gym_gui.trainer import forecast_in_words
from gym_gui.web.api.common import Admin, Client, Reader, Runner
from gym_gui.web.errors import json_response

router = APIRouter(prefix="/api/v1", tags=["machines"])


class Configs(BaseModel):
    """Run configs that are not submitted."""

    model_config = ConfigDict(extra="forbid", strict=True)
    configs: list[dict[str, Any]] = Field(description="At least one, in the order of their submission.", min_length=1)


@router.get("/machines", summary="Machines")
async def machines(client: Client, _: Reader) -> Response:
    """Return what the machines have, what is taken, and the runs under way there."""
    return json_response(await client.machines())


@router.post("/forecast", summary="What would become of runs")
async def forecast(client: Client, holder: Runner, body: Configs) -> Response:
    """Return whether runs would start now, or what each would wait for, by the scheduler's own rules."""
    found = await client.forecast(body.configs, submitter=holder.name)
    return json_response({"forecasts": found, "sentence": forecast_in_words(found)})


@router.get("/archives", summary="Archived runs")
async def archives(client: Client, _: Reader) -> Response:
    """Return the archived runs, the newest first."""
    return json_response(await client.archives())


@router.get("/tokens", summary="Tokens of the dashboard")
async def tokens(request: Request, _: Admin) -> Response:
    """Return name and role of each token, never the token."""
    holders = request.app.state.access.holders()
    return json_response({"tokens": [{"name": each.name, "role": each.role.name.lower()} for each in holders]})
