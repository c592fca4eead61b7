"""Calls that come thousands of times a second, answered before the routes of all others are searched."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from gym_gui.core.worker.errors import MosaicError
from gym_gui.fleet import Answer
from gym_gui.web.access import Role
from gym_gui.web.api.common import ForbiddenError, check_role
from gym_gui.web.errors import error_response, json_response

#: Makes a response of what no one expected.
Failed = Callable[[Request, Exception], Awaitable[Response]]

#: Answers a call: who calls, and the body.
Call = Callable[[str, bytes], Awaitable[Answer]]


class Direct:
    """ASGI middleware: POST requests to some addresses go to a function each, all others to the interface.

    The routes of the interface describe these calls, and do the same.

    Args:
        app: The interface.
        calls: By address, what answers; for those who may start runs.
        failed: Answers where one of them fails.
    """

    def __init__(self, app: ASGIApp, calls: Mapping[str, Call], failed: Failed) -> None:
        self._app = app
        self._calls = calls
        self._failed = failed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on."""
        call = self._calls.get(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" else None
        if call is None:
            await self._app(scope, receive, send)
            return
        try:
            check_role(scope["state"]["holder"], Role.RUN)
            body = await _body(receive)
            if body is None:  # its client has left
                return
            answer = await call((scope.get("client") or ("",))[0], body)
        except MosaicError as error:
            refusal = error_response(error, 403 if isinstance(error, ForbiddenError) else None)
            await refusal(scope, receive, send)
        except Exception as error:  # noqa: BLE001 - it is logged and answered as those of all calls
            await (await self._failed(Request(scope), error))(scope, receive, send)
        else:
            await _send(answer, scope, receive, send)


async def _body(receive: Receive) -> bytes | None:
    """Return the body of a request; ``None``: it has not come whole."""
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


async def _send(answer: Answer, scope: Scope, receive: Receive, send: Send) -> None:
    if answer.status != 200:
        await response_of(answer)(scope, receive, send)
        return
    headers = [(b"content-length", b"%d" % len(answer.data)), (b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer.data})


def response_of(answer: Answer) -> Response:
    """Return an answer of the daemon to a program as a response."""
    if answer.status != 200:
        wait = answer.body.pop("retry_after_s", None)
        return json_response(answer.body, answer.status, {"retry-after": str(wait)} if wait else None)
    return Response(answer.data, 200, media_type="application/json")
