"""Routes for programs that claim assignments of studies: they know of no tokens, and take nothing but 200 for success.

The server is open to them on its own machine; elsewhere a token is needed, unless the user said otherwise.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from gym_gui.core.worker.errors import ConfigError, Problem
from gym_gui.fleet import Answer
from gym_gui.rpc import AsyncTrainerClient
from gym_gui.web.api.common import Client, Reader, Runner
from gym_gui.web.api.direct import Call, response_of
from gym_gui.web.batches import Batches
from gym_gui.web.errors import json_response
from gym_gui.web.multipart import PartHead
from gym_gui.web.spool import Spool, SpooledPart

router = APIRouter(prefix="/api", tags=["programs"])


def message_batches(client: Callable[[], Awaitable[AsyncTrainerClient]]) -> Batches:
    """Return what passes the messages of programs on.

    Args:
        client: Gives the daemon's client.
    """

    async def send(calls: Sequence[tuple[str, bytes]]) -> list[Answer]:
        # The call is made again when the daemon dies in it: by the id it knows what it has.
        said = {"calls": [[peer, len(data)] for peer, data in calls], "batch": os.urandom(12).hex()}
        body = b"".join(data for _peer, data in calls)
        answer = await (await client()).call_fleet("client.updates", "", "", said, body)
        if answer.status != 200:
            return [Answer(answer.status, dict(answer.body), answer.data) for _ in calls]
        return msgspec.json.decode(answer.data, type=list[Answer])

    return Batches(send)


def direct_calls(client: Callable[[], Awaitable[AsyncTrainerClient]], messages: Batches) -> dict[str, Call]:
    """Return what answers the calls that come most often, by address.

    Args:
        client: Gives the daemon's client.
        messages: Passes messages on.
    """

    async def beat(peer: str, data: bytes) -> Answer:
        return await (await client()).call_fleet("client.heartbeat", "", "", {"peer": peer}, data)

    return {"/api/gui-update": messages.call, "/api/heartbeat": beat}


AssignmentId = Annotated[str, Path(description="An assignment's id, as the list of assignments has it.", max_length=60)]
MachineId = Annotated[str, Query(alias="machineId", description="How the program calls its machine.", max_length=200)]
#: Bytes of a file that are passed on at a time.
_CHUNK = 2 << 20
#: Bytes of a field without a file, and of a picture, at most.
_MAX_FIELD, _MAX_PICTURE = 64 << 10, 4 << 20
#: Pictures of one request at most.
_MAX_PICTURES = 100


def _body(example: dict[str, Any], required: tuple[str, ...], kind: str = "application/json") -> dict[str, Any]:
    """Return how a body is described that is passed on as it is."""
    properties = {name: _kind(value) for name, value in example.items()}
    schema = {"type": "object", "properties": properties, "required": list(required)}
    return {"requestBody": {"required": True, "content": {kind: {"schema": schema}}}}


def _kind(value: Any) -> dict[str, Any]:
    if isinstance(value, (bytes, list)) and kind_is_file(value):
        file = {"type": "string", "format": "binary"}
        return file if isinstance(value, bytes) else {"type": "array", "items": file}
    names = {str: "string", int: "number", list: "array", dict: "object"}
    found: dict[str, Any] = {"type": names[type(value)]}
    if isinstance(value, list):
        found["items"] = {"type": "object"}
    return found


def kind_is_file(value: Any) -> bool:
    """Return whether an example stands for a file or several."""
    return isinstance(value, bytes) or (isinstance(value, list) and bool(value) and isinstance(value[0], bytes))


_MACHINE = {"machineId": "198.51.100.7"}


@router.post(
    "/super-studies",
    summary="Create a study of given configs",
    openapi_extra=_body(
        {"name": "", "description": "", "baseConfig": {}, "assignments": [{}]}, ("name", "assignments")
    ),
)
async def create(request: Request, client: Client, holder: Runner) -> Response:
    """Create a study whose assignments are claimed: each has its whole config as `splitConfig`."""
    data = await request.body()
    return response_of(await client.call_fleet("client.create", "", "", {"by": holder.name}, data))


@router.get("/super-studies", summary="Studies whose assignments are claimed")
async def studies(
    client: Client, _: Reader, name: Annotated[str | None, Query(description="Only those with this name.")] = None
) -> Response:
    """Return the studies whose assignments are claimed, the newest first."""
    return response_of(await client.call_fleet("client.list", "", "", {} if name is None else {"name": name}))


@router.get("/super-studies/{study_id}/assignments", summary="Assignments of a study")
async def assignments(
    client: Client, _: Reader, study_id: Annotated[str, Path(description="The study's id", max_length=60)]
) -> Response:
    """Return the assignments of a study with their configs, whose keys are in their order."""
    return response_of(await client.call_fleet("client.assignments", "", "", {"study_id": study_id}))


@router.post(
    "/assignments/{assignment_id}/claim", summary="Claim an assignment", openapi_extra=_body(_MACHINE, ("machineId",))
)
async def claim(request: Request, client: Client, _: Runner, assignment_id: AssignmentId) -> Response:
    """Give an assignment to a machine, unless another one has it or completed it."""
    said = {"assignment_id": assignment_id, "peer": _peer(request)}
    return response_of(await client.call_fleet("client.claim", "", "", said, await request.body()))


@router.get("/assignments/{assignment_id}/config", summary="Config of an assignment")
async def config(
    client: Client,
    _: Reader,
    assignment_id: AssignmentId,
    machine_id: Annotated[str, Query(alias="machineId", description="Whom it was offered to.", max_length=200)] = "",
) -> Response:
    """Return the config of an assignment alone."""
    said = {"assignment_id": assignment_id, "machineId": machine_id}
    return response_of(await client.call_fleet("client.config", "", "", said))


@router.post(
    "/assignments/{assignment_id}/results",
    summary="Add results to an assignment",
    openapi_extra=_body({"relativePath": "", "files": [b""]}, ("files",), "multipart/form-data"),
)
async def results(request: Request, client: Client, _: Runner, assignment_id: AssignmentId) -> Response:
    """Add files to the results of an assignment; none that is there is replaced."""
    folder, stored = "", []
    with Spool() as spool:
        parts = await spool.take(request.headers.get("content-type", ""), request.stream())
        for part in parts:
            if part.head.filename is None and part.head.name == "relativePath":
                folder = part.read(0, _MAX_FIELD + 1).decode("utf-8", "replace")
        files = [part for part in parts if part.head.filename is not None]
        if not files:
            raise ConfigError("there are no files", [Problem("files", "is missing", allowed="one file or several")])
        for part in files:
            name = part.head.filename or ""
            answer = await _send(client, assignment_id, f"{folder}/{name}" if folder else name, part)
            if answer.status != 200:
                return response_of(answer)
            stored.append(answer.body["path"])
    return json_response({"stored": stored})


@router.post("/heartbeat", summary="A machine is there", openapi_extra=_body(_MACHINE, ("machineId",)))
async def heartbeat(request: Request, client: Client, _: Runner) -> Response:
    """Note that a machine is there, and what it has; what it claimed stays its own."""
    said = {"peer": _peer(request)}
    return response_of(await client.call_fleet("client.heartbeat", "", "", said, await request.body()))


@router.get("/assignment", summary="Work for a machine")
async def assignment(request: Request, client: Client, _: Runner, machine_id: MachineId) -> Response:
    """Offer an assignment to a machine that has nothing to do; without `config` there is none."""
    answer = await client.call_fleet("client.poll", "", "", {"machineId": machine_id, "peer": _peer(request)})
    if answer.status != 200:
        return response_of(answer)
    offer = json.loads(answer.data)
    if offer:
        own = str(request.base_url).rstrip("/")
        offer["config_url"] = f"{own}/api/assignments/{offer['id']}/config?machineId={quote(machine_id, safe='')}"
    return Response(json.dumps(offer), 200, media_type="application/json")


@router.post(
    "/gui-update",
    summary="A message about the work of a machine",
    openapi_extra=_body({**_MACHINE, "message": {}, "timestamp": 0}, ("machineId", "message")),
)
async def update(request: Request, _: Runner) -> Response:
    """Store a message of a program: it is about what its machine claimed last."""
    batches: Batches = request.app.state.messages
    return response_of(await batches.call(_peer(request), await request.body()))


@router.post(
    "/gui-screenshots",
    summary="Pictures of a program's windows",
    openapi_extra=_body({**_MACHINE, "picture": b""}, ("machineId",), "multipart/form-data"),
)
async def put_pictures(request: Request, client: Client, _: Runner) -> Response:
    """Store pictures, each in place of the one before it with its name."""
    machine_id, stored = "", []
    with Spool() as spool:
        parts = await spool.take(request.headers.get("content-type", ""), request.stream())
        for part in parts:
            if part.head.filename is None and part.head.name == "machineId":
                machine_id = part.read(0, _MAX_FIELD).decode("utf-8", "replace")
        if not machine_id:
            raise ConfigError("the request is not valid", [Problem("machineId", "is missing", allowed="text")])
        for part in [part for part in parts if part.head.filename is not None][:_MAX_PICTURES]:
            said = {"machineId": machine_id, "tab": _tab(part.head), "peer": _peer(request)}
            answer = await client.call_fleet("client.picture", "", "", said, part.read(0, _MAX_PICTURE))
            if answer.status != 200:
                return response_of(answer)
            stored.append(said["tab"])
    return json_response({"stored": stored})


@router.get("/gui-screenshots/{machine_id}/{tab:path}", summary="Latest picture of a window")
async def get_picture(
    client: Client,
    _: Reader,
    machine_id: Annotated[str, Path(description="The machine", max_length=200)],
    tab: Annotated[str, Path(description="The name of the window; it may have slashes", max_length=200)],
) -> Response:
    """Return the latest picture of a window."""
    answer = await client.call_fleet("client.show", "", "", {"machineId": machine_id, "tab": tab})
    if answer.status != 200:
        return response_of(answer)
    return Response(answer.data, 200, {"cache-control": "no-store"}, answer.body["kind"])


async def _send(client: AsyncTrainerClient, assignment_id: str, name: str, part: SpooledPart) -> Answer:
    """Pass a file on to the daemon in parts; return its last answer."""
    digest = hashlib.sha256()
    for begin in range(0, part.size, _CHUNK):
        digest.update(part.read(begin, _CHUNK))
    said: dict[str, Any] = {
        "assignment_id": assignment_id,
        "name": name,
        "upload": os.urandom(16).hex(),
        "size": part.size,
        "sha256": digest.hexdigest(),
    }
    offset = 0
    while True:
        data = part.read(offset, _CHUNK)
        answer = await client.call_fleet("client.store", "", "", {**said, "offset": offset}, data)
        offset += len(data)
        if answer.status != 200 or offset >= part.size:
            return answer


def _tab(head: PartHead) -> str:
    """Return the name of a window: that of its part, unless all parts have the same."""
    generic = head.name in ("file", "files", "screenshot", "screenshots", "image", "images")
    return (head.filename or head.name) if generic else head.name


def _peer(request: Request) -> str:
    return "" if request.client is None else request.client.host
