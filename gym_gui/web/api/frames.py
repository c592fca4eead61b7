"""Routes about live frames: what workers show, the switch, and pictures as one stream."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response, StreamingResponse

from gym_gui.core.worker.errors import MosaicError
from gym_gui.reading import FrameSource, Picture, PictureRequest, check_pictures, refused_frames
from gym_gui.runs import to_json_dict
from gym_gui.web.api.common import Client, Reader, RunId, Runner
from gym_gui.web.errors import json_response

router = APIRouter(prefix="/api/v1/runs/{run_id}/frames", tags=["frames"])
_BOUNDARY = "picture"
#: Seconds in which the daemon says why it shows nothing, before the response begins without a picture.
_PATIENCE_S = 1.0


class Switch(BaseModel):
    """What workers are to show to all who watch; fields that are left out stay as they are."""

    model_config = ConfigDict(extra="forbid", strict=True)
    worker: str = Field("", description="A worker; empty: all that show anything.")
    on: bool | None = Field(None, description="Whether pictures are taken while the page is open.")
    layout: Literal["grid", "single"] | None = None
    place: int | None = Field(None, ge=0, le=1 << 20, description="Which environment a single one is.")


@router.get("", summary="What the workers show")
async def sources(client: Client, _: Reader, run_id: RunId) -> Response:
    """Return for each worker whether it shows its environment, and if not, why."""
    return json_response(_sources_json(await client.frames(run_id)))


@router.patch("", summary="Switch live frames")
async def switch(client: Client, _: Runner, run_id: RunId, body: Switch) -> Response:
    """Switch pictures on or off, or show another part of a vector of environments, to all who watch."""
    found = await client.switch_frames(run_id, body.worker, on=body.on, layout=body.layout, place=body.place)
    return json_response(_sources_json(found))


@router.get("/stream", summary="Pictures as they are taken")
async def stream(
    client: Client,
    _: Reader,
    run_id: RunId,
    worker: Annotated[str, Query(description="A worker; empty: the first one that shows anything")] = "",
    fps: Annotated[float, Query(gt=0, le=30, description="Pictures per second at most")] = 15.0,
    width: Annotated[int, Query(ge=0, le=1920, description="Wider pictures are scaled down; 0: as they are")] = 0,
    quality: Annotated[int, Query(ge=1, le=95, description="Of JPEG")] = 80,
    seconds: Annotated[float, Query(gt=0, le=3600, description="Then the response ends; ask again")] = 20.0,
) -> Response:
    """JPEG pictures as ``multipart/x-mixed-replace``, which a browser's ``img`` shows; each part says its age.

    A worker takes pictures while this response lasts: not for long, so that a client that has stopped reading is not
    taken for one that watches. One that reads slowly gets fewer pictures.
    """
    asked = PictureRequest(worker_id=worker, fps=fps, width=width, quality=quality)
    check_pictures(asked)
    for source in await client.frames(run_id):
        if source.worker_id == worker and source.state in ("unable", "none"):
            raise refused_frames(run_id, source)
    pictures = client.watch_frames(run_id, asked)
    first = asyncio.ensure_future(anext(pictures, None))
    try:
        await asyncio.wait({first}, timeout=_PATIENCE_S)
        if first.done():
            first.result()
    except BaseException:
        await _end(first, pictures)
        raise
    return StreamingResponse(
        _parts(first, pictures, time.monotonic() + seconds),
        media_type=f"multipart/x-mixed-replace; boundary={_BOUNDARY}",
        headers={"cache-control": "no-store", "x-accel-buffering": "no"},
    )


async def _parts(
    first: asyncio.Future[Picture | None], pictures: AsyncIterator[Picture], end: float
) -> AsyncIterator[bytes]:
    try:
        picture = await asyncio.wait_for(first, end - time.monotonic())
        while picture is not None:
            yield _part(picture)
            picture = await asyncio.wait_for(anext(pictures, None), end - time.monotonic())
    except (MosaicError, asyncio.TimeoutError):
        return  # the response has begun: the page asks what the workers show, which says why
    finally:
        await _end(first, pictures)


async def _end(first: asyncio.Future[Picture | None], pictures: Any) -> None:
    """End a stream at once, so that the worker is told no longer that it is watched."""
    first.cancel()
    with contextlib.suppress(asyncio.CancelledError, Exception):
        await first
    await pictures.aclose()


def _part(picture: Picture) -> bytes:
    head = (
        f"--{_BOUNDARY}\r\ncontent-type: image/jpeg\r\ncontent-length: {len(picture.jpeg)}\r\n"
        f"x-number: {picture.number}\r\nx-age: {max(0.0, time.time() - picture.time):.3f}\r\n"
        f"x-cost: {picture.cost_s:.6f}\r\nx-size: {picture.width}x{picture.height}\r\n\r\n"
    )
    return head.encode() + picture.jpeg + b"\r\n"


def _sources_json(found: list[FrameSource]) -> dict[str, Any]:
    now = time.time()
    workers = [
        {**to_json_dict(source), "age": max(0.0, now - source.time) if source.number else None} for source in found
    ]
    return {"workers": workers}
