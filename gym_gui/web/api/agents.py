"""Calls of machines with an agent: passed on to the daemon as they are.

A call is ``POST /api/v1/agents/METHOD`` with the machine's id in ``X-Mosaic-Machine`` and its token as a bearer token.
What it says is JSON: the body, or the header ``X-Mosaic-Call`` where the body is bytes of a file.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Path, Query, Request
from starlette.responses import Response

from gym_gui.core.worker.errors import ConfigError, Problem
from gym_gui.web.api.common import Admin, Client, Reader, Runner
from gym_gui.web.errors import json_response

router = APIRouter(prefix="/api/v1", tags=["machines"])

Method = Literal["beat", "claim", "fetch", "append", "put", "release"]
MachineId = Annotated[str, Header(alias="x-mosaic-machine", max_length=100)]


@router.get("/fleet", summary="Machines of executors")
async def agents(
    client: Client,
    _: Reader,
    machine_id: Annotated[
        str, Query(max_length=200, description="That one alone, with `history` in its load: of the last hour")
    ] = "",
) -> Response:
    """Return the machines with an agent and the nodes of Ray clusters, whether they are there, and what they have."""
    return json_response({"machines": await client.fleet(machine_id)})


@router.delete("/fleet/{machine_id}", summary="Forget a machine", status_code=204)
async def remove(machine_id: Annotated[str, Path(max_length=100)], client: Client, _: Admin) -> Response:
    """Forget a machine: its token is refused from now on, and what it has is given to others."""
    await client.remove_machine(machine_id)
    return Response(status_code=204)


@router.post("/agents/enroll", summary="Enrol a machine")
async def enroll(request: Request, client: Client, holder: Runner) -> Response:
    """Enrol a machine, or give an enrolled one a new token; needs a token of this server with the role run."""
    body = _object(await request.body())
    return _response(await client.call_fleet("enroll", str(body.get("machine_id", "")), holder.name, body))


@router.post("/agents/{method}", summary="A call of a machine")
async def call(
    method: Method,
    request: Request,
    client: Client,
    machine: MachineId = "",
    said: Annotated[str, Header(alias="x-mosaic-call", max_length=8000)] = "",
) -> Response:
    """Pass a call of an enrolled machine on; the machine's own token is checked by the daemon."""
    data = await request.body()
    body = _object(said.encode("utf-8", "surrogateescape") if said else data)
    token = request.headers.get("authorization", "").partition(" ")[2].strip()
    answer = await client.call_fleet(method, machine, token, body, data if said else b"")
    if answer.status == 401:
        access = request.app.state.access
        access.count_failure((request.client or ("",))[0])
    return _response(answer)


def _object(text: bytes) -> dict[str, Any]:
    """Return a JSON object.

    Raises:
        ConfigError: It is none.
    """
    try:
        found = json.loads(text or b"{}")
    except (ValueError, RecursionError) as error:
        raise _malformed(f"is not JSON: {error}"[:300]) from None
    if not isinstance(found, dict):
        raise _malformed("is not an object")
    return found


def _malformed(why: str) -> ConfigError:
    return ConfigError("the call of a machine is malformed", problems=[Problem("body", why, allowed="a JSON object")])


def _response(answer: Any) -> Response:
    if answer.data or (answer.status == 200 and not answer.body):
        return Response(answer.data, answer.status, media_type="application/octet-stream")
    return json_response(answer.body, answer.status)
