"""Routes about the server itself: login, who one is, the daemon's status, the looks of states."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

import gym_gui
from gym_gui.core.worker.errors import MosaicError, UsageError
from gym_gui.look import LOOKS, STATES
from gym_gui.reading import FIELDS
from gym_gui.web.access import Access
from gym_gui.web.api.common import Client, Reader
from gym_gui.web.errors import error_response, json_response
from gym_gui.web.guard import too_many_failures

router = APIRouter(prefix="/api/v1", tags=["server"])
_YEAR_S = 365 * 86400


class Login(BaseModel):
    """A token."""

    model_config = ConfigDict(extra="forbid", strict=True)
    token: str


@router.post("/login", summary="Log in")
async def login(request: Request, body: Login) -> Response:
    """Set the cookie for a token."""
    access: Access = request.app.state.access
    client = request.client.host if request.client else ""
    if not access.may_try(client):
        return error_response(too_many_failures(client), 429)
    holder = access.holder_of(body.token)
    if holder is None:
        access.count_failure(client)
        error = UsageError("the token is wrong", next_step="copy it from the address that `mosaic web` printed")
        return error_response(error, 401)
    response = json_response({"name": holder.name, "role": holder.role.name.lower()})
    response.set_cookie(
        access.cookie, body.token, max_age=_YEAR_S, httponly=True, samesite="strict", secure=access.secure, path="/"
    )
    return response


@router.post("/logout", summary="Log out", status_code=204)
async def logout(request: Request) -> Response:
    """Remove the cookie."""
    response = Response(status_code=204)
    response.delete_cookie(request.app.state.access.cookie, path="/")
    return response


@router.get("/me", summary="The token's holder, and how things look")
async def me(request: Request, holder: Reader) -> Response:
    """Return the token's name and role, and what the pages show alike everywhere: states, colours of curves, fields."""
    return json_response(
        {
            "name": holder.name,
            "role": holder.role.name.lower(),
            "version": gym_gui.__version__,
            "where": request.app.state.backend.where,
            "states": {name: {"glyph": look.glyph, "colour": look.colour} for name, look in STATES.items()},
            "series": [{"colour": look.colour, "dash": look.dash} for look in LOOKS],
            "fields": [{"name": each.name, "kind": each.kind.value, "about": each.about} for each in FIELDS.values()],
        }
    )


@router.get("/status", summary="The daemon")
async def status(client: Client, _: Reader) -> Response:
    """Return what the daemon says of itself."""
    return json_response(await client.status())


@router.get("/health", summary="Whether the daemon answers")
async def health(request: Request, _: Reader) -> Response:
    """Return whether the daemon answers."""
    try:
        await (await request.app.state.backend.client()).status()
    except MosaicError as error:
        return error_response(error, 503)
    return json_response({"ok": True})
