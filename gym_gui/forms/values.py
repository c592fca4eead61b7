"""Reads a form's values: what they mean, which fields apply, what untouched ones stand for."""

from __future__ import annotations

import json
from typing import Any

from msgspec import UNSET

from gym_gui.core.worker.form_hints import text_of
from gym_gui.forms.fields import PREFIX
from gym_gui.forms.naming import default_run_name
from gym_gui.forms.numbers import shown
from gym_gui.forms.spec import Conditions, Default, Field, FormSpec, Values
from gym_gui.runs import json_types
from gym_gui.workers import read_value, same_json

#: Kinds whose text is taken to the letter.
_VERBATIM = ("text", "path", "secret")


def read_typed(field: Field, value: Any) -> Any:
    """Return what a value of a form means, plain JSON.

    Text in a field for numbers, switches, lists or JSON is read as the command line's ``--set`` reads it. Text that
    cannot be read so is returned as it is; it never becomes null or a number.

    Args:
        field: The field.
        value: As entered: text as it was typed, or plain JSON.
    """
    if not isinstance(value, str) or _is_verbatim(field):
        return value
    if field.kind == "choice" and any(value == choice for choice in field.choices):
        return value
    if field.kind == "seeds":
        return int(value) if value.strip().isascii() and value.strip().isdigit() and len(value) < 20 else value
    found = read_value(value, field.schema)
    if field.kind in ("list", "multi"):
        whole = isinstance(found, (list, dict)) or value.lstrip().startswith(("[", "{", '"'))
        return found if whole or (found is None and field.nullable) else _entries(field, value) or value
    if isinstance(found, float) and found.is_integer() and field.kind in ("integer", "choice"):
        return int(found)
    return found


def as_typed(field: Field, value: Any) -> Any:
    """Return what to enter for a value to be read as it is.

    Args:
        field: The field.
        value: Plain JSON.
    """
    if not isinstance(value, str):
        return value
    quoted = json.dumps(value, ensure_ascii=False)
    return value if same_json(read_typed(field, value), value) else quoted


def visible(form: FormSpec, values: Values) -> list[str]:
    """Return the names of the fields that apply to what is entered, in the form's order.

    Args:
        form: The form.
        values: What is entered.
    """
    reading = Reading(form, values)
    return [name for name in reading.fields if reading.applies(name)]


def default_of(form: FormSpec, name: str, values: Values) -> Default:
    """Return what a field stands for that is untouched or null, with the wording for it (``preset: 2.5e-4``).

    Args:
        form: The form.
        name: The field.
        values: What is entered.

    Raises:
        KeyError: The form has no such field.
    """
    return Reading(form, values).default(name)


def defaults(form: FormSpec, values: Values) -> dict[str, Default]:
    """Return what each field stands for that applies and is untouched or null, by name, in the form's order.

    Args:
        form: The form.
        values: What is entered.
    """
    reading = Reading(form, values)
    return {name: reading.default(name) for name in reading.fields if reading.applies(name)}


class Reading:
    """The values of a form as they are read; one object for one state of the form.

    Args:
        form: The form.
        values: What is entered.
    """

    def __init__(self, form: FormSpec, values: Values) -> None:
        self.fields = form.by_name()
        self._worker = form.worker
        self._values = values
        self._known: dict[str, bool] = {}
        self._read: dict[str, Any] = {}

    def touched(self, name: str) -> bool:
        """Return whether a field was touched."""
        return name in self._values

    def given(self, name: str) -> Any:
        """Return what was entered into a touched field, read."""
        if name not in self._read:
            self._read[name] = read_typed(self.fields[name], self._values[name])
        return self._read[name]

    def sent(self) -> dict[str, Any]:
        """Return the values of the touched fields that apply, read, by the fields' names."""
        return {name: self.given(name) for name in self.fields if self.touched(name) and self.applies(name)}

    def applies(self, name: str) -> bool:
        """Return whether a field has an effect."""
        if name not in self._known:
            self._known[name] = True  # fields that depend on each other in a circle apply
            self._known[name] = self._hold(self.fields[name].applies)
        return self._known[name]

    def default(self, name: str) -> Default:
        """Return what a field stands for that is untouched or null."""
        field = self.fields[name]
        if name == "run_name":
            config = {key.removeprefix(PREFIX): value for key, value in self.sent().items() if key.startswith(PREFIX)}
            run_name = default_run_name(self._worker, config)
            return Default(value=run_name, text=f"default: {run_name}")
        null = self.touched(name) and self.given(name) is None
        if not null and field.default is not None:
            if field.default is UNSET:
                return Default(text="required" if field.required else "")
            return Default(value=field.default, text=f"default: {shown(field.default)}")
        rule = next((rule for rule in field.default_by if self._hold(rule.when)), None)
        if rule is None:
            return Default(value=None, text="null")
        if rule.value is UNSET:
            return Default(text=rule.label)
        return Default(value=rule.value, text=f"{rule.label}: {shown(rule.value)}")

    def _hold(self, conditions: Conditions) -> bool:
        """Return whether all conditions hold; those on fields that do not exist are left out."""
        return all(
            any(self._matches(name, value) for value in values)
            for name, values in conditions.items()
            if name in self.fields
        )

    def _matches(self, name: str, wanted: Any) -> bool:
        field = self.fields[name]
        value = self.given(name) if self.touched(name) and self.applies(name) else field.default
        if value is UNSET:
            return False
        text = _plain_text(value)
        if field.suggest == "environments":  # `package:Name-v0` is Name-v0 once the package is imported
            text = text.rpartition(":")[2]
        return text == _plain_text(wanted)


def _plain_text(value: Any) -> str:
    """Return a value as conditions compare it: a worker may take a name in other capitals."""
    return text_of(value).casefold()


def _is_verbatim(field: Field) -> bool:
    """Return whether text is taken to the letter: in fields for text that take no number or the like besides."""
    return field.kind in _VERBATIM and json_types(field.schema) <= {"string", "null"}


def _entries(field: Field, text: str) -> list[Any]:
    """Return the entries of a list that is written with commas."""
    items = field.schema.get("items")
    if not isinstance(items, dict):
        options = [option for option in field.schema.get("anyOf", []) if isinstance(option.get("items"), dict)]
        items = options[0]["items"] if options else {}
    return [read_value(entry.strip(), items) for entry in text.split(",") if entry.strip()]


def written(value: Any, indent: int | None = None) -> str:
    """Return a value as it is written into a field: text as it is, others as JSON, and nothing of null.

    Args:
        value: The value; ``UNSET``: the field is untouched.
        indent: Spaces before each entry of an array or object, on a line of its own; by default all is one line.
    """
    if value is None or value is UNSET:
        return ""
    return value if isinstance(value, str) else json.dumps(value, indent=indent)


def chosen_values(field: Field, entered: Any, usual: list[Any]) -> list[Any]:
    """Return which values of a field with several choices are chosen.

    Args:
        field: The field.
        entered: What is entered; ``UNSET``: the field is untouched, and its default is chosen.
        usual: What the field stands for where it has no default of its own, or is null.
    """
    found = field.default if entered is UNSET and field.default is not None else entered
    if found is UNSET or found is None:
        found = usual
    return found if isinstance(found, list) else [found]
