"""Errors of the HTTP interface: the same four parts as everywhere, as JSON."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from gym_gui.app import to_json
from gym_gui.core.worker.errors import ConfigError, MosaicError, NotFoundError, UsageError


def json_response(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return a value as strict JSON; numbers that are not finite are null, and named under ``non_finite``."""
    return Response(to_json(value), status, headers, "application/json")


def status_of(error: MosaicError) -> int:
    """Return the HTTP status that stands for an error."""
    if isinstance(error, NotFoundError):
        return 404
    if isinstance(error, ConfigError):
        return 422
    return 409 if isinstance(error, UsageError) else 503


def error_parts(error: MosaicError) -> dict[str, Any]:
    """Return an error's four parts: what, where, why, next; and the problems of a config."""
    parts: dict[str, Any] = {"what": error.what, "where": error.where, "why": error.why, "next": error.next_step}
    if isinstance(error, ConfigError):
        parts["problems"] = [problem.to_dict() for problem in error.problems]
    return parts


def error_response(error: MosaicError, status: int | None = None, headers: dict[str, str] | None = None) -> Response:
    """Return an error as JSON: ``{"error": {"what": …, "where": …, "why": …, "next": …, "problems": […]}}``."""
    return json_response({"error": error_parts(error)}, status_of(error) if status is None else status, headers)
