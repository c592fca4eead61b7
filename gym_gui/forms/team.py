"""Several workers of one run that differ in nothing but their ids and seeds."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import Any

from gym_gui.forms.run_fields import SEEDS, WORKER_IDS, WORKER_SEEDS
from gym_gui.forms.spec import FieldProblem, Values
from gym_gui.runs import MAX_WORKERS, read_seeds, worker_id_problem

#: Fields that are about a single worker, or about workers without ids.
_OTHERS = ("worker_id", "replicas")


def worker_entries(part: dict[str, Any], ids: Sequence[str], seeds: Sequence[int] = ()) -> dict[str, Any]:
    """Return what ``metadata`` has of a run with one worker for each id.

    Args:
        part: The entry of one worker; not changed.
        ids: Their ids; none: the entry is as it is.
        seeds: Their seeds; none: the first has the entry's, and those of the others are made of it.
    """
    entries = []
    for at, worker_id in enumerate(ids):
        entry = copy.deepcopy(part)
        config = entry["config"] = {**_dict(entry.get("config")), "worker_id": worker_id}
        if seeds:
            config["seed"] = seeds[at % len(seeds)]
        elif at:
            config.pop("seed", None)
        entries.append(entry)
    return {"workers": entries} if len(entries) > 1 else {"worker": entries[0] if entries else part}


def with_workers(config: dict[str, Any], sent: Values) -> dict[str, Any]:
    """Return a run config with an entry for each worker that a form names.

    Args:
        config: The config with one worker; not changed.
        sent: What the form sends, read.
    """
    metadata = dict(config["metadata"])
    worker = metadata.pop("worker")
    return {**config, "metadata": {**metadata, **worker_entries(worker, worker_ids(sent), _seeds(sent))}}


def without_workers(config: dict[str, Any]) -> tuple[dict[str, Any], Values]:
    """Return a run config with one worker in place of several that differ in nothing but ids and seeds.

    Args:
        config: A run config; not changed.

    Returns:
        The config, and what a form holds for the workers; the config as it is and nothing where they differ in more.
    """
    metadata = _dict(config.get("metadata"))
    workers = None if metadata.get("worker") is not None else metadata.get("workers")
    if not isinstance(workers, list) or len(workers) < 2 or not all(isinstance(each, dict) for each in workers):
        return config, {}
    settings = [dict(_dict(each.get("config"))) for each in workers]
    ids, seeds = ([each.pop(name, None) for each in settings] for name in ("worker_id", "seed"))
    parts = [
        {**{name: value for name, value in worker.items() if name != "config"}, **({"config": own} if own else {})}
        for worker, own in zip(workers, settings, strict=True)
    ]
    common = all(seed is None for seed in seeds[1:])
    distinct = all(type(seed) is int for seed in seeds) and len(set(seeds)) == len(seeds)
    named = all(isinstance(worker_id, str) for worker_id in ids)
    if any(part != parts[0] for part in parts) or not named or not (common or distinct):
        return config, {}
    if common and seeds[0] is not None:
        parts[0]["config"] = {**settings[0], "seed": seeds[0]}
    others = {name: value for name, value in metadata.items() if name != "workers"}
    values: Values = {WORKER_IDS: ids}
    if not common:
        values[WORKER_SEEDS] = ",".join(map(str, seeds))
    return {**config, "metadata": {**others, "worker": parts[0]}}, values


def worker_problems(values: Values, sent: Values) -> Iterator[FieldProblem]:
    """Yield what is wrong with the workers that a form names.

    Args:
        values: What is entered.
        sent: The same, read.
    """
    ids = worker_ids(sent)
    for worker_id in ids:
        problem = worker_id_problem(worker_id)
        if problem is not None:
            yield FieldProblem(field=WORKER_IDS, path="", message=problem.message, allowed=problem.allowed)
            return
    if len(set(ids)) < len(ids):
        yield FieldProblem(field=WORKER_IDS, path="", message="has an id twice", allowed="unique ids")
    if len(ids) > MAX_WORKERS:
        yield FieldProblem(
            field=WORKER_IDS, path="", message=f"has {len(ids)} ids", allowed=f"at most {MAX_WORKERS} workers in a run"
        )
    for name in _OTHERS:
        if ids and sent.get(name) is not None:
            yield FieldProblem(field=name, path="", message="is given together with worker ids", allowed="one of both")
    if sent.get(WORKER_SEEDS) is None:
        return
    seeds = _seeds(sent)
    if not seeds or len(seeds) != len(ids):
        count = "one for each worker id" if not ids else f"{len(ids)}, one for each worker id"
        yield FieldProblem(field=WORKER_SEEDS, path="", message=f"has {len(seeds)} seeds", allowed=count)
    elif values.get(SEEDS) is not None:
        yield FieldProblem(field=SEEDS, path="", message="is given together with worker seeds", allowed="one of both")


def worker_ids(sent: Values) -> list[Any]:
    """Return the ids of the workers that a form names.

    Args:
        sent: What the form sends, read.
    """
    found = sent.get(WORKER_IDS)
    return found if isinstance(found, list) else [] if found is None else [found]


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _seeds(sent: Values) -> list[int]:
    """Return the seeds of the workers; none where they cannot be read."""
    found = sent.get(WORKER_SEEDS)
    try:
        return [] if found is None else read_seeds(str(found))
    except ValueError:
        return []
