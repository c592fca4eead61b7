"""The HTTP interface: its routes, and what becomes of errors."""

from __future__ import annotations

import logging
import re
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp

import gym_gui
from gym_gui.core.worker.errors import ConfigError, MosaicError, Problem, UsageError
from gym_gui.web.access import Access
from gym_gui.web.api import (
    agents,
    clients,
    compare,
    frames,
    jobs,
    live,
    logs,
    machines,
    replay,
    runs,
    series,
    status,
    studies,
    workers,
)
from gym_gui.web.api.common import ForbiddenError
from gym_gui.web.api.direct import Direct
from gym_gui.web.api.views import router as views
from gym_gui.web.backend import Backend
from gym_gui.web.errors import error_response

logger = logging.getLogger(__name__)


def create_served(backend: Backend, access: Access) -> ASGIApp:
    """Return the interface as it is served: calls that come most often take a shorter way.

    Args:
        backend: Gives the daemon's client.
        access: Knows the holders of tokens.
    """
    app = create_interface(backend, access)
    return Direct(app, clients.direct_calls(backend.client, app.state.messages), _unexpected)


def create_interface(backend: Backend, access: Access) -> FastAPI:
    """Return the interface without the checks of requests, on which its calls rely.

    Args:
        backend: Gives the daemon's client.
        access: Knows the holders of tokens.
    """

    app = FastAPI(
        title="MOSAIC",
        version=gym_gui.__version__,
        summary="Runs, workers and their telemetry",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        # FastAPI's own spans and metrics of each request: costly, and no part of the dashboard.
        telemetry={
            "tracing": False,
            "metrics": False,
            "logs": False,
            "operation_spans": False,
            "auto_configure": False,
        },
    )
    app.state.backend, app.state.access = backend, access
    app.state.messages = clients.message_batches(backend.client)
    parts = (
        runs, replay, series, logs, frames, compare, studies, workers, jobs, machines, agents, clients, status, live,
    )  # fmt: skip
    for each in parts:
        app.include_router(each.router)
    app.include_router(views)
    app.add_exception_handler(MosaicError, _mosaic_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)
    app.openapi = lambda: _document(app)  # type: ignore[method-assign]

    return app


def _document(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document, made on first use."""
    if app.openapi_schema is None:
        from gym_gui.web.openapi import document

        app.openapi_schema = document(app)
    return app.openapi_schema


def _missing(request: Request) -> Response:
    error = UsageError(
        "there is no such call",
        where=_where(request),
        next_step="see /api/v1/openapi.json",
    )
    return error_response(error, 404)


async def _mosaic_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, MosaicError)
    return error_response(error, 403 if isinstance(error, ForbiddenError) else None)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    methods = _methods(request)
    if (
        methods and request.method not in methods
    ):  # such as PATCH /runs/validate, which reads as a call about a run "validate"
        return _wrong_method(request, methods)
    problems = [Problem(".".join(map(str, each["loc"][1:])) or "body", str(each["msg"])) for each in error.errors()]
    return error_response(ConfigError("the request is not valid", problems, next_step="correct these values"))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    methods = _methods(request) if error.status_code == 405 else []
    if methods:
        return _wrong_method(request, methods)
    if error.status_code in (404, 405):
        return _missing(request)
    response = error_response(UsageError(str(error.detail), where=_where(request)), error.status_code)
    response.headers.update(error.headers or {})
    return response


def _wrong_method(request: Request, methods: list[str]) -> Response:
    refusal = UsageError("the call has no such method", where=_where(request), next_step=f"use {' or '.join(methods)}")
    return error_response(refusal, 405, {"allow": ", ".join(methods)})


def _methods(request: Request) -> list[str]:
    """Return the methods of the calls at a path; the framework names those of the first one alone."""
    paths, path = _document(request.app)["paths"], request.url.path
    same = (
        [path] if path in paths else [each for each in paths if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", each), path)]
    )
    return sorted({method.upper() for each in same for method in paths[each]})


def _where(request: Request) -> str:
    return f"{request.method} {request.url.path}"[:200]


async def _unexpected(request: Request, error: Exception) -> Response:
    logger.error("%s %s failed", request.method, request.url.path, exc_info=error)
    failure = MosaicError(
        f"the web server failed: {type(error).__name__}",
        where=_where(request),
        next_step="look into the terminal in which `mosaic web` runs",
    )
    return error_response(failure, 500)
