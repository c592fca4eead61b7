"""Expands the workers of a run config: kinds, modules, replicas, instance ids."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from gym_gui.core.worker.errors import Problem
from gym_gui.runs.config_model import MAX_WORKERS
from gym_gui.runs.ids import generated_worker_id, is_worker_id, worker_id_problem
from gym_gui.runs.json_values import join_path
from gym_gui.runs.kinds import same_kind
from gym_gui.runs.seeds import SEED_MAX

COMMAND_TYPE = "command"
"""Kind of a worker that is a bare command."""


@dataclass(frozen=True)
class WorkerRequest:
    """One worker that a run config requests.

    Args:
        worker_type: The kind as the client wrote it; ``"command"`` for a bare command without one.
        module: The module for ``python -m``, if the config has one.
        worker_id: The instance.
        config: The worker's own settings as submitted, without the instance id and the run id.
        seed: The seed of this entry in the config, if any.
        first: Whether this is the first replica of its entry, which uses that seed unchanged.
        command: The whole command of a bare command worker, else ``None``.
        arguments: Arguments in addition to MOSAIC's own.
        path: The entry's path in the run config.
    """

    worker_type: str
    module: str | None
    worker_id: str
    config: dict[str, Any] = field(default_factory=dict)
    seed: int | None = None
    first: bool = True
    command: list[str] | None = None
    arguments: list[str] = field(default_factory=list)
    path: str = "metadata.worker"


@dataclass
class _Entry:
    path: str
    part: dict[str, Any]
    ids: list[str | None]

    @property
    def config(self) -> dict[str, Any]:
        return _dict(self.part.get("config"))


def expand_workers(payload: dict[str, Any]) -> tuple[list[WorkerRequest], list[Problem]]:
    """Return a run config's workers, one request each, and their problems.

    Fields of a wrong type are skipped here; the model reports them.

    Args:
        payload: Plain JSON of the run config.
    """
    problems: list[Problem] = []
    entries = _entries(payload, problems)
    count = sum(len(entry.ids) for entry in entries)
    if count > MAX_WORKERS:
        if any(len(entry.ids) > MAX_WORKERS for entry in entries):
            return [], problems  # the model reports it for the entry itself
        problems.append(
            Problem(
                "metadata", f"requests {count} workers", value=count, allowed=f"at most {MAX_WORKERS} workers in a run"
            )
        )
        return [], problems
    _take_instance_ids(payload, entries, count, problems)
    requests = [
        request
        for entry, ids in zip(entries, _generate_ids(entries), strict=True)
        for request in _requests(payload, entry, ids, problems)
    ]
    _check_ui_kind(payload, requests, problems)
    return requests, problems


def _entries(payload: dict[str, Any], problems: list[Problem]) -> list[_Entry]:
    metadata = _dict(payload.get("metadata"))
    worker, workers = metadata.get("worker"), metadata.get("workers")
    if worker is not None and workers is not None:
        problems.append(
            Problem(
                "metadata.workers",
                "is given together with metadata.worker",
                allowed="either metadata.worker or metadata.workers",
            )
        )
    if isinstance(workers, list) and worker is None:
        return [
            _entry(f"metadata.workers[{index}]", part) for index, part in enumerate(workers) if isinstance(part, dict)
        ]
    return [_entry("metadata.worker", _dict(worker))]


def _entry(path: str, part: dict[str, Any]) -> _Entry:
    replicas = part.get("replicas", 1)
    whole = isinstance(replicas, (int, float)) and not isinstance(replicas, bool) and replicas == int(replicas)
    count = int(replicas) if whole and replicas >= 1 else 1
    return _Entry(path, part, [None] * min(count, MAX_WORKERS + 1))


def _take_instance_ids(payload: dict[str, Any], entries: list[_Entry], count: int, problems: list[Problem]) -> None:
    """Collect the client's instance ids, and compare different places for one worker."""
    common = list(_common_places(payload))
    for entry in entries:
        places = [(join_path(entry.path, "config.worker_id"), entry.config.get("worker_id"))] + (
            common if count == 1 else []
        )
        given = [(path, value) for path, value in places if value is not None]
        problems += [problem for path, value in given if (problem := worker_id_problem(value, path))]
        chosen = [(path, value) for path, value in given if is_worker_id(value)]
        for path, value in chosen[1:]:
            if value != chosen[0][1]:
                message = f"is {value!r}, but {chosen[0][0]} is {chosen[0][1]!r}"
                problems.append(Problem(path, message, value=value, allowed="one id for one worker"))
        if chosen and len(entry.ids) > 1:
            message = f"names one worker, but {entry.path}.replicas requests {len(entry.ids)}"
            problems.append(Problem(chosen[0][0], message, value=chosen[0][1], allowed="no id together with replicas"))
        elif chosen:
            entry.ids[0] = chosen[0][1]
    if count > 1:
        for path, value in common:
            problems.append(
                Problem(
                    path, f"names one worker, but the run has {count}", value=value, allowed="config.worker_id of each"
                )
            )
    seen: dict[str, str] = {}
    for entry in entries:
        for worker_id in entry.ids:
            path = join_path(entry.path, "config.worker_id")
            if worker_id is not None and worker_id in seen:
                problems.append(
                    Problem(path, f"is {worker_id!r}, as {seen[worker_id]}", value=worker_id, allowed="unique ids")
                )
            elif worker_id is not None:
                seen[worker_id] = path


def _common_places(payload: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the places outside a worker's entry that name a run's only worker."""
    ui = _dict(_dict(payload.get("metadata")).get("ui"))
    ui_only = _dict(_dict(ui.get("path_config")).get("ui_only"))
    for path, value in (
        ("metadata.ui.path_config.ui_only.worker_id", ui_only.get("worker_id")),
        ("environment.WORKER_ID", _dict(payload.get("environment")).get("WORKER_ID")),
        ("arguments (--worker-id)", _instance_id_in(payload.get("arguments"))),
    ):
        if value is not None:
            yield path, value


def _generate_ids(entries: list[_Entry]) -> list[list[str]]:
    """Return all instance ids: the client's, others generated from the worker's position."""
    taken = {worker_id for entry in entries for worker_id in entry.ids if worker_id is not None}
    after = sum(len(entry.ids) for entry in entries)
    all_ids: list[list[str]] = []
    position = 0
    for entry in entries:
        ids = []
        for worker_id in entry.ids:
            position += 1
            if worker_id is None:
                worker_id = generated_worker_id(position)
                while worker_id in taken:
                    after += 1
                    worker_id = generated_worker_id(after)
                taken.add(worker_id)
            ids.append(worker_id)
        all_ids.append(ids)
    return all_ids


def _requests(
    payload: dict[str, Any], entry: _Entry, ids: list[str], problems: list[Problem]
) -> Iterator[WorkerRequest]:
    seed = _seed(entry, problems)
    module = _text(entry.part.get("module"))
    entry_point = _text(payload.get("entry_point"))
    kind = _kind(payload, entry, module, bare=entry_point is not None)
    if kind is None and _is_readable(payload):
        problems.append(
            Problem(
                join_path(entry.path, "worker_id"),
                "is missing",
                allowed="a worker's kind as `mosaic workers list` shows it, "
                "a module, or a command in entry_point and arguments",
            )
        )
    if kind is None:
        return
    given = payload.get("arguments")
    arguments = [item for item in given if isinstance(item, str)] if isinstance(given, list) else []
    command = None
    if module is None and entry_point is not None:
        command, arguments = [entry_point, *arguments], []
    else:
        arguments, argument_problems = _module_arguments(arguments, module)
        problems += argument_problems
    config = {key: value for key, value in entry.config.items() if key not in ("worker_id", "run_id")}
    for number, worker_id in enumerate(ids):
        yield WorkerRequest(kind, module, worker_id, config, seed, number == 0, command, arguments, entry.path)


def _is_readable(payload: dict[str, Any]) -> bool:
    """Return whether the parts that name a worker have the right types."""
    metadata = payload.get("metadata", {})
    return isinstance(metadata, dict) and isinstance(metadata.get("worker") or {}, dict)


def _kind(payload: dict[str, Any], entry: _Entry, module: str | None, *, bare: bool) -> str | None:
    ui = _dict(_dict(payload.get("metadata")).get("ui"))
    kind = _text(entry.part.get("worker_id")) or _text(ui.get("worker_id"))
    if kind is None and module is not None:
        kind = module.partition(".")[0]
    return kind or (COMMAND_TYPE if bare else None)


def _seed(entry: _Entry, problems: list[Problem]) -> int | None:
    seed = entry.config.get("seed")
    if seed is None:
        return None
    whole = isinstance(seed, (int, float)) and not isinstance(seed, bool) and seed == int(seed)
    if whole and 0 <= seed <= SEED_MAX:
        return int(seed)
    path = join_path(entry.path, "config.seed")
    problem = Problem(path, f"is {seed!r}", value=seed, allowed=f"an integer from 0 to {SEED_MAX}, or null to draw one")
    problems.append(problem)
    return None


def _check_ui_kind(payload: dict[str, Any], requests: list[WorkerRequest], problems: list[Problem]) -> None:
    ui_kind = _dict(_dict(payload.get("metadata")).get("ui")).get("worker_id")
    if ui_kind is None:
        return
    path = "metadata.ui.worker_id"
    if not isinstance(ui_kind, str):
        problems.append(Problem(path, f"is {ui_kind!r}", value=ui_kind, allowed="text"))
    elif requests and not any(same_kind(ui_kind, request.worker_type) for request in requests):
        kinds = ", ".join(dict.fromkeys(request.worker_type for request in requests))
        problems.append(
            Problem(path, f"is {ui_kind!r}, but the run's workers are of {kinds}", value=ui_kind, allowed=kinds)
        )


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _module_arguments(arguments: list[str], module: str | None) -> tuple[list[str], list[Problem]]:
    """Return the worker's part of arguments written for ``python``, and problems.

    ``-m module`` and interpreter options before it are removed, since MOSAIC starts the module itself.

    Args:
        arguments: As submitted.
        module: The module in the config, if it has one.
    """
    problems = []
    rest = arguments
    if "-m" in arguments and all(item.startswith("-") for item in arguments[: arguments.index("-m")]):
        position = arguments.index("-m")
        started = arguments[position + 1 : position + 2]
        rest = arguments[position + 2 :]
        if module is not None and started != [module]:
            shown = started[0] if started else "nothing"
            problems.append(
                Problem(
                    "arguments", f"start {shown}, but the module is {module}", value=arguments, allowed=f"-m {module}"
                )
            )
    if any(item == "--config" or item.startswith("--config=") for item in rest):
        problems.append(
            Problem(
                "arguments",
                "contain --config, which MOSAIC adds itself",
                value=arguments,
                allowed="put settings into config",
            )
        )
    return rest, problems


def _instance_id_in(arguments: Any) -> str | None:
    """Return the value of ``--worker-id`` among arguments, or ``None``."""
    items = arguments if isinstance(arguments, list) else []
    for position, item in enumerate(items):
        if isinstance(item, str) and item.startswith("--worker-id="):
            return item.partition("=")[2]
        if item == "--worker-id" and position + 1 < len(items) and isinstance(items[position + 1], str):
            following: str = items[position + 1]
            return following
    return None
