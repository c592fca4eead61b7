"""A worker's config as a form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gym_gui.core.worker.form_hints import malformed_hints, unknown_references
from gym_gui.workers.config import MANAGED_FIELDS
from gym_gui.workers.conformance.cached_check import NotApplicable
from gym_gui.workers.conformance.rule import RuleBook
from gym_gui.workers.conformance.subject import Subject

BOOK = RuleBook("form")
#: Most fields that a form shows at once without a section of the worker's own.
MANY = 25
_NAMED = 5


@BOOK.warning(
    "config-form",
    "The config reads well as a form.",
    why="Forms are made of the schema: a field without help is a riddle, a condition on a field that does not exist is"
    " left out, and dozens of fields below one title are not found.",
    mend="Give each field a `help`, choices a type, and many fields a `group` or `advanced` in their metadata:"
    " docs/how-to/forms.md.",
)
def config_form(subject: Subject) -> str | None:
    schema = subject.record.schema
    if not schema or not schema.get("properties"):
        raise NotApplicable("its schema cannot be determined")
    return "; ".join(form_faults(schema["properties"])) or None


def form_faults(properties: dict[str, Any]) -> Iterator[str]:
    """Yield why a config reads badly as a form.

    Args:
        properties: The fields' JSON Schemas, by name.
    """
    shown = {name: part for name, part in properties.items() if name not in MANAGED_FIELDS and isinstance(part, dict)}
    for fault, names in (
        ("without help", [name for name, part in shown.items() if not str(part.get("description", "")).strip()]),
        ("choices without a type", [name for name, part in shown.items() if "enum" in part and "type" not in part]),
    ):
        if names:
            more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
            yield f"{fault}: {', '.join(names[:_NAMED])}{more}"
    for name, part in shown.items():
        yield from (f"{name}: {message}" for message in malformed_hints(part))
    yield from (f"{name}: {message}" for name, message in unknown_references(shown))
    at_once = [part for part in shown.values() if part.get("x-advanced") is not True and "x-applies" not in part]
    if len(at_once) > MANY and not any("x-group" in part for part in shown.values()):
        yield f"{len(at_once)} fields are shown at once, and none has a group"
