"""Makes form fields from JSON Schemas."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from msgspec import UNSET

from gym_gui.core.worker.form_hints import conditions_of, default_rules
from gym_gui.core.worker.secret_detection import is_secret_name
from gym_gui.forms.spec import Conditions, DefaultRule, Field, Kind
from gym_gui.runs import alternatives, json_types

#: Place of a worker's config in the run config, and the prefix of its fields' names.
CONFIG_PATH = ("metadata", "worker", "config")
PREFIX = "config."

_LABELS = {
    "algo": "Algorithm",
    "env_id": "Environment",
    "env": "Environment",
    "env_kwargs": "Environment arguments",
}
#: Ends of names that say the unit.
_UNITS = ("s", "ms", "mb", "gb")
_WORDS = {
    **{
        word.lower(): word
        for word in ("ID", "URL", "CPU", "GPU", "CUDA", "KL", "GAE", "XMPP", "JID", "API", "MB", "SDE")
    },
    "wandb": "W&B",
    "tensorboard": "TensorBoard",
    "kwargs": "arguments",
    "adv": "advantages",
    "ent": "entropy",
    "eval": "evaluation",
    "grad": "gradient",
    "lr": "learning rate",
    "max": "maximum",
    "min": "minimum",
    "vf": "value function",
    "vloss": "value loss",
    "coef": "coefficient",
    "coeff": "coefficient",
    "env": "environment",
    "envs": "environments",
    "num": "number of",
    "n": "number of",
    "obs": "observations",
}
_PATHS = re.compile(r".*_(path|file|dir|folder|directory)|path|file|folder|directory|checkpoint")
_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
#: Keys of a schema that are about showing a field, and have fields of their own here.
_SHOWN = ("description", "title", "default", "unit", "examples")
_SCALARS: tuple[tuple[str, Kind], ...] = (
    ("boolean", "switch"), ("integer", "integer"), ("number", "number"), ("string", "text"),
)  # fmt: skip


def config_field(name: str, part: dict[str, Any], *, required: bool = False, note: str = "") -> Field:
    """Return the form's field for one of a worker's config.

    Args:
        name: The field.
        part: Its JSON Schema.
        required: It has no default.
        note: What else is known of it.
    """
    secret = part.get("x-secret") is True
    return schema_field(
        PREFIX + name,
        [*CONFIG_PATH, name],
        part,
        label=str(part.get("title") or label_of(name, has_unit="unit" in part)),
        kind="secret" if secret or (is_secret_name(name) and "string" in json_types(part)) else None,
        required=required,
        note=note,
    )


def schema_field(
    name: str,
    path: Sequence[str],
    part: dict[str, Any],
    *,
    label: str,
    kind: Kind | None = None,
    required: bool = False,
    note: str = "",
    help_text: str | None = None,
    unit: str = "",
    multiline: bool = False,
) -> Field:
    """Return the form's field for a JSON Schema.

    Args:
        name: Unique in the form.
        path: Where the value stands in the run config.
        part: The schema.
        label: For users.
        kind: The input; by default the one that suits the schema.
        required: It has no default.
        note: What else is known of it.
        help_text: In place of the schema's description.
        unit: In place of the schema's.
        multiline: Text of several lines.
    """
    options = [option for option in alternatives(part) if option.get("type") != "null"]
    single = options[0] if len(options) == 1 else {}
    kind = kind or kind_of(name.rpartition(".")[2], part)
    numeric = kind in ("integer", "number")
    bounds = {key: single[key] for key in _BOUNDS if numeric and _is_number(single.get(key))}
    items = single.get("items") if isinstance(single.get("items"), dict) else {}
    choices = {"choice": single.get("enum", []), "multi": (items or {}).get("enum", [])}.get(kind, [])
    step = single.get("multipleOf", 1 if kind == "integer" else None) if numeric else None
    # A secret that a package brings is not one to show.
    known = "default" in part and not required and not (kind == "secret" and part["default"])
    return Field(
        name=name,
        path=list(path),
        label=label,
        kind=kind,
        help=str(part.get("description", "")) if help_text is None else help_text,
        note=note,
        unit=unit or str(part.get("unit", "")),
        default=part["default"] if known else UNSET,
        required=required,
        nullable=allows_null(part),
        choices=[choice for choice in choices if choice is not None],
        suggestions=list(part["examples"]) if isinstance(part.get("examples"), list) else [],
        suggest=part["x-suggest"] if isinstance(part.get("x-suggest"), str) else "",
        minimum=bounds.get("minimum"),
        maximum=bounds.get("maximum"),
        exclusive_minimum=bounds.get("exclusiveMinimum"),
        exclusive_maximum=bounds.get("exclusiveMaximum"),
        step=step if _is_number(step) else None,
        log=part.get("x-log") is True,
        multiline=multiline,
        item=_item_kind(items or {}) if kind == "list" else None,
        applies=_named(conditions_of(part)),
        default_by=[
            DefaultRule(when=_named(rule.when), value=rule.value if rule.has_value else UNSET, label=rule.label)
            for rule in default_rules(part)
        ],
        schema={key: value for key, value in part.items() if key not in _SHOWN and not key.startswith("x-")},
    )


def kind_of(name: str, part: dict[str, Any]) -> Kind:
    """Return the input that suits a value.

    Args:
        name: Of the value.
        part: Its JSON Schema.
    """
    options = [option for option in alternatives(part) if option.get("type") != "null"]
    types = json_types(part) - {"null"}
    if len(options) == 1 and "enum" in options[0]:
        return "choice"
    if types == {"array"} and len(options) == 1:
        items = options[0].get("items")
        if isinstance(items, dict) and "enum" in items:
            return "multi"
        return "list" if isinstance(items, dict) and _item_kind(items) is not None else "json"
    if types == {"integer", "number"}:
        return "number"
    if types and "object" not in types and "array" not in types and "string" in types and len(types) > 1:
        return "text"
    if len(types) != 1:
        return "json"
    if types == {"string"} and (part.get("x-suggest") in ("files", "checkpoints") or _PATHS.fullmatch(name)):
        return "path"
    return next((kind for scalar, kind in _SCALARS if scalar in types), "json")


def label_of(name: str, *, has_unit: bool = False) -> str:
    """Return a field's name in words: ``max_grad_norm`` is ``Maximum gradient norm``.

    Args:
        name: The field.
        has_unit: Its unit is shown beside it.
    """
    if name in _LABELS:
        return _LABELS[name]
    words = [word for word in re.split(r"[\s_.-]+", name) if word]
    if has_unit and len(words) > 1 and words[-1].lower() in _UNITS:
        words.pop()
    text = " ".join(_WORDS.get(word.lower(), word) for word in words) or name
    return text[:1].upper() + text[1:]


def allows_null(part: dict[str, Any]) -> bool:
    """Return whether a JSON Schema names null as a value."""
    return any(
        "null" in json_types(option) or (option.get("enum") is not None and None in option["enum"])
        for option in alternatives(part)
    )


def _item_kind(items: dict[str, Any]) -> Kind | None:
    types = json_types(items)
    return next((kind for scalar, kind in _SCALARS if types == {scalar}), None)


def _named(conditions: dict[str, list[Any]]) -> Conditions:
    return {PREFIX + name: list(values) for name, values in conditions.items()}


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
