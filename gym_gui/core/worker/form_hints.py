"""Form hints of a config's fields: metadata that becomes ``x-`` keys of the JSON Schema.

All of them are optional. They stand in ``field(metadata={…})``; a worker whose config is not a dataclass writes the
``x-`` keys into its schema itself. Keys of that kind that are not listed here are passed on.

* ``group`` (``x-group``): title of the section that the field belongs to.
* ``advanced`` (``x-advanced``): true: shown apart from the fields that most users need.
* ``applies`` (``x-applies``): ``{"algo": ["ppo", …]}``: the field has an effect only with these values of other fields;
  capitals do not matter, nor does the package of an environment (``package:Name-v0``).
* ``default_by`` (``x-default-by``): what null stands for: ``{"algo": {"ppo": 4}}``, or a list of rules (below).
* ``suggest`` (``x-suggest``): what to offer as completions: ``environments``, ``checkpoints`` or ``files``.
* ``log`` (``x-log``): true: a logarithmic scale suits the number.
* ``secret`` (``x-secret``): true: the value is not shown.

A rule of ``default_by`` is ``{"when": {"algo": ["ppo"], "env_id": ["CartPole-v1"]}, "value": 8, "label": "preset"}``:
the first rule whose conditions all hold counts. Without a ``value`` the ``label`` alone says where the value comes
from, as in ``{"when": {"mode": ["resume"]}, "label": "as in the checkpoint"}``.

This module is also loaded by its path, by ``schema.py`` in a worker's interpreter: standard library alone.
"""

from __future__ import annotations

import json
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Tuple

#: Metadata of a field -> key of its JSON Schema.
KEYS = {
    "group": "x-group",
    "advanced": "x-advanced",
    "applies": "x-applies",
    "default_by": "x-default-by",
    "suggest": "x-suggest",
    "log": "x-log",
    "secret": "x-secret",
}
#: What a field may ask to be completed with.
SUGGESTIONS = ("environments", "checkpoints", "files")
#: The label of a default without one of its own.
DEFAULT_LABEL = "default"
_RULE = {"when", "value", "label"}

Conditions = Dict[str, List[Any]]


class DefaultRule(NamedTuple):
    """One rule of what null stands for."""

    when: Conditions
    """Values of other fields, by name; all must hold."""
    value: Any
    """What null stands for; meaningless without ``has_value``."""
    label: str
    """Where that comes from."""
    has_value: bool
    """Whether the value is known."""


def read_hints(metadata: Mapping[str, Any]) -> Dict[str, Any]:  # noqa: UP006
    """Return the form hints of a field's metadata, as its JSON Schema has them.

    Args:
        metadata: Of a dataclass's field.

    Raises:
        ValueError: One is malformed; the message names it.
    """
    hints = {key: _plain(metadata[name]) for name, key in KEYS.items() if name in metadata}
    for problem in malformed_hints(hints):
        raise ValueError(problem)
    return hints


def malformed_hints(part: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the form hints of one field, whatever the other fields are.

    Args:
        part: The field's JSON Schema.
    """
    checks = (
        ("x-group", _is_title, "a section's title"),
        ("x-advanced", _is_flag, "true or false"),
        ("x-applies", _is_conditions, '{"FIELD": [VALUE, …], …}'),
        ("x-default-by", _is_default_by, '{"FIELD": {"VALUE": DEFAULT, …}} or [{"when": …, "value": …}, …]'),
        ("x-suggest", lambda value: value in SUGGESTIONS, " or ".join(SUGGESTIONS)),
        ("x-log", _is_flag, "true or false"),
        ("x-secret", _is_flag, "true or false"),
    )
    for key, fits, allowed in checks:
        if key in part and not fits(part[key]):
            name = next(name for name, known in KEYS.items() if known == key)
            yield f"{name} is {part[key]!r} (allowed: {allowed})"


def unknown_references(properties: Mapping[str, Any]) -> Iterator[Tuple[str, str]]:  # noqa: UP006
    """Yield each field whose hints name a field or a value that does not exist, and what is wrong.

    Args:
        properties: The fields' JSON Schemas, by name; malformed hints are left out.
    """
    for name, part in properties.items():
        conditions = [("applies", conditions_of(part)), *(("default_by", rule.when) for rule in default_rules(part))]
        seen = set()
        for hint, when in conditions:
            for field, values in when.items():
                for message in _wrong_condition(name, field, values, properties):
                    if message not in seen:
                        seen.add(message)
                        yield name, f"{hint} {message}"


def conditions_of(part: Mapping[str, Any]) -> Conditions:
    """Return which values of other fields a field needs to have an effect; none if it always has one.

    Args:
        part: The field's JSON Schema.
    """
    found = part.get("x-applies")
    return found if found and _is_conditions(found) else {}


def default_rules(part: Mapping[str, Any]) -> List[DefaultRule]:  # noqa: UP006
    """Return the rules of what null stands for in a field, the first that holds counts.

    Args:
        part: The field's JSON Schema.
    """
    found = part.get("x-default-by")
    if not found or not _is_default_by(found):
        return []
    if isinstance(found, Mapping):
        return [
            DefaultRule({field: [value]}, default, DEFAULT_LABEL, has_value=True)
            for field, defaults in found.items()
            for value, default in defaults.items()
        ]
    return [
        DefaultRule(rule["when"], rule.get("value"), rule.get("label", DEFAULT_LABEL), has_value="value" in rule)
        for rule in found
    ]


def text_of(value: Any) -> str:
    """Return a value as conditions compare it: keys of JSON are text, and 1.0 is 1."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value, sort_keys=True, default=str)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {text_of(key): _plain(entry) for key, entry in value.items()}
    return [_plain(entry) for entry in value] if isinstance(value, (list, tuple, set, frozenset)) else value


def _is_title(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_conditions(value: Any) -> bool:
    return (
        isinstance(value, Mapping) and bool(value) and all(isinstance(each, list) and each for each in value.values())
    )


def _is_default_by(value: Any) -> bool:
    if isinstance(value, Mapping):
        return bool(value) and all(isinstance(each, Mapping) and each for each in value.values())
    return isinstance(value, list) and bool(value) and all(_is_rule(each) for each in value)


def _is_rule(value: Any) -> bool:
    return (
        isinstance(value, Mapping)
        and "when" in value
        and set(value) <= _RULE
        and len(value) > 1
        and (value["when"] == {} or _is_conditions(value["when"]))
        and _is_title(value.get("label", DEFAULT_LABEL))
    )


def _wrong_condition(name: str, field: str, values: List[Any], properties: Mapping[str, Any]) -> Iterator[str]:  # noqa: UP006
    if field == name:
        yield "names the field itself"
        return
    if field not in properties:
        yield f"names {field!r}, which is not a field"
        return
    choices = properties[field].get("enum")
    kinds = properties[field].get("type", [])
    allowed = {text_of(choice) for choice in choices or ()}
    if kinds == "boolean":
        allowed = {"true", "false"}
    elif choices is None:
        return
    if "null" in kinds:
        allowed.add("null")
    for value in values:
        if text_of(value) not in allowed:
            yield f"names {value!r}, which is not a choice of {field}"


__all__ = [
    "DEFAULT_LABEL",
    "KEYS",
    "SUGGESTIONS",
    "DefaultRule",
    "conditions_of",
    "default_rules",
    "malformed_hints",
    "read_hints",
    "text_of",
    "unknown_references",
]
