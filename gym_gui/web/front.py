"""The web application: pages at once, and the interface as soon as its libraries are loaded."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from gym_gui.core.worker.errors import UsageError
from gym_gui.web.access import Access
from gym_gui.web.backend import Backend
from gym_gui.web.errors import error_response
from gym_gui.web.guard import API, Guard
from gym_gui.web.pages import AGENT_PATH, respond, respond_agent, respond_page

_STATIC = "/static/"
#: The page of a study as programs tell their users of it.
_SUPER_STUDY = re.compile(r"/super-studies/([0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{26})/?")


def create_app(backend: Backend, access: Access) -> ASGIApp:
    """Return the application.

    Args:
        backend: Gives the daemon's client.
        access: Checks requests.
    """

    def load() -> ASGIApp:
        from gym_gui.web.app import create_served

        return create_served(backend, access)

    return Guard(Front(backend, load), access)


class Front:
    """Answers with the pages, and hands calls of the interface on.

    FastAPI and gRPC take most of a second of a slow machine to import: a browser reads the pages meanwhile.

    Args:
        backend: Closed in the end.
        load: Makes the interface.
    """

    def __init__(self, backend: Backend, load: Callable[[], ASGIApp]) -> None:
        self._backend = backend
        self._load = load
        self._loading: asyncio.Task[ASGIApp] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or begin and end with the server."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["path"].startswith(API):
            await (await self._interface())(scope, receive, send)
        else:
            await _page(Request(scope))(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        loading = asyncio.ensure_future(self._interface())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        loading.cancel()
        await self._backend.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _interface(self) -> ASGIApp:
        if self._loading is None or (self._loading.done() and self._loading.exception()):
            self._loading = asyncio.create_task(asyncio.to_thread(self._load))
        return await asyncio.shield(self._loading)


def _page(request: Request) -> Response:
    path = request.url.path
    if request.method not in ("GET", "HEAD"):
        refusal = UsageError("a page can only be read", where=f"{request.method} {path}"[:200], next_step="use GET")
        return error_response(refusal, 405, {"allow": "GET, HEAD"})
    if path == AGENT_PATH:
        return respond_agent(request)
    study = _SUPER_STUDY.fullmatch(path)
    if study is not None:
        return RedirectResponse(f"/studies/{study[1].upper()}", 307)
    return respond(request, path.removeprefix(_STATIC)) if path.startswith(_STATIC) else respond_page(request)
