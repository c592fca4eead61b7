"""Routes about jobs: what is done to workers, to runs that have ended, and about the machine."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from gym_gui.runs import is_run_id, to_json_dict
from gym_gui.web.access import Holder, Role
from gym_gui.web.api.common import Client, JobId, Reader, Runner, check_role
from gym_gui.web.api.programs import check_programs
from gym_gui.web.errors import json_response

router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"])
#: What installs or removes a worker starts programs of any package; an archived run is removed, a restored one is new.
_FOR_ADMINS = ("install", "remove", "archive", "restore")


class NewJob(BaseModel):
    """A job to start."""

    model_config = ConfigDict(extra="forbid", strict=True)
    kind: str = Field(
        description="`install`, `remove`, `check` (a worker), `dry_run`, `doctor`; `resume`, `evaluate`, `verify`,"
        " `reindex`, `archive`, `restore` (a run)."
    )
    subject: str = Field("", description="The worker, `name[extra]` with optional dependencies; or the id of the run.")
    options: dict[str, Any] = Field({}, description="Of that kind; for a dry run the run config, as `config`.")


@router.get("", summary="Jobs")
async def jobs(client: Client, _: Reader) -> Response:
    """Return the jobs whose logs are kept, the newest first."""
    return json_response({"jobs": [to_json_dict(job) for job in await client.jobs()]})


@router.post("", summary="Start a job", status_code=201)
async def start(client: Client, holder: Runner, body: NewJob) -> Response:
    """Start a job, which goes on without the caller. Installing and removing workers is for administrators."""
    _check(holder, body.kind)
    if body.kind == "dry_run" and isinstance(body.options.get("config"), dict):
        await check_programs(client, holder, body.options["config"])
    if body.kind in ("resume", "evaluate") and is_run_id(body.subject):
        await check_programs(client, holder, (await client.details(body.subject)).config)
    job = await client.start_job(body.kind, body.subject, body.options, by=holder.name)
    return json_response(to_json_dict(job), 201, {"location": f"/api/v1/jobs/{job.job_id}"})


@router.get("/{job_id}", summary="One job and its log")
async def show(
    client: Client,
    _: Reader,
    job_id: JobId,
    after: Annotated[int, Query(ge=0, lt=1 << 31, description="Number of the last event that is known")] = 0,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
) -> Response:
    """Return a job as it stands, and the events of its log that come after one."""
    job, events = await client.read_job(job_id, after=after, limit=limit)
    return json_response({"job": to_json_dict(job), "events": [to_json_dict(event) for event in events]})


@router.post("/{job_id}/cancel", summary="Cancel a job")
async def cancel(client: Client, holder: Runner, job_id: JobId) -> Response:
    """Ask a job to end."""
    job, _ = await client.read_job(job_id, limit=1)
    _check(holder, job.kind)
    return json_response(to_json_dict(await client.cancel_job(job_id, by=holder.name)))


def _check(holder: Holder, kind: str) -> None:
    if kind in _FOR_ADMINS:
        check_role(holder, Role.ADMIN)
