"""The web application: routes of the interface, and the pages for every other address."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncIterator

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp

import gym_gui
from gym_gui.core.worker.errors import ConfigError, MosaicError, Problem, UsageError
from gym_gui.web.access import Access
from gym_gui.web.api import compare, frames, jobs, live, logs, machines, replay, runs, series, status, workers
from gym_gui.web.api.common import ForbiddenError
from gym_gui.web.backend import Backend
from gym_gui.web.errors import error_response
from gym_gui.web.guard import API, Guard
from gym_gui.web.pages import respond

logger = logging.getLogger(__name__)


def create_app(backend: Backend, access: Access) -> ASGIApp:
    """Return the application.

    Args:
        backend: Gives the daemon's client.
        access: Checks requests.
    """

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await backend.close()

    app = FastAPI(
        title="MOSAIC",
        version=gym_gui.__version__,
        summary="Runs, workers and their telemetry",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.backend, app.state.access = backend, access
    for each in (runs, replay, series, logs, frames, compare, workers, jobs, machines, status, live):
        app.include_router(each.router)
    app.add_exception_handler(MosaicError, _mosaic_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)

    @app.get("/static/{path:path}", include_in_schema=False)
    def static(request: Request, path: str) -> Response:
        return respond(request, path)

    @app.get("/{path:path}", include_in_schema=False)
    def page(request: Request, path: str) -> Response:
        if path.startswith(API.strip("/")):
            return _missing(request)
        return respond(request, "index.html")

    return Guard(app, access)


def _missing(request: Request) -> Response:
    error = UsageError(
        "there is no such call",
        where=f"{request.method} {request.url.path}"[:200],
        next_step="see /api/v1/openapi.json",
    )
    return error_response(error, 404)


async def _mosaic_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, MosaicError)
    return error_response(error, 403 if isinstance(error, ForbiddenError) else None)


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    problems = [Problem(".".join(map(str, each["loc"][1:])) or "body", str(each["msg"])) for each in error.errors()]
    return error_response(ConfigError("the request is not valid", problems, next_step="correct these values"))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        return _missing(request)
    refusal = UsageError(str(error.detail), where=f"{request.method} {request.url.path}"[:200])
    response = error_response(refusal, error.status_code)
    response.headers.update(error.headers or {})
    return response


async def _unexpected(request: Request, error: Exception) -> Response:
    logger.error("%s %s failed", request.method, request.url.path, exc_info=error)
    failure = MosaicError(
        f"the web server failed: {type(error).__name__}",
        where=f"{request.method} {request.url.path}"[:200],
        next_step="look into the terminal in which `mosaic web` runs",
    )
    return error_response(failure, 500)
