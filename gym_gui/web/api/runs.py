"""Routes about runs: lists, one run, its contents, and what can be done to it."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from gym_gui.reading import DEFAULT_SORT, MAX_BYTES, EpisodeQuery, Search, media_type
from gym_gui.runs import AnnotationChange, to_json_dict
from gym_gui.web.api.common import Admin, Client, Reader, RunId, Runner
from gym_gui.web.api.file_stream import file_response
from gym_gui.web.api.programs import check_programs
from gym_gui.web.errors import json_response
from gym_gui.web.views import page_json, rows_json

router = APIRouter(prefix="/api/v1/runs", tags=["runs"])
#: Media types that a browser may show by itself: nothing that can hold a script.
_INLINE = ("image/png", "image/jpeg", "image/gif", "image/webp", "video/mp4", "video/webm", "text/plain")


class Change(BaseModel):
    """What a user writes about a run; fields that are left out stay as they are."""

    model_config = ConfigDict(extra="forbid", strict=True)
    name: str | None = Field(None, description="Empty: as submitted.")
    add_tags: list[str] = []
    remove_tags: list[str] = []
    notes: str | None = None
    starred: bool | None = None


class Reason(BaseModel):
    """Why something is asked of a run."""

    model_config = ConfigDict(extra="forbid", strict=True)
    reason: str = ""


class Submission(BaseModel):
    """A run to submit."""

    model_config = ConfigDict(extra="forbid", strict=True)
    config: dict[str, Any] = Field(description="The run config.")
    group: str = Field("", description="Common to runs that are submitted together.")
    parent_run_id: str | None = None


@router.get("", summary="Search runs")
async def search(
    client: Client,
    _: Reader,
    q: Annotated[str, Query(description="Such as `env:CartPole* return>400 -state:failed`")] = "",
    sort: Annotated[str, Query(description="Fields, separated by commas; `-`: from the highest down")] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
    cursor: str = "",
    group_by: Annotated[str, Query(description="Fields, separated by commas")] = "",
    columns: Annotated[str, Query(description="Further fields, separated by commas")] = "",
    points: Annotated[int, Query(ge=0, le=256, description="Points of each learning curve")] = 0,
) -> Response:
    """Runs that match a query: sorted, by pages, or grouped."""
    return json_response(page_json(await client.search(search_of(q, sort, limit, cursor, group_by, columns, points))))


def search_of(
    q: str = "",
    sort: str = "",
    limit: int = 50,
    cursor: str = "",
    group_by: str = "",
    columns: str = "",
    points: int = 0,
) -> Search:
    """Return the search that an address describes."""
    return Search(
        q, _names(sort) or DEFAULT_SORT, limit, cursor, _names(group_by), _names(columns), curve_points=points
    )


@router.post("", summary="Submit a run", status_code=201)
async def submit(client: Client, holder: Runner, body: Submission) -> Response:
    """Submit a run; it is queued when this returns. A command or a module of its own is for administrators."""
    await check_programs(client, holder, body.config)
    run_id = await client.submit(
        body.config, submitter=holder.name, group=body.group, parent_run_id=body.parent_run_id, argv=()
    )
    return json_response({"run_id": run_id}, 201, {"location": f"/runs/{run_id}"})


@router.post("/validate", summary="Check a run config")
async def validate(client: Client, holder: Runner, body: Submission) -> Response:
    """Return every problem of a run config; nothing is written, but its worker and its environment may be tried out."""
    await check_programs(client, holder, body.config)
    return json_response({"problems": [problem.to_dict() for problem in await client.validate(body.config)]})


@router.get("/{run_id}", summary="One run")
async def show(client: Client, _: Reader, run_id: RunId) -> Response:
    """Return a run's state, counts, workers and curves."""
    return json_response(to_json_dict(await client.get(run_id)))


@router.patch("/{run_id}", summary="Change name, tags, notes, star")
async def annotate(client: Client, holder: Runner, run_id: RunId, body: Change) -> Response:
    """Change what users write about a run; its config and digest stay as they are."""
    return json_response(
        to_json_dict(await client.annotate(run_id, AnnotationChange(**body.model_dump()), by=holder.name))
    )


@router.delete("/{run_id}", summary="Remove a run", status_code=204)
async def delete(client: Client, _: Admin, run_id: RunId) -> Response:
    """Remove a run that has ended, with all its files."""
    await client.delete(run_id)
    return Response(status_code=204)


@router.get("/{run_id}/why", summary="Why a run is in its state")
async def why(client: Client, _: Reader, run_id: RunId) -> Response:
    """Return what a queued run waits for, or what the state of another one means."""
    return json_response(await client.why(run_id))


@router.get("/{run_id}/details", summary="What is recorded about a run")
async def details(client: Client, _: Reader, run_id: RunId) -> Response:
    """Return settings, config, notes, command, code, versions and checkpoints."""
    return json_response(await client.details(run_id))


@router.get("/{run_id}/episodes", summary="Episodes")
async def episodes(
    client: Client,
    _: Reader,
    run_id: RunId,
    phase: Annotated[str, Query(description="`train` or `eval`; empty: both")] = "",
    worker: str = "",
    agent: str = "",
    sort: str = "-id",
    offset: Annotated[int, Query(ge=0, lt=1 << 62)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """Return a page of a run's episodes."""
    page = await client.episodes(run_id, EpisodeQuery(phase, worker, agent, sort, offset, limit))
    return json_response({"episodes": rows_json(page.episodes), "total": page.total})


@router.get("/{run_id}/episodes/{episode}/steps", summary="Steps of an episode")
async def steps(
    client: Client,
    _: Reader,
    run_id: RunId,
    episode: int,
    after: int = -1,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
) -> Response:
    """Return the steps of an episode, in the order in which they were printed."""
    bounded = max(-1, min(after, (1 << 63) - 1)), max(0, min(episode, (1 << 63) - 1))
    return json_response({"steps": rows_json(await client.steps(run_id, bounded[1], after=bounded[0], limit=limit))})


@router.get("/{run_id}/files", summary="Files")
async def files(client: Client, _: Reader, run_id: RunId, path: str = "", recursive: bool = False) -> Response:
    """Return the entries of a run's folder, or of a folder in it."""
    return json_response(await client.files(run_id, path, recursive=recursive))


@router.get("/{run_id}/file", summary="One file")
async def file(client: Client, _: Reader, run_id: RunId, path: str, request: Request) -> Response:
    """Return a whole file, or the part of it that the header ``Range`` names, of which at most 1 MiB."""
    start, end = _range(request.headers.get("range", ""))
    data, size = await client.read_file(run_id, path, offset=start or 0, length=_length(start, end))
    kind = media_type(path)
    name = quote(path.rpartition("/")[2], safe="")
    headers = {
        "content-disposition": f"{'inline' if kind in _INLINE else 'attachment'}; filename*=UTF-8''{name}",
        "accept-ranges": "bytes",
        "cache-control": "no-store",
    }
    kind = f"{kind}; charset=utf-8" if kind == "text/plain" else kind if kind in _INLINE else "application/octet-stream"
    if start is not None:
        if start >= size:
            return Response(status_code=416, headers={"content-range": f"bytes */{size}"})
        headers["content-range"] = f"bytes {start}-{start + len(data) - 1}/{size}"
        return Response(data, 206, headers, kind)
    return file_response(client, run_id, path, size, data, headers, kind)


@router.post("/{run_id}/cancel", summary="Cancel")
async def cancel(client: Client, holder: Runner, run_id: RunId, body: Reason | None = None) -> Response:
    """Ask a run to end."""
    return json_response(to_json_dict(await client.cancel(run_id, reason=body.reason if body else "", by=holder.name)))


@router.post("/{run_id}/pause", summary="Pause")
async def pause(client: Client, holder: Runner, run_id: RunId, body: Reason | None = None) -> Response:
    """Ask a run to suspend its workers."""
    return json_response(to_json_dict(await client.pause(run_id, reason=body.reason if body else "", by=holder.name)))


@router.post("/{run_id}/unpause", summary="Continue")
async def unpause(client: Client, holder: Runner, run_id: RunId) -> Response:
    """Ask a paused run to go on."""
    return json_response(to_json_dict(await client.unpause(run_id, by=holder.name)))


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _range(header: str) -> tuple[int | None, int | None]:
    """Return the first and the last byte of a header ``Range``; one that asks for several or for the end is ignored."""
    unit, _, span = header.partition("=")
    first, _, last = span.partition("-")
    if unit.strip() != "bytes" or not first.isascii() or not first.isdecimal() or len(first) > 18:
        return None, None
    return int(first), int(last) if last.isascii() and last.isdecimal() and len(last) <= 18 else None


def _length(start: int | None, end: int | None) -> int:
    if start is None or end is None or end < start:
        return MAX_BYTES
    return min(end - start + 1, MAX_BYTES)
