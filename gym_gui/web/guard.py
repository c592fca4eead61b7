"""Checks every request before any route sees it, and adds the security headers to every response."""

from __future__ import annotations

import functools
import re
import time
from collections.abc import Iterable, MutableMapping
from email.utils import formatdate
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gym_gui.core.worker.errors import UsageError
from gym_gui.web.access import MAX_BODY, Access, Holder, Role
from gym_gui.web.errors import error_response

API = "/api/"
#: Calls of the interface without a token: they tell nothing, and set the cookie.
OPEN = ("/api/v1/login", "/api/v1/logout")
#: Calls of machines: their tokens are checked by the daemon; only who enrols one needs a token of this server.
AGENTS, ENROLL = "/api/v1/agents/", "/api/v1/agents/enroll"
#: Name of those who call without a token where that is allowed.
NO_TOKEN = "no token"  # noqa: S105 - words, no secret
#: Calls of programs that claim runs, which know of no tokens: open where the server is, else for tokens alone.
PROGRAMS = (
    "/api/super-studies", "/api/assignments", "/api/assignment", "/api/heartbeat", "/api/gui-update",
    "/api/gui-screenshots",
)  # fmt: skip
_SAFE = ("GET", "HEAD", "OPTIONS")
#: Bytes of the bodies of such calls, where they may be larger than others.
_MAX_STUDY, _MAX_RESULTS, _MAX_PICTURES = 32 << 20, 512 << 20, 64 << 20
_RESULTS = re.compile(r"/api/assignments/[^/]+/results")
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:;"
    " connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'"
)
_HEADERS = (
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


class Guard:
    """ASGI middleware: host, origin, token, size and rate of each request.

    Args:
        app: What is guarded.
        access: Checks requests.
    """

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on with its holder in ``scope["state"]``."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        most = _most(scope["path"])
        body = _Body(receive, most)
        begun = False

        async def send_secured(message: Message) -> None:
            nonlocal begun
            if body.is_too_large and not begun:
                return  # what the route makes of a body that ends early
            if message["type"] == "http.response.start":
                begun = True
                message["headers"] = [*message.get("headers", ()), *self._added(message.get("headers", ()))]
            await send(message)

        refusal = self._refusal(scope)
        if refusal is not None:
            await error_response(*refusal)(scope, receive, send_secured)
            return
        try:
            await self._app(scope, body, send_secured)
        except Exception:
            if begun or not body.is_too_large:
                raise
        if body.is_too_large and not begun:
            begun = True
            await error_response(*_too_large(most), {"connection": "close"})(scope, receive, send_secured)

    def _refusal(self, scope: MutableMapping[str, Any]) -> tuple[UsageError, int] | None:
        """Return why a request is refused and the status, ``None`` if it is not."""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        path, client = scope["path"], (scope.get("client") or ("",))[0]
        if not self._access.is_known_host(headers.get("host", "")):
            return UsageError(
                "this server has no such name",
                where=headers.get("host", "")[:200],
                why="the address in the browser is another one than those that the server was started with",
                next_step="use the address that `mosaic web` printed, or start it with --public-name HOST",
            ), 421
        machine = path.startswith(AGENTS) and path != ENROLL
        program = is_of_program(path)
        if program and not self._access.allows_program(client):
            return UsageError("too many requests", where=client, next_step="wait a few seconds"), 429
        if not program and not self._access.allows(
            client + headers.get("x-mosaic-machine", "")[:100] if machine else client
        ):
            return UsageError("too many requests", where=client, next_step="wait a few seconds"), 429
        origin = headers.get("origin")
        foreign = headers.get("sec-fetch-site") in (
            "cross-site",
            "same-site",
        )  # some of these calls act though they GET
        if program and foreign:
            return _foreign(headers.get("referer", "")), 403
        if scope["method"] not in _SAFE and origin is not None and not self._access.is_own_origin(origin):
            return _foreign(origin), 403
        length = headers.get("content-length", "0")
        most = _most(path)
        if not length.isdecimal() or int(length) > most:
            return _too_large(most)
        if not path.startswith(API) or path in OPEN:
            return None
        if program and self._access.open_to_programs:
            scope.setdefault("state", {})["holder"] = self._holder(headers) or Holder(NO_TOKEN, Role.RUN)
            return None
        if not self._access.may_try(client):
            return too_many_failures(client), 429
        if machine:
            return None
        holder = self._holder(headers)
        if holder is None:
            self._access.count_failure(client)
            return UsageError(
                "the token is missing or wrong",
                next_step="open the address that `mosaic web` printed, or enter its token",
            ), 401
        scope.setdefault("state", {})["holder"] = holder
        return None

    def _holder(self, headers: dict[str, str]) -> Holder | None:
        return self._access.authenticate(headers.get("cookie", ""), headers.get("authorization", ""))

    @staticmethod
    def _added(present: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        names = {name.lower() for name, _ in present}
        return [(name, value) for name, value in (_date(int(time.time())), *_HEADERS) if name not in names]


@functools.lru_cache(maxsize=1)
def _date(second: int) -> tuple[bytes, bytes]:
    return b"date", formatdate(second, usegmt=True).encode()


def too_many_failures(client: str) -> UsageError:
    """Return the refusal of a client that sent too many wrong tokens."""
    return UsageError("too many wrong tokens", where=client, next_step="wait a few seconds")


def _too_large(most: int) -> tuple[UsageError, int]:
    return UsageError("the request is too large", why=f"at most {most:,} bytes are taken"), 413


def _foreign(origin: str) -> UsageError:
    return UsageError(
        "the request comes from a page of another site", where=origin[:200], next_step="use the dashboard's own pages"
    )


def is_of_program(path: str) -> bool:
    """Return whether an address is of a call of programs that claim runs."""
    return any(path == each or path.startswith(f"{each}/") for each in PROGRAMS)


def _most(path: str) -> int:
    """Return how many bytes the body of a request to an address may have."""
    if _RESULTS.fullmatch(path):
        return _MAX_RESULTS
    return {"/api/super-studies": _MAX_STUDY, "/api/gui-screenshots": _MAX_PICTURES}.get(path, MAX_BODY)


class _Body:
    """Receives a body, and ends one that is longer than the limit, which a request without a length may have.

    Args:
        receive: Receives it.
        most: The limit, bytes.
    """

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive = receive
        self._most = most
        self._taken = 0

    @property
    def is_too_large(self) -> bool:
        """Whether more came than is taken."""
        return self._taken > self._most

    async def __call__(self) -> Message:
        """Return the next part."""
        if self.is_too_large:
            return {"type": "http.disconnect"}
        message = await self._receive()
        self._taken += len(message.get("body", b""))
        return {"type": "http.disconnect"} if self.is_too_large else message
