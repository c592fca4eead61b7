"""Routes about workers: which there are, their forms, and what a filled form makes."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from gym_gui.app import usable
from gym_gui.forms import FormSpec, Presets, fill_form, make_form, values_of_run
from gym_gui.rpc import AsyncTrainerClient
from gym_gui.web.api.common import Client, Reader, RunId, Runner
from gym_gui.web.backend import Backend
from gym_gui.web.errors import json_response
from gym_gui.workers import WorkerRecord

router = APIRouter(prefix="/api/v1/workers", tags=["workers"])


class Entered(BaseModel):
    """What a form holds."""

    model_config = ConfigDict(extra="forbid", strict=True)
    values: dict[str, Any] = Field(description="Touched fields alone, by name.")


@router.get("", summary="Workers")
async def workers(client: Client, _: Reader) -> Response:
    """Return every installed worker, broken ones with their reason, and those that come with MOSAIC besides."""
    records, installs = await asyncio.gather(client.workers(), client.installs())
    environments = {each.name: each for each in installs.environments}
    return json_response(
        {
            "workers": [{**_worker(each), "install": environments.get(each.environment)} for each in records],
            "installable": [
                {
                    "name": each.name,
                    "about": each.description,
                    "size_bytes": each.size_bytes,
                    "install": f"mosaic workers install {each.name}",
                }
                for each in installs.installable
            ],
        }
    )


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
    return json_response({"values": values_of_run(await _form(client, name), details.config)})


@router.post("/{name}/form", summary="Check what a form holds")
async def check(client: Client, _: Reader, name: str, body: Entered) -> Response:
    """Return the problems by field, the run configs, the equal command, and what each field that applies stands for."""
    filled = fill_form(await _form(client, name), body.values)
    return json_response(
        {
            "problems": filled.problems,
            "configs": filled.configs,
            "command": filled.command,
            "defaults": {name: default.text for name, default in filled.defaults.items()},
        }
    )


@router.get("/{name}/presets", summary="Presets")
async def presets(request: Request, _: Reader, name: str) -> Response:
    """Return the presets of a worker's form, from the home of the web server's machine."""
    return json_response({"presets": await asyncio.to_thread(_presets(request, name).all)})


@router.put("/{name}/presets/{preset:path}", summary="Save a preset")
async def save_preset(request: Request, client: Client, _: Runner, name: str, preset: str, body: Entered) -> Response:
    """Save values under a name, in place of what had it; secrets are not written, and their fields are named."""
    spec = await _form(client, name)
    hidden = await asyncio.to_thread(_presets(request, name).save, spec, preset, body.values)
    return json_response({"hidden": hidden})


@router.delete("/{name}/presets/{preset:path}", summary="Delete a preset", status_code=204)
async def delete_preset(request: Request, _: Runner, name: str, preset: str) -> Response:
    """Delete a preset."""
    await asyncio.to_thread(_presets(request, name).delete, preset)
    return Response(status_code=204)


def _presets(request: Request, name: str) -> Presets:
    backend: Backend = request.app.state.backend
    return Presets(backend.home, name)


async def _form(client: AsyncTrainerClient, name: str) -> FormSpec:
    record = usable(await client.worker(name))
    status = await client.status()
    return make_form(record, executors=status.executors or ["local"])


def _worker(record: WorkerRecord) -> dict[str, Any]:
    return {
        "name": record.name,
        "title": record.title,
        "about": record.about,
        "version": record.version,
        "environment": record.environment,
        "broken": record.broken,
        "fix": record.mend,
        "capabilities": record.capabilities,
    }
