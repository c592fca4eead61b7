"""Converts pydantic's errors of a run config to problems: path, value, allowed values."""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic import ValidationError

from gym_gui.core.worker.check import describe
from gym_gui.core.worker.errors import Problem, nearest
from gym_gui.runs.config_model import RunConfigModel
from gym_gui.runs.json_schema import alternatives, inline_references, schema_of_member
from gym_gui.runs.json_values import join_path
from gym_gui.runs.names import ALLOWED


@cache
def run_config_schema() -> dict[str, Any]:
    """Return the JSON Schema of a run config."""
    return inline_references(RunConfigModel.model_json_schema())


def problems_of(error: ValidationError) -> list[Problem]:
    """Return every fault that pydantic found."""
    return [
        _problem(item["type"], item["loc"], item.get("input"), item["msg"], item.get("ctx", {}).get("names"))
        for item in error.errors()
    ]


def path_of(location: tuple[int | str, ...]) -> str:
    """Return a location as a dotted path."""
    path = ""
    for key in location:
        path = join_path(path, key)
    return path


def _problem(
    kind: str, location: tuple[int | str, ...], value: Any, message: str, names: list[str] | None = None
) -> Problem:
    """Return one fault.

    Args:
        kind: The error's type.
        location: Where it is.
        value: What is there.
        message: What pydantic says.
        names: The values that are allowed, where the schema does not know them.
    """
    root = run_config_schema()
    if location and location[-1] == "[key]":
        location = location[:-1]
    path = path_of(location)
    if kind == "extra_forbidden":
        names = _names(root, location[:-1])
        return Problem(
            path,
            "is not a known field",
            value=value,
            allowed=", ".join(names),
            nearest=nearest(str(location[-1]), names),
        )
    schema = schema_of_member(root, location) if names is None else {"enum": names}
    allowed = ALLOWED if kind == "control_character" else describe(schema) if schema is not None else ""
    if kind == "missing":
        return Problem(path, "is missing", allowed=allowed)
    text = "is null" if value is None else _message(kind, value, message)
    choices = (schema or {}).get("enum", [])
    return Problem(
        path, text, value=value, allowed=allowed, nearest=nearest(value, choices) if isinstance(value, str) else None
    )


def _message(kind: str, value: Any, message: str) -> str:
    if kind in ("string_too_long", "too_long"):
        return f"is too long ({len(value)})"
    if kind in ("string_too_short", "too_short"):
        return "is empty" if not value else f"is too short ({len(value)})"
    if kind == "control_character":
        return message
    if kind == "int_from_float":
        return f"is {value!r}, which is not a whole number"
    if isinstance(value, (dict, list)):
        return "is an object" if isinstance(value, dict) else "is a list"
    return f"is {_shown(value)}" if value is not None else message


def _shown(value: Any) -> str:
    text = "true" if value is True else "false" if value is False else repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _names(root: dict[str, Any], location: tuple[int | str, ...]) -> list[str]:
    schema = schema_of_member(root, location) or {}
    return [name for option in alternatives(schema) for name in option.get("properties", {})]
