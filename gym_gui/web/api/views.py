"""Routes about named views: addresses of the dashboard under a name."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from gym_gui.web.api.common import Reader, Runner
from gym_gui.web.backend import Backend
from gym_gui.web.errors import json_response
from gym_gui.web.saved_views import SavedViews

router = APIRouter(prefix="/api/v1/views", tags=["views"])


class View(BaseModel):
    """A view to save."""

    model_config = ConfigDict(extra="forbid")
    address: str = Field(description="A page of the dashboard with its parameters, such as `/?q=env:CartPole*`.")


@router.get("", summary="Named views")
async def views(request: Request, _: Reader) -> Response:
    """Return the address of each view, from the home of the web server's machine."""
    return json_response({"views": await asyncio.to_thread(_views(request).all)})


@router.get("/{name:path}", summary="One view")
async def view(request: Request, _: Reader, name: str) -> Response:
    """Return the address of a view."""
    return json_response({"address": await asyncio.to_thread(_views(request).get, name)})


@router.put("/{name:path}", summary="Save a view", status_code=204)
async def save(request: Request, _: Runner, name: str, body: View) -> Response:
    """Save an address under a name, in place of what had it."""
    await asyncio.to_thread(_views(request).save, name, body.address)
    return Response(status_code=204)


@router.delete("/{name:path}", summary="Delete a view", status_code=204)
async def delete(request: Request, _: Runner, name: str) -> Response:
    """Delete a view."""
    await asyncio.to_thread(_views(request).delete, name)
    return Response(status_code=204)


def _views(request: Request) -> SavedViews:
    backend: Backend = request.app.state.backend
    return SavedViews(backend.home)
