"""Routes about workers: which there are, their forms, and what a filled form makes."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from gym_gui.core.worker.errors import UsageError
from gym_gui.forms import FormSpec, command_line, from_run_config, make_form, problems, to_run_configs
from gym_gui.rpc import AsyncTrainerClient
from gym_gui.web.api.common import Client, Reader, RunId
from gym_gui.web.errors import json_response
from gym_gui.workers import WorkerRecord

router = APIRouter(prefix="/api/v1/workers", tags=["workers"])


class Entered(BaseModel):
    """What a form holds."""

    model_config = ConfigDict(extra="forbid")
    values: dict[str, Any] = Field(description="Touched fields alone, by name.")


@router.get("", summary="Workers")
async def workers(client: Client, _: Reader) -> Response:
    """Return every installed worker, broken ones with their reason."""
    return json_response({"workers": [_worker(record) for record in await client.workers()]})


@router.get("/{name}", summary="One worker")
async def worker(client: Client, _: Reader, name: str) -> Response:
    """Return a worker with the schema of its config."""
    record = await client.worker(name)
    return json_response({**_worker(record), "schema": record.schema})


@router.get("/{name}/form", summary="The form of a worker")
async def form(client: Client, _: Reader, name: str) -> Response:
    """Return the form that starts runs of a worker."""
    return json_response(await _form(client, name))


@router.get("/{name}/form/{run_id}", summary="The form, filled as a run")
async def form_of_run(client: Client, _: Reader, name: str, run_id: RunId) -> Response:
    """Return the values with which the form starts the same run again."""
    details = await client.details(run_id)
    return json_response({"values": from_run_config(await _form(client, name), details.config)})


@router.post("/{name}/form", summary="Check what a form holds")
async def check(client: Client, _: Reader, name: str, body: Entered) -> Response:
    """Return the problems by field, the run configs, and the equal command."""
    spec = await _form(client, name)
    found = problems(spec, body.values)
    return json_response(
        {
            "problems": found,
            "configs": to_run_configs(spec, body.values),
            "command": command_line(spec, body.values),
        }
    )


async def _form(client: AsyncTrainerClient, name: str) -> FormSpec:
    record = await client.worker(name)
    if record.broken:
        raise UsageError(
            f"worker {name} is broken",
            where=record.python,
            why=record.broken,
            next_step=record.mend or "mosaic workers list",
        )
    status = await client.status()
    return make_form(record, executors=status.executors or ["local"])


def _worker(record: WorkerRecord) -> dict[str, Any]:
    return {
        "name": record.name,
        "title": record.metadata.get("name") or record.name,
        "about": record.metadata.get("description") or "",
        "version": record.version,
        "environment": record.environment,
        "broken": record.broken,
        "fix": record.mend,
        "capabilities": record.capabilities,
    }
