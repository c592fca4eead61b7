"""Puts a JSON Schema's rules into words, for error messages and reference pages."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

_TYPES = {
    "integer": "an integer",
    "number": "a number",
    "string": "text",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}


def resolve(schema: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    """Follow ``$ref`` into the root's definitions; keywords beside the reference stay."""
    while "$ref" in schema:
        target: Any = root
        for part in str(schema["$ref"]).removeprefix("#/").split("/"):
            target = target[part]
        schema = {**target, **{key: value for key, value in schema.items() if key != "$ref"}}
    return schema


def branches(schema: dict[str, Any], root: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the alternatives of a schema, resolved; a schema without alternatives is its own only one."""
    schema = resolve(schema, root)
    alternatives = schema.get("anyOf") or schema.get("oneOf")
    if not alternatives:
        return [schema]
    return [branch for alternative in alternatives for branch in branches(alternative, root)]


def find(root: dict[str, Any], location: Iterable[str | int]) -> dict[str, Any] | None:
    """Return the schema of a member, or ``None`` where the root schema says nothing of it."""
    found: dict[str, Any] | None = resolve(root, root)
    for key in location:
        candidates = [_member(branch, key) for branch in branches(found or {}, root)]
        found = next((resolve(candidate, root) for candidate in candidates if candidate is not None), None)
        if found is None:
            return None
    return found


def _member(schema: dict[str, Any], key: str | int) -> dict[str, Any] | None:
    inner = schema.get("items") if isinstance(key, int) else schema.get("properties", {}).get(key)
    if inner is None and isinstance(key, str):
        inner = schema.get("additionalProperties")
    return inner if isinstance(inner, dict) else None


def describe(schema: dict[str, Any], root: dict[str, Any] | None = None) -> str:
    """Say in words what a schema allows, e.g. ``an integer from 1 to 63, or null``."""
    words: list[str] = []
    for branch in branches(schema, root or schema):
        for word in _branch_words(branch, root or schema):
            if word not in words:
                words.append(word)
    if "null" in words:
        words.remove("null")
        words.append("null")
    if len(words) < 2:
        return words[0] if words else "anything"
    return ", ".join(words[:-1]) + ", or " + words[-1]


def _branch_words(schema: dict[str, Any], root: dict[str, Any]) -> list[str]:
    if "enum" in schema:
        return [json.dumps(choice, ensure_ascii=False) for choice in schema["enum"]]
    if "const" in schema:
        return [json.dumps(schema["const"], ensure_ascii=False)]
    types = schema.get("type", [])
    names = [types] if isinstance(types, str) else list(types)
    return [_type_words(name, schema, root) for name in names]


def _type_words(name: str, schema: dict[str, Any], root: dict[str, Any]) -> str:
    word = _TYPES.get(name, str(name))
    if name in ("integer", "number"):
        return word + _range_words(schema)
    if name == "string":
        word += _size_words(schema.get("minLength"), schema.get("maxLength"), "character")
        return word + (f" that matches {schema['pattern']}" if "pattern" in schema else "")
    if name == "array":
        word += _size_words(schema.get("minItems"), schema.get("maxItems"), "item")
        if isinstance(schema.get("items"), dict) and (inner := describe(schema["items"], root)) != "anything":
            word += f" (each {inner})"
    return word


def _range_words(schema: dict[str, Any]) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    if low is not None and high is not None:
        return f" from {low} to {high}"
    parts = [
        f"{sign} {bound}"
        for sign, bound in ((">=", low), (">", above), ("<=", high), ("<", below))
        if bound is not None
    ]
    return " " + " and ".join(parts) if parts else ""


def _size_words(low: int | None, high: int | None, unit: str) -> str:
    if low is None and high is None:
        return ""
    if high is None:
        return f" of at least {low} {unit}{'' if low == 1 else 's'}"
    return f" of {low or 0} to {high} {unit}s"
