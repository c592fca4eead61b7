from __future__ import annotations

from typing import Any

from gym_gui.runs.json_schema import inline_references, json_types, schema_of_member


def test_references_are_taken_apart() -> None:
    schema = {
        "$defs": {"Size": {"type": "integer", "minimum": 1}, "Net": {"properties": {"size": {"$ref": "#/$defs/Size"}}}},
        "properties": {
            "net": {"$ref": "#/$defs/Net", "description": "kept"},
            "sizes": {"items": {"$ref": "#/$defs/Size"}},
        },
    }
    inlined = inline_references(schema)
    assert "$defs" not in inlined
    assert inlined["properties"]["net"] == {
        "properties": {"size": {"type": "integer", "minimum": 1}},
        "description": "kept",
    }
    assert schema_of_member(inlined, ["sizes", 3]) == {"type": "integer", "minimum": 1}


def test_a_schema_that_contains_itself_ends() -> None:
    schema: dict[str, Any] = {"$defs": {"Node": {"properties": {"next": {"$ref": "#/$defs/Node"}}}}}
    schema["properties"] = {"root": {"$ref": "#/$defs/Node"}}
    assert schema_of_member(inline_references(schema), ["root", "next", "next"]) is not None


def test_a_reference_that_leads_nowhere_allows_anything() -> None:
    assert inline_references({"properties": {"a": {"$ref": "#/$defs/None"}}}) == {"properties": {"a": {}}}


def test_members_of_alternatives() -> None:
    schema = {"anyOf": [{"type": "null"}, {"type": "object", "properties": {"a": {"type": "string"}}}]}
    assert schema_of_member(schema, ["a"]) == {"type": "string"}
    assert schema_of_member(schema, ["b"]) is None
    assert json_types(schema) == {"null", "object"}
    assert json_types({"type": ["integer", "null"]}) == {"integer", "null"}
    assert json_types({"enum": ["a", "b"]}) == {"string"}
    assert json_types({}) == set()
