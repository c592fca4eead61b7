"""Routes about studies: many runs from one config."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response, StreamingResponse

from gym_gui.fleet import MAX_ASSIGNMENTS, Split, StudySpec, make_assignments
from gym_gui.runs import SEED_MAX, new_run_id
from gym_gui.web.api.common import Admin, Client, Reader, Runner
from gym_gui.web.api.programs import check_programs
from gym_gui.web.api.study_archive import study_archive
from gym_gui.web.errors import json_response

router = APIRouter(prefix="/api/v1/studies", tags=["studies"])
StudyId = Annotated[
    str, Path(description="A study's id", min_length=26, max_length=26, pattern="^[0-9A-HJKMNP-TV-Z]{26}$")
]
Seed = Annotated[int, Field(ge=0, le=SEED_MAX)]
Index = Annotated[int, Field(ge=0, le=MAX_ASSIGNMENTS)]


class SplitBody(BaseModel):
    """One key of the base config."""

    model_config = ConfigDict(extra="forbid", strict=True)
    key: str = Field(description="Dotted path; with `+` before it, the base config need not have it.")
    values: list[Any] | None = Field(None, description="Null: the list that the base config has there is dealt out.")


class StudyBody(BaseModel):
    """A study to create."""

    model_config = ConfigDict(extra="forbid", strict=True)
    name: str = Field(description="No other study may have it.")
    description: str = ""
    base_config: dict[str, Any] = Field(
        {}, description="A run config; a worker's settings where `worker` is given; any object where `command` is."
    )
    worker: str = ""
    command: str = Field("", description="A command template, or the name of a known one; for administrators.")
    splits: list[SplitBody] = []
    paired: bool = Field(False, description="Take the values of the splits together, not every combination.")
    num_splits: Annotated[int, Field(ge=1, le=MAX_ASSIGNMENTS)] | None = None
    seeds: list[Seed] = []
    weights: list[float] = []
    executor: str = ""
    priority: Annotated[int, Field(ge=-100, le=100)] | None = None
    tags: list[str] = []
    dry_run: bool = Field(False, description="Check everything, write nothing.")

    def spec(self) -> StudySpec:
        """Return what the study is made of."""
        given = self.model_dump(exclude={"dry_run", "splits"})
        return StudySpec(**given, splits=[Split(key=split.key, values=split.values) for split in self.splits])


class RetryBody(BaseModel):
    """Which assignments are run again."""

    model_config = ConfigDict(extra="forbid", strict=True)
    indices: list[Index] = Field([], description="None: all that failed or were cancelled.")


class StudyReason(BaseModel):
    """Why something is asked of a study."""

    model_config = ConfigDict(extra="forbid", strict=True)
    reason: str = ""


@router.get("", summary="Studies")
async def studies(client: Client, _: Reader) -> Response:
    """Return the studies without their assignments, the newest first."""
    return json_response({"studies": await client.studies()})


@router.post("", summary="Create a study", status_code=201)
async def create(client: Client, holder: Runner, body: StudyBody) -> Response:
    """Create a study and begin to submit its runs. A command or a module of its own is for administrators."""
    spec = body.spec()
    for assignment in make_assignments(spec, new_run_id()):
        await check_programs(client, holder, assignment.run_config)
    study = await client.create_study(spec, by=holder.name, argv=(), dry_run=body.dry_run)
    if body.dry_run:
        return json_response(study)
    return json_response(study, 201, {"location": f"/studies/{study.study_id}"})


@router.get("/{study_id}", summary="One study")
async def show(client: Client, _: Reader, study_id: StudyId) -> Response:
    """Return a study with its assignments and their runs."""
    return json_response(await client.study(study_id))


@router.get("/{study_id}/spec", summary="What a study was made of")
async def spec(client: Client, _: Reader, study_id: StudyId) -> Response:
    """Return base config and splits."""
    return json_response(await client.study_spec(study_id))


@router.delete("/{study_id}", summary="Remove a study", status_code=204)
async def delete(
    client: Client, _: Admin, study_id: StudyId, runs: Annotated[bool, Query(description="Its runs, too")] = False
) -> Response:
    """Remove a study of which no run is queued or under way."""
    await client.delete_study(study_id, runs=runs)
    return Response(status_code=204)


@router.post("/{study_id}/retry", summary="Retry")
async def retry(client: Client, holder: Runner, study_id: StudyId, body: RetryBody | None = None) -> Response:
    """Make a new run for assignments that failed or were cancelled; their earlier runs stay."""
    return json_response(await client.retry_study(study_id, body.indices if body else (), by=holder.name))


@router.post("/{study_id}/cancel", summary="Cancel")
async def cancel(client: Client, holder: Runner, study_id: StudyId, body: StudyReason | None = None) -> Response:
    """Ask all runs of a study to end; those that are not submitted yet never are."""
    return json_response(await client.cancel_study(study_id, reason=body.reason if body else "", by=holder.name))


@router.get("/{study_id}/results", summary="Results")
async def results(client: Client, _: Reader, study_id: StudyId) -> Response:
    """Return what each assignment came to, and the files that its newest run left."""
    return json_response(await client.study_results(study_id))


@router.get("/{study_id}/results.zip", summary="Results with all files")
async def results_zip(client: Client, _: Reader, study_id: StudyId) -> Response:
    """Return results.csv, results.json, and the files of each run below its assignment's number."""
    found = await client.study_results(study_id)
    name = quote(f"{found.name}.zip", safe="")
    headers = {"content-disposition": f"attachment; filename*=UTF-8''{name}", "cache-control": "no-store"}
    return StreamingResponse(study_archive(client, found), 200, headers, "application/zip")
