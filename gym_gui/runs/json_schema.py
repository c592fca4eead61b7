"""Helpers for JSON Schemas: inlined references, lookup of members."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

_MAX_DEPTH = 32


def inline_references(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema with every ``$ref`` inlined, and without definitions.

    A recursive schema is cut off at a depth: anything is allowed there.

    Args:
        schema: A JSON Schema with ``$defs`` or ``definitions`` at its top.
    """
    inlined: dict[str, Any] = _inline(schema, schema, 0)
    return {key: value for key, value in inlined.items() if key not in ("$defs", "definitions")}


def _inline(part: Any, root: dict[str, Any], depth: int) -> Any:
    if depth > _MAX_DEPTH:
        return {}
    if isinstance(part, list):
        return [_inline(item, root, depth + 1) for item in part]
    if not isinstance(part, dict):
        return part
    if isinstance(part.get("$ref"), str):
        beside = {key: value for key, value in part.items() if key != "$ref"}
        return _inline({**_target(part["$ref"], root), **beside}, root, depth + 1)
    return {
        key: value if key in ("$defs", "definitions", "default", "enum") else _inline(value, root, depth + 1)
        for key, value in part.items()
    }


def _target(reference: str, root: dict[str, Any]) -> dict[str, Any]:
    target: Any = root
    for part in reference.removeprefix("#/").split("/"):
        target = target.get(part, {}) if isinstance(target, dict) else {}
    return target if isinstance(target, dict) else {}


def alternatives(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the alternatives of a schema, itself if it has none."""
    options = schema.get("anyOf") or schema.get("oneOf")
    return [inner for option in options for inner in alternatives(option)] if options else [schema]


def schema_of_member(schema: dict[str, Any], location: Iterable[str | int]) -> dict[str, Any] | None:
    """Return the schema of a member, ``None`` if it has none.

    Args:
        schema: A schema without references.
        location: Names and positions on the way to the member.
    """
    member: dict[str, Any] | None = schema
    for key in location:
        inner = [_member(option, key) for option in alternatives(member or {})]
        member = next((candidate for candidate in inner if candidate is not None), None)
    return member


def _member(schema: dict[str, Any], key: str | int) -> dict[str, Any] | None:
    inner = schema.get("items") if isinstance(key, int) else schema.get("properties", {}).get(key)
    if inner is None and isinstance(key, str):
        inner = schema.get("additionalProperties")
    return inner if isinstance(inner, dict) else None


def json_types(schema: dict[str, Any]) -> set[str]:
    """Return the JSON types that a schema allows; none if it is unspecific."""
    allowed: set[str] = set()
    for option in alternatives(schema):
        types = option.get("type", [])
        allowed.update([types] if isinstance(types, str) else types)
        if not types and "enum" in option and all(isinstance(choice, str) for choice in option["enum"]):
            allowed.add("string")
    return allowed
