"""What is wrong with a form's values, by field."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from msgspec import UNSET

from gym_gui.core.worker.check import check_values, describe
from gym_gui.core.worker.errors import ConfigError, MosaicError, Problem, nearest
from gym_gui.forms.fields import CONFIG_PATH, PREFIX
from gym_gui.forms.run_config import base_config, misplaced, rest_of
from gym_gui.forms.run_fields import REST, SEEDS
from gym_gui.forms.spec import Field, FieldProblem, FormSpec, Values
from gym_gui.forms.team import worker_problems
from gym_gui.forms.values import Reading
from gym_gui.runs import join_path, json_types, read_run_config, read_seeds, same_kind
from gym_gui.workers import (
    ENVIRONMENT_FIELDS,
    EnvironmentFacts,
    WorkerRecord,
    ability_problems,
    check_worker_config,
    environment_problems,
)

_CONFIG = ".".join(CONFIG_PATH)
_WHOLE = {"properties": {REST: {"type": "object"}}}


def problems(form: FormSpec, values: Values) -> list[FieldProblem]:
    """Return everything that is wrong with what is entered, without a look at the machine or at the worker itself.

    Args:
        form: The form.
        values: What is entered.
    """
    known = {name: value for name, value in values.items() if name in form.by_name()}
    reading = Reading(form, known)
    found = [
        FieldProblem(field="", path=name, message="is not a field of this form", nearest=nearest(name, reading.fields))
        for name in values
        if name not in known
    ]
    found += [*_unreadable(reading), *worker_problems(known, reading.sent())]
    faulty = {problem.field for problem in found if problem.field}
    config = base_config(form, known)
    shown = [reading.fields[name] for name in reading.fields if reading.applies(name)]
    rest = [] if REST in faulty else check_values(_WHOLE, {REST: rest_of(known)})
    for problem in [*_config_problems(form, config), *rest]:
        field = REST if problem in rest else _field_of(problem.path, shown, rest_of(known))
        if field not in faulty or field == "":
            found.append(_of(problem, field))
    found += [
        FieldProblem(
            field=REST, path=_path(field), message=f"has a field of its own: {field.label}", allowed="enter it there"
        )
        for field in misplaced(form, known)
    ]
    return [*found, *_blocked(rest_of(known), [field.path for field in shown if field.name in known])]


def summary(found: Sequence[FieldProblem], runs: int) -> str:
    """Return in a sentence what is wrong with a form, or what it starts; nothing if that is a single run.

    Args:
        found: Its problems; those of no field are quoted, since they stand nowhere else.
        runs: How many runs it starts.
    """
    general = [f"{problem.path}: {problem.message}" for problem in found if not problem.field]
    if found:
        return "; ".join(general) or f"{len(found)} {'field needs' if len(found) == 1 else 'fields need'} attention"
    return f"starts {runs} runs, one for each seed" if runs > 1 else ""


def _unreadable(reading: Reading) -> Iterator[FieldProblem]:
    """Yield a problem for each text that is not what its field takes."""
    for name, value in reading.sent().items():
        field = reading.fields[name]
        if not isinstance(value, str):
            continue
        if name == SEEDS:
            yield from _seeds_problem(field, value)
        elif field.kind in ("number", "integer") and not value.strip():
            yield FieldProblem(field=name, path=_path(field), message="is empty", allowed=describe(field.schema))
        elif field.kind == "json" and "string" not in json_types(field.schema) and json_types(field.schema):
            yield FieldProblem(field=name, path=_path(field), message=_json_fault(value), allowed="JSON")


def _blocked(rest: Any, paths: Iterable[list[str]]) -> Iterator[FieldProblem]:
    """Yield a problem for each part of ``rest`` that is not an object, though something is placed into it."""
    reported = set()
    for path in ([*CONFIG_PATH[:2], ""], *paths):
        place, where = rest, ""
        for name in path[:-1]:
            place = place.get(name) if isinstance(place, dict) else None
            where = join_path(where, name)
            if place is not None and not isinstance(place, dict) and where not in reported:
                reported.add(where)
                yield FieldProblem(field=REST, path=where, message="is not an object", allowed="an object")


def _seeds_problem(field: Field, value: str) -> Iterator[FieldProblem]:
    try:
        seeds = read_seeds(value)
    except ValueError as error:
        yield FieldProblem(
            field=field.name, path=_path(field), message=f"is not a list of seeds: {error}", allowed="like 1-5 or 1,4,9"
        )
        return
    if field.maximum is not None and max(seeds) > field.maximum:
        yield FieldProblem(
            field=field.name, path=_path(field), message=f"has {max(seeds)}", allowed=f"at most {field.maximum}"
        )


def _config_problems(form: FormSpec, config: dict[str, Any]) -> list[Problem]:
    """Return what is wrong with a run config, as the command line and the daemon find it."""
    _, found = read_run_config(_with_variables(config), form.by_name()["executor"].choices)
    worker = config["metadata"]["worker"]
    name = worker.get("worker_id")
    if isinstance(name, str) and not same_kind(name, form.worker):
        found.append(Problem("metadata.worker.worker_id", f"is {name!r}", value=name, allowed=form.worker))
    settings = worker.get("config", {})
    if not isinstance(settings, dict):
        return found
    record = _record(form)
    wrong = check_worker_config(record, settings)
    if not wrong:
        wrong = _ability_problems(form, record, config, settings)
    reported = {problem.path for problem in found}
    return found + [problem for problem in wrong if problem.path not in reported]


def _with_variables(config: dict[str, Any]) -> dict[str, Any]:
    """Return a run config with a variable for each secret that the environment of its submitter is to have."""
    names, environment = config.get("secrets"), config.get("environment", {})
    if not isinstance(names, list) or not isinstance(environment, dict):
        return dict(config)
    added = {name: "" for name in names if isinstance(name, str) and name and not set(name) & set("=\0")}
    return {**config, "environment": {**added, **environment}}


def _ability_problems(
    form: FormSpec, record: WorkerRecord, config: dict[str, Any], settings: dict[str, Any]
) -> list[Problem]:
    gpus = config.get("resources")
    for key in ("gpus", "requested"):
        gpus = gpus.get(key) if isinstance(gpus, dict) else None
    found = ability_problems(record, settings, gpus if type(gpus) is int else None, _CONFIG)
    note = form.environment
    for name in ENVIRONMENT_FIELDS:
        env_id = settings.get(name, record.properties.get(name, {}).get("default"))
        if note is not None and env_id == note.env_id:
            facts = EnvironmentFacts(
                families=note.families, actions=note.actions, observations=note.observations, agents=note.agents
            )
            found += environment_problems(record, env_id, join_path(_CONFIG, name), facts)
    return found


def _record(form: FormSpec) -> WorkerRecord:
    """Return a worker's record with what a form keeps of it."""
    fields = [field for field in form.fields() if field.name.startswith(PREFIX)]
    properties = {field.name.removeprefix(PREFIX): _with_default(field) for field in fields}
    by_name = form.by_name()
    if SEEDS in by_name:
        properties["seed"] = {**by_name[SEEDS].schema, "minimum": 0, "maximum": by_name[SEEDS].maximum}
    unknown = CONFIG_PATH[-1] in by_name
    schema = {
        "type": "object",
        "properties": properties,
        "required": [field.name.removeprefix(PREFIX) for field in fields if field.required],
        "additionalProperties": not form.closed,
    }
    return WorkerRecord(
        name=form.worker,
        entry_point="",
        distribution="",
        version="",
        python="",
        capabilities=form.capabilities,
        schema=None if unknown else schema,
    )


def _with_default(field: Field) -> dict[str, Any]:
    return field.schema if field.default is UNSET else {**field.schema, "default": field.default}


def _field_of(path: str, fields: Iterable[Field], rest: Any) -> str:
    """Return the name of the field that a path of the run config belongs to; empty if it belongs to none."""
    best = ""
    length = 0
    for field in fields:
        own = _path(field)
        if own and len(own) > length and (path == own or path.startswith((own + ".", own + "["))):
            best, length = field.name, len(own)
    if best:
        return best
    place: Any = rest
    for name in path.replace("[", ".[").split("."):
        if not isinstance(place, dict) or name not in place:
            return REST if place is not rest and not isinstance(place, dict) else ""
        place = place[name]
    return REST


def _of(problem: Problem, field: str) -> FieldProblem:
    return FieldProblem(
        field=field, path=problem.path, message=problem.message, allowed=problem.allowed, nearest=problem.nearest
    )


def _json_fault(text: str) -> str:
    try:
        json.loads(text)
    except RecursionError:
        return "is nested too deeply"
    except ValueError as error:
        return f"is not JSON: {error}"
    return "is text in quotes"


def _path(field: Field) -> str:
    path = ""
    for name in field.path:
        path = join_path(path, name)
    return path


def field_of_error(form: FormSpec, error: MosaicError) -> str:
    """Return the name of the first field that an error of the daemon is about; empty: none.

    Args:
        form: The form.
        error: Why the daemon refused what the form makes.
    """
    names = {".".join(field.path): field.name for field in form.fields()}
    found = error.problems if isinstance(error, ConfigError) else []
    return next((names[problem.path] for problem in found if problem.path in names), "")


def first_problems(found: Iterable[FieldProblem]) -> dict[str, FieldProblem]:
    """Return the first problem of each field, by its name."""
    return {problem.field: problem for problem in reversed(list(found))}
