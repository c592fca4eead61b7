"""The OpenAPI document: FastAPI's, with what each call answers, its errors in four parts, and its tokens."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from gym_gui.app import definitions_of
from gym_gui.web.answers import ANSWERS, Refused
from gym_gui.web.guard import OPEN, is_of_program

_REFERENCE = "#/components/schemas/{name}"
_JSON = "application/json"
#: By status: when it is answered.
_ERRORS = {
    "400": "The body cannot be read",
    "401": "The token is missing or wrong",
    "403": "The token's role does not allow it, or the request comes from a page of another site",
    "404": "There is no such run, worker or call",
    "405": "The call has other methods",
    "409": "The state of things does not allow it",
    "413": "The body is larger than 4 MiB",
    "421": "The server has no such name",
    "422": "Values are not valid; all of them are listed under `problems`",
    "429": "Too many requests, or too many wrong tokens: wait a few seconds",
    "500": "The web server failed",
    "503": "The daemon does not answer, or cannot do it now",
}
_ABOUT = """Everything that the pages of the dashboard show, for scripts.

A call needs a token, as `Authorization: Bearer TOKEN`; `mosaic web tokens add NAME --role read|run|admin` makes one.
Calls of programs that claim runs need none where the server is open to these: on its own machine, or with
`--open-to-programs`.
Numbers that are not finite are null, and named under `non_finite` of their object, or text where the type says so.
Errors have four parts: what happened, where, why, what to do next.
"""


def document(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document of the interface.

    Args:
        app: The application with all its routes.
    """
    made = get_openapi(title=app.title, version=app.version, summary=app.summary, description=_ABOUT, routes=app.routes)
    schemas = made["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    kinds = [kind for kind in ANSWERS.values() if isinstance(kind, type)]
    schemas.update(definitions_of([*kinds, Refused], _REFERENCE))
    for name in ("EpisodeRollup", "StepRecord"):  # JavaScript rounds whole numbers above 2**53
        schemas[name]["properties"]["id"] = {"type": "string"}
    made["components"]["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer"},
        "cookie": {"type": "apiKey", "in": "cookie", "name": "mosaic_token_HOST", "description": "Set by a login."},
    }
    made["components"]["responses"] = {
        status: {"description": text, "content": {_JSON: {"schema": {"$ref": _REFERENCE.format(name="Refused")}}}}
        for status, text in _ERRORS.items()
    }
    for path, calls in made["paths"].items():
        for method, call in calls.items():
            _describe(f"{method.upper()} {path}", call, is_open=path in OPEN)
            if is_of_program(path):
                call["security"] = [{}, *call["security"]]
    return made


def _describe(name: str, call: dict[str, Any], *, is_open: bool) -> None:
    """Say what a call answers.

    Args:
        name: Its method and its path.
        call: Its part of the document, which is changed.
        is_open: It needs no token.
    """
    (done,) = (status for status in call["responses"] if status.startswith("2"))
    answer = ANSWERS.get(name, _JSON)
    found: dict[str, Any] = {"description": "Done"}
    if isinstance(answer, type):
        found["description"] = (answer.__doc__ or "").partition("\n")[0]
        found["content"] = {_JSON: {"schema": {"$ref": _REFERENCE.format(name=answer.__name__)}}}
    elif answer is not None:
        found["content"] = {answer: {"schema": {}}}
    call["responses"] = {done: found}
    if name == "GET /api/v1/runs/{run_id}/file":
        call["responses"] |= {"206": {**found, "description": "The part that the header `Range` names"}}
        call["responses"]["416"] = {"description": "The file has no such part"}
    statuses = {"421", "429", "500"}
    if not is_open:
        statuses |= {"401", "403", "404", "409", "422", "503"}
        call["security"] = [{"token": []}, {"cookie": []}]
    if not name.startswith("GET "):
        statuses |= {"403"}
    if "requestBody" in call:
        statuses |= {"400", "413", "422"}
    if name == "POST /api/v1/login":
        statuses |= {"401"}
    for status in sorted(statuses):
        call["responses"][status] = {"$ref": f"#/components/responses/{status}"}
