"""Checks a flat config against its schema: all faults at once, each with its path and what is allowed."""

from __future__ import annotations

import math
import re
from typing import Any, Mapping

from gym_gui.core.worker.errors import Problem, nearest

_WORDS = {
    "integer": "an integer",
    "number": "a number",
    "string": "text",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
#: Key of a bound -> (how it reads, whether a number breaks it).
_BOUNDS: tuple[tuple[str, str, Any], ...] = (
    ("minimum", "at least", lambda number, bound: number < bound),
    ("maximum", "at most", lambda number, bound: number > bound),
    ("exclusiveMinimum", "greater than", lambda number, bound: number <= bound),
    ("exclusiveMaximum", "less than", lambda number, bound: number >= bound),
)


def check_values(schema: Mapping[str, Any], values: Any, *, path: str = "") -> list[Problem]:
    """Return every fault of some values.

    Args:
        schema: What :func:`~gym_gui.core.worker.schema.config_schema` returns.
        values: The flat config.
        path: Where it stands, put before the fields' names.
    """
    if not isinstance(values, Mapping):
        return [Problem(path or "config", f"is a {type(values).__name__}", value=values, allowed="an object")]
    properties: Mapping[str, Any] = schema.get("properties", {})
    prefix = path + "." if path else ""
    problems = []
    if schema.get("additionalProperties") is False:
        problems += [
            Problem(
                prefix + str(name),
                "is unknown",
                value=value,
                allowed=", ".join(properties),
                nearest=nearest(str(name), properties),
            )
            for name, value in values.items()
            if name not in properties
        ]
    for name, part in properties.items():
        if name in values:
            problems += _check(part, values[name], prefix + name)
        elif name in schema.get("required", ()):
            problems.append(Problem(prefix + name, "is missing", allowed=describe(part)))
    return problems


def coerce_values(schema: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return valid values as the types that the schema names: 1.0 as 1 for an integer, 1 as 1.0 for a number."""
    properties: Mapping[str, Any] = schema.get("properties", {})
    return {name: _coerce(properties.get(name, {}), value) for name, value in values.items()}


def describe(part: Mapping[str, Any]) -> str:
    """Return in words what a property may be."""
    if "enum" in part:
        return "one of " + ", ".join(repr(choice) for choice in part["enum"])
    if "anyOf" in part:
        return " or ".join(describe(option) for option in part["anyOf"])
    words = " or ".join(_WORDS.get(kind, kind) + _size(part, kind) for kind in _kinds(part)) or "anything"
    bounds = [f"{word} {part[key]}" for key, word, _ in _BOUNDS if key in part]
    return ", ".join([words, *bounds])


def _size(part: Mapping[str, Any], kind: str) -> str:
    """Return in words how long text or a list may be, and what a list holds."""
    low, high, unit = {
        "string": ("minLength", "maxLength", "characters"),
        "array": ("minItems", "maxItems", "items"),
    }.get(kind, ("", "", ""))
    words = ""
    if low in part and high in part:
        words = f" of {part[low]} to {part[high]} {unit}"
    elif low in part or high in part:
        words = f" of at least {part[low]} {unit}" if low in part else f" of at most {part[high]} {unit}"
    if kind == "array" and part.get("items"):
        words += f", each {describe(part['items'])}"
    return words + (f" matching {part['pattern']}" if kind == "string" and "pattern" in part else "")


def _check(part: Mapping[str, Any], value: Any, path: str) -> list[Problem]:
    if "anyOf" in part:
        if any(not _check(option, value, path) for option in part["anyOf"]):
            return []
        return [Problem(path, "is of the wrong type", value=value, allowed=describe(part))]
    kinds = _kinds(part)
    if "enum" in part and not (value is None and "null" in kinds):
        if value in part["enum"]:
            return []
        words = [choice for choice in part["enum"] if isinstance(choice, str)]
        near = nearest(value, words) if isinstance(value, str) else None
        return [Problem(path, "is not one of the choices", value=value, allowed=describe(part), nearest=near)]
    if kinds and not any(_fits(kind, value) for kind in kinds):
        return [Problem(path, f"is {_kind_of(value)}", value=value, allowed=describe(part))]
    if isinstance(value, str) and "pattern" in part and re.search(part["pattern"], value) is None:
        return [Problem(path, "is not of the form", value=value, allowed=describe(part))]
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if isinstance(value, float) and math.isnan(value) and any(key in part for key, _, _ in _BOUNDS):
            return [Problem(path, "is not a number (NaN)", value=str(value), allowed=describe(part))]
        broken = [key for key, _, breaks in _BOUNDS if key in part and breaks(value, part[key])]
        return [Problem(path, "is out of bounds", value=value, allowed=describe(part))] if broken else []
    if isinstance(value, list) and "items" in part:
        return [problem for i, entry in enumerate(value) for problem in _check(part["items"], entry, f"{path}[{i}]")]
    if isinstance(value, Mapping) and "properties" in part:
        return check_values(part, value, path=path)
    return []


def _kinds(part: Mapping[str, Any]) -> list[str]:
    kind = part.get("type", [])
    return list(kind) if isinstance(kind, list) else [kind]


def _fits(kind: str, value: Any) -> bool:
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "integer":
        return _is_number(value) and (isinstance(value, int) or value.is_integer())
    if kind == "number":
        return _is_number(value)
    if kind == "string":
        return isinstance(value, str)
    if kind == "array":
        return isinstance(value, (list, tuple))
    if kind == "object":
        return isinstance(value, Mapping)
    return value is None


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _kind_of(value: Any) -> str:
    for kind in ("null", "boolean", "integer", "number", "string", "array", "object"):
        if _fits(kind, value):
            return _WORDS[kind]
    return f"a {type(value).__name__}"


def _coerce(part: Mapping[str, Any], value: Any) -> Any:
    kinds = _kinds(part)
    if isinstance(value, float) and "integer" in kinds and "number" not in kinds and value.is_integer():
        return int(value)
    if type(value) is int and "number" in kinds and "integer" not in kinds:
        return float(value)
    if isinstance(value, list) and "items" in part:
        return [_coerce(part["items"], entry) for entry in value]
    return value


__all__ = ["check_values", "coerce_values", "describe"]
