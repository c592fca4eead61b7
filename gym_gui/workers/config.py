"""Checks a worker's config against its schema, and reads settings from a command line by it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from typing import Any

from gym_gui.core.worker.check import check_values, coerce_values
from gym_gui.core.worker.errors import ConfigError, Problem, nearest
from gym_gui.runs import json_types, schema_of_member, worker_id_problem
from gym_gui.workers.record import WorkerRecord

#: Fields of a worker's config that MOSAIC fills in at each launch.
MANAGED_FIELDS = ("run_id", "seed", "worker_id")
ENVIRONMENT_FIELDS = ("env_id",)
ALGORITHM_FIELDS = ("algo", "algorithm")
STEPS_FIELDS = ("total_steps", "total_timesteps")
_NUMBER = re.compile(r"[+-]?(?:[1-9]\d*(?:_\d+)*|0)(?:\.\d*)?(?:[eE][+-]?\d{1,3})?")


def check_worker_config(
    record: WorkerRecord, config: dict[str, Any], path: str = "metadata.worker.config", *, whole: bool = True
) -> list[Problem]:
    """Return everything that is wrong with a worker's config: types, bounds, choices, unknown and missing names.

    The run's id and seed and the instance's id may be left out: each launch puts them in. A worker whose schema is not
    known takes any config.

    Args:
        record: The worker.
        config: Its settings, plain JSON.
        path: Where they stand in the run config.
        whole: A required field that is missing is a problem, too.
    """
    schema = record.schema
    if schema is None:
        return []
    required = [name for name in schema.get("required", []) if whole and name not in MANAGED_FIELDS]
    values = {name: value for name, value in config.items() if name not in MANAGED_FIELDS or _is_own_seed(name, value)}
    return check_values({"additionalProperties": False, **schema, "required": required}, values, path=path)


def _is_own_seed(name: str, value: Any) -> bool:
    """Return whether this is a seed for the worker to check: of null MOSAIC draws one."""
    return name == "seed" and value is not None


def coerce_config(record: WorkerRecord, config: dict[str, Any]) -> dict[str, Any]:
    """Return a valid config with whole numbers as the schema's types write them."""
    if record.schema is None:
        return dict(config)
    return coerce_values(record.schema, config)


def parse_settings(pairs: Sequence[str], record: WorkerRecord) -> dict[str, Any]:
    """Read ``name=value`` settings of a command line, and check them.

    Raises:
        ConfigError: With every setting that is malformed, unknown or not allowed.
    """
    settings, problems = read_settings(pairs, record)
    problems += check_worker_config(record, settings, "", whole=False)
    if problems:
        raise settings_error(record, problems)
    return settings


def read_settings(pairs: Sequence[str], record: WorkerRecord) -> tuple[dict[str, Any], list[Problem]]:
    """Read ``name=value`` settings of a command line; return them and those that are malformed or unknown.

    A value is JSON where it is JSON to the letter (``1e5``, ``true``, ``null``, ``[64,64]``), else text; in a field for
    text alone it is always text. Where the worker's schema says what a field takes, a person's way of writing that is
    understood, too: ``1_000`` and ``1e5`` for a whole number, ``True``, ``None``. Nothing else is guessed: an
    ``env_kwargs.level=007`` is text.
    """
    settings: dict[str, Any] = {}
    problems: list[Problem] = []
    for pair in pairs:
        name, equals, text = pair.partition("=")
        name = name.strip()
        if not equals or not name:
            problems.append(Problem(pair, "is not a setting", value=pair, allowed="name=value"))
        elif name == "run_id":
            problems.append(Problem(name, "is set by MOSAIC itself", value=text, allowed="leave it out"))
        elif name == "worker_id":
            problem = worker_id_problem(text, name)
            problems += [problem] if problem else []
            _place(settings, [name], text, problems)
        else:
            _set(settings, name, text, record, problems)
    return settings, problems


def settings_error(record: WorkerRecord, problems: list[Problem]) -> ConfigError:
    """Return the error for settings of a worker."""
    return ConfigError(
        f"settings of {record.name} are not valid",
        problems,
        next_step=f"list its settings: mosaic workers describe {record.name}",
    )


def read_flags(
    record: WorkerRecord,
    env: str | None = None,
    algo: str | None = None,
    steps: int | None = None,
    render: str | None = None,
) -> tuple[dict[str, tuple[str, Any]], list[Problem]]:
    """Map the command line's own ``--env``, ``--algo``, ``--steps`` and ``--render`` to the fields that a worker has.

    Returns:
        By each field the flag and its value, and the flags for which the worker has no field, or none that is known.
    """
    fields: dict[str, tuple[str, Any]] = {}
    problems = []
    for flag, value, names in (
        ("--env", env, ENVIRONMENT_FIELDS),
        ("--algo", algo, ALGORITHM_FIELDS),
        ("--steps", steps, STEPS_FIELDS),
        ("--render", render, ("render",)),
    ):
        if value is None:
            continue
        name = next((name for name in names if record.has_field(name)), None)
        if name is not None:
            fields[name] = (flag, value)
        elif record.schema is None:
            why = f"cannot be mapped to a field: those of {record.name} are unknown"
            problems.append(Problem(flag, why, value=value, allowed="--set NAME=VALUE"))
        else:
            why = f"has no field in {record.name} ({' or '.join(names)})"
            problems.append(Problem(flag, why, value=value, allowed=f"--set with {', '.join(record.properties)}"))
    return fields, problems


def named_in(record: WorkerRecord | None, config: dict[str, Any], names: Sequence[str]) -> str:
    """Return the text of the first of some fields that a worker's config or its defaults fill; else an empty one.

    Args:
        record: The worker, for its defaults.
        config: Its settings.
        names: Fields, such as :data:`ALGORITHM_FIELDS`.
    """
    fields = record.properties if record else {}
    for name in names:
        value = config.get(name, fields.get(name, {}).get("default"))
        if isinstance(value, str) and value:
            return value
    return ""


def target_steps(record: WorkerRecord | None, config: dict[str, Any]) -> int | None:
    """Return how many steps a worker will take by its config or its defaults; ``None`` if that is unknown."""
    if config.get("mode") == "evaluate":
        return None
    fields = record.properties if record else {}
    stages = config.get("curriculum")
    if isinstance(stages, list) and not any(name in config for name in STEPS_FIELDS):
        counts = [stage.get("total_steps") for stage in stages if isinstance(stage, dict)]
        known = [count for count in counts if isinstance(count, int)]
        return sum(known) if known and len(known) == len(stages) else None
    for name in STEPS_FIELDS:
        value = config.get(name, fields.get(name, {}).get("default"))
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
    return None


def _set(settings: dict[str, Any], name: str, text: str, record: WorkerRecord, problems: list[Problem]) -> None:
    parts = name.split(".")
    if record.schema is None:
        _place(settings, [name], _json_or_text(text), problems)
        return
    if parts[0] not in record.properties:
        names = [field for field in record.properties if field not in ("run_id", "worker_id")]
        problems.append(
            Problem(name, "is not a known field", value=text, allowed=", ".join(names), nearest=nearest(name, names))
        )
        return
    _place(settings, parts, read_value(text, schema_of_member(record.schema, parts) or {}), problems)


def _place(settings: dict[str, Any], parts: list[str], value: Any, problems: list[Problem]) -> None:
    inner = settings
    for part in parts[:-1]:
        inner = inner.setdefault(part, {})
        if not isinstance(inner, dict):
            problems.append(Problem(".".join(parts), f"is part of {part}, which is set as a whole too", value=value))
            return
    if parts[-1] in inner:
        message = f"is set twice: to {inner[parts[-1]]!r}, and to {value!r}"
        problems.append(Problem(".".join(parts), message, value=value, allowed="one of them"))
    inner[parts[-1]] = value


def read_value(text: str, part: dict[str, Any]) -> Any:
    """Read a value as one of the types that its field has; as text where that is one of them and no other fits.

    Args:
        text: As a person writes it: JSON, or text without quotes.
        part: The field's JSON Schema; an empty one for a field that is unknown.
    """
    types = json_types(part)
    if types == {"string"}:
        return text
    value = _json_or_text(text)
    if isinstance(value, str):
        value = _as_a_person_writes(text.strip(), types, value)
    if "string" in types and not types & _types_of_value(value):
        return text
    return value


def write_value(value: Any, part: dict[str, Any]) -> str | None:
    """Return the text that :func:`read_value` reads as a value, ``None`` if there is none.

    Args:
        value: Plain JSON.
        part: The field's JSON Schema.
    """
    words = [value] if isinstance(value, str) else []
    try:
        words.append(json.dumps(value, ensure_ascii=False))
    except (TypeError, ValueError, RecursionError):
        return None
    return next((word for word in words if same_json(read_value(word, part), value)), None)


def same_json(one: Any, other: Any) -> bool:
    """Return whether two values are the same JSON: true is not 1, but 1.0 is."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same_json(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same_json, one, other))
    return bool(one == other)


def _json_or_text(text: str) -> Any:
    """Return the value of JSON, and anything else as the text that it is; JSON has no NaN and no infinities."""

    def refuse(constant: str) -> Any:
        raise ValueError(constant)

    try:
        value = json.loads(text, parse_constant=refuse)
    except (ValueError, RecursionError):
        return text
    return text if isinstance(value, float) and not math.isfinite(value) else value


def _as_a_person_writes(text: str, types: set[str], otherwise: Any) -> Any:
    """Return a number, truth value or null that is not written as JSON writes it, where the field takes one."""
    lower = text.lower()
    if "boolean" in types and lower in ("true", "false"):
        return lower == "true"
    if "null" in types and lower in ("null", "none"):
        return None
    if types & {"integer", "number"} and _NUMBER.fullmatch(text):
        plain = text.replace("_", "")
        number = float(plain)
        if not math.isfinite(number):
            return otherwise
        return int(plain) if plain.lstrip("+-").isdigit() else number
    return otherwise


def _types_of_value(value: Any) -> set[str]:
    """Return the names that JSON Schema has for a value's type."""
    if isinstance(value, bool):
        return {"boolean"}
    if value is None:
        return {"null"}
    if isinstance(value, (int, float)):
        return {"integer", "number"} if float(value).is_integer() else {"number"}
    return {"array"} if isinstance(value, list) else {"object"} if isinstance(value, dict) else {"string"}
