"""From a form's values to a run config, and back."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from typing import Any

from gym_gui.core.worker.errors import ConfigError, Problem
from gym_gui.forms.fields import CONFIG_PATH
from gym_gui.forms.naming import default_run_name
from gym_gui.forms.run_fields import GPUS, MODULE, REST, SEEDS
from gym_gui.forms.spec import Field, FormSpec, Values
from gym_gui.forms.team import with_workers, without_workers
from gym_gui.forms.values import Reading, as_typed
from gym_gui.runs import read_seeds, same_kind

_WORKER = CONFIG_PATH[:2]
#: What :func:`_take` returns where there is nothing to take.
_NOTHING: Any = object()


def to_run_config(form: FormSpec, values: Values) -> dict[str, Any]:
    """Return the run config that a form's values make.

    Untouched fields and those that do not apply are left out. Null stays null, and text that is not what its field
    takes stays text: :func:`~gym_gui.forms.problems` says so. Of several seeds the first counts.

    Args:
        form: The form.
        values: What is entered.
    """
    return to_run_configs(form, values)[0]


def base_config(form: FormSpec, values: Values) -> dict[str, Any]:
    """Return the run config that a form's values make, with one worker in place of several that are named.

    Args:
        form: The form.
        values: What is entered.
    """
    sent = Reading(form, values).sent()
    return _make(form, {**sent, **_seeds(sent.get(SEEDS, _NOTHING))[0]})


def to_run_configs(form: FormSpec, values: Values) -> list[dict[str, Any]]:
    """Return the run configs that a form's values make: one for each seed, else one.

    Args:
        form: The form.
        values: What is entered.
    """
    sent = Reading(form, values).sent()
    return [with_workers(_make(form, {**sent, **seed}), sent) for seed in _seeds(sent.get(SEEDS, _NOTHING))]


def from_run_config(form: FormSpec, config: dict[str, Any]) -> Values:
    """Return the values with which a form makes a run config.

    What has no field of its own, or is set although its field does not apply, is in the field ``rest``.

    Args:
        form: The form.
        config: A run config with one worker, that of the form.

    Raises:
        ConfigError: It has several workers, another one, or none.
    """
    config, workers = without_workers(config)
    _check_worker(form, config)
    rest = copy.deepcopy(config)
    if rest["metadata"]["worker"]["worker_id"] == form.worker:
        _delete(rest, [*_WORKER, "worker_id"])
    values: Values = {**workers}
    fields = form.by_name()
    for name in sorted(fields, key=lambda name: -len(fields[name].path)):
        found = _take(rest, fields[name])
        if found is not _NOTHING:
            values[name] = as_typed(fields[name], found)
    if form.module and MODULE not in values:
        values[MODULE] = None
    elif values.get(MODULE) == form.module:
        values.pop(MODULE, None)
    reading = Reading(form, values)
    for name in [name for name in values if not reading.applies(name)]:
        _put(rest, fields[name].path, reading.given(name))
        del values[name]
    return {**values, REST: rest} if rest else values


def rest_of(values: Values) -> Any:
    """Return what is entered as further run config, read; text that is not JSON as it is.

    Args:
        values: What is entered.
    """
    rest = values.get(REST, {})
    if not isinstance(rest, str):
        return rest
    try:
        return json.loads(rest)
    except (ValueError, RecursionError):
        return rest


def misplaced(form: FormSpec, values: Values) -> list[Field]:
    """Return the fields that apply and whose value stands in ``rest``, where it would be overlooked.

    Args:
        form: The form.
        values: What is entered.
    """
    rest = rest_of(values)
    if not isinstance(rest, dict) or not rest:
        return []
    reading, scratch = Reading(form, values), copy.deepcopy(rest)
    applying = [field for name, field in reading.fields.items() if reading.applies(name)]
    return [field for field in applying if _take(scratch, field) is not _NOTHING]


def _make(form: FormSpec, sent: dict[str, Any]) -> dict[str, Any]:
    rest = rest_of(sent)
    config: dict[str, Any] = copy.deepcopy(rest) if isinstance(rest, dict) else {}
    worker = _place(config, _WORKER)
    worker.setdefault("worker_id", form.worker)
    module = sent.get(MODULE, form.module)
    if module:
        worker["module"] = module
    fields = form.by_name()
    for name in sorted(sent, key=lambda name: len(fields[name].path)):
        value = sent[name]
        if name == GPUS and type(value) is int:
            value = {"requested": value, "mandatory": value > 0}
        if name != MODULE and fields[name].path:
            _put(config, fields[name].path, value)
    settings = worker.get("config")
    given = settings if isinstance(settings, dict) else {}
    seed = given.get("seed")
    config.setdefault("run_name", default_run_name(form.worker, given, seed if type(seed) is int else None))
    return config


def _check_worker(form: FormSpec, config: dict[str, Any]) -> None:
    """Raise ``ConfigError`` unless a run config has the form's worker, and only that."""
    metadata = config.get("metadata")
    worker = metadata.get("worker") if isinstance(metadata, dict) else None
    name = worker.get("worker_id") if isinstance(worker, dict) else None
    if isinstance(metadata, dict) and metadata.get("workers") is not None:
        problem = Problem("metadata.workers", "lists workers, and a form is for one", allowed="metadata.worker")
    elif not isinstance(name, str):
        problem = Problem("metadata.worker.worker_id", "is missing", allowed=form.worker)
    elif not same_kind(name, form.worker):
        problem = Problem("metadata.worker.worker_id", f"is {name!r}", value=name, allowed=form.worker)
    else:
        return
    raise ConfigError(
        f"the run config does not fit the form of {form.worker}",
        [problem],
        next_step="save it as a file, and start it: mosaic run FILE",
    )


def _seeds(given: Any) -> Sequence[dict[str, Any]]:
    """Return what each run has as its seed."""
    if given is _NOTHING:
        return [{}]
    if isinstance(given, str):
        try:
            return [{SEEDS: seed} for seed in read_seeds(given)]
        except ValueError:
            pass
    return [{SEEDS: given}]


def _take(config: dict[str, Any], field: Field) -> Any:
    """Remove a field's value from a run config and return it, :data:`_NOTHING` if the field can show none."""
    if not field.path:
        return _NOTHING
    place: Any = config
    for key in field.path[:-1]:
        place = place.get(key) if isinstance(place, dict) else None
    if not isinstance(place, dict) or field.path[-1] not in place:
        return _NOTHING
    value = place[field.path[-1]]
    if field.name == GPUS:
        count = value.get("requested") if isinstance(value, dict) else None
        if type(count) is not int or value != {"requested": count, "mandatory": count > 0}:
            return _NOTHING
        value = count
    if field.name == MODULE and not value:
        return _NOTHING
    _delete(config, field.path)
    return value


def _delete(config: dict[str, Any], path: Sequence[str]) -> None:
    """Remove a member, and what is empty without it."""
    places = [config]
    for key in path[:-1]:
        places.append(places[-1][key])
    for place, key in zip(reversed(places), reversed(path), strict=True):
        del place[key]
        if place:
            return


def _place(config: dict[str, Any], path: Sequence[str]) -> dict[str, Any]:
    """Return the object at a path, made if it is missing."""
    place = config
    for key in path:
        inner = place.get(key)
        if not isinstance(inner, dict):
            inner = place[key] = {}
        place = inner
    return place


def _put(config: dict[str, Any], path: Sequence[str], value: Any) -> None:
    _place(config, path[:-1])[path[-1]] = value
