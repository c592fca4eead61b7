"""Resolves the workers of a run config, and checks that each can do what is asked of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gym_gui.core.worker.errors import Problem, UsageError
from gym_gui.runs import TrainRunConfig, WorkerRequest, join_path
from gym_gui.workers.abilities import (
    ability_problems,
    command_line_problem,
    environment_problems,
    is_decisive,
    pettingzoo_only,
    unknown_environment,
    wants_facts,
)
from gym_gui.workers.catalog import WorkerCatalog
from gym_gui.workers.config import ENVIRONMENT_FIELDS, STEPS_FIELDS, check_worker_config
from gym_gui.workers.dry_run import run_dry_run
from gym_gui.workers.record import WorkerRecord

#: The client waits meanwhile.
_DRY_RUN_TIMEOUT_S = 20.0


@dataclass(frozen=True)
class ResolvedKind:
    """What all replicas of one entry share.

    Args:
        record: The worker; ``None`` for a bare command of no known kind.
        module: What ``python -m`` starts, empty for a bare command.
        settings: The worker's settings, with the steps that the schedule leaves.
        flags: Options that it takes.
    """

    record: WorkerRecord | None
    module: str
    settings: dict[str, Any]
    flags: list[str]


def resolve_workers(
    config: TrainRunConfig, catalog: WorkerCatalog, *, settings_checked: bool = False
) -> tuple[dict[str, ResolvedKind], list[Problem]]:
    """Return what each entry of a run config names, by the entry's path, and everything that is wrong with any.

    Args:
        config: The run config.
        catalog: The workers that exist.
        settings_checked: The settings were compared with their workers' schemas already.
    """
    catalog = catalog.within(config.variables())
    kinds: dict[str, ResolvedKind] = {}
    problems: list[Problem] = []
    for request in config.workers:
        if request.path not in kinds:
            kinds[request.path] = _resolve(config, request, catalog, problems, settings_checked)
    return kinds, problems


def declared_secrets(kinds: Mapping[str, ResolvedKind]) -> list[str]:
    """Return the names of the settings that the workers of a run declare secret."""
    return sorted({name for kind in kinds.values() if kind.record for name in kind.record.secret_fields})


def _resolve(
    config: TrainRunConfig,
    request: WorkerRequest,
    catalog: WorkerCatalog,
    problems: list[Problem],
    settings_checked: bool,
) -> ResolvedKind:
    record = _record_of(request, catalog, problems)
    module = request.module or (record.module if record else "")
    settings = dict(request.config)
    if record is None or record.broken:
        return ResolvedKind(record, module, settings, [])
    if request.command is None and not module:
        problems.append(
            Problem(
                join_path(request.path, "module"),
                f"is missing, and the package of {record.name} has no module called cli",
                allowed="the module that `python -m` is to start, e.g. my_worker.main",
            )
        )
    flags = catalog.flags(record, module) if module and request.command is None else []
    undriven = command_line_problem(record, module, flags, join_path(request.path, "worker_id"))
    if undriven is not None:
        problems.append(undriven)
        return ResolvedKind(record, module, settings, flags)
    settings |= _limited_steps(config, record, request, problems)
    wrong = [] if settings_checked else check_worker_config(record, settings, join_path(request.path, "config"))
    problems += wrong
    if not wrong and request.command is None:
        problems += _unsuitable(config, request, record, settings, catalog)
    if request.command is not None:
        named = "-m" in request.command and record.module in request.command
        return ResolvedKind(record, module, settings, record.flags if named else [])
    return ResolvedKind(record, module, settings, flags)


def _record_of(request: WorkerRequest, catalog: WorkerCatalog, problems: list[Problem]) -> WorkerRecord | None:
    """Return the worker that a request names; a bare command needs none."""
    try:
        record = catalog.get(_known_name(request, catalog))
    except UsageError as error:
        if request.command is None:
            path = join_path(request.path, "worker_id")
            # MOSAIC includes it, or one of nearly that name.
            allowed = f"after: {error.next_step}" if error.next_step.startswith("mosaic workers") else error.why
            problems.append(Problem(path, error.what, value=request.worker_type, allowed=allowed))
        return None
    if record.broken and request.command is None:
        path = join_path(request.path, "worker_id")
        message = f"{record.name} is broken: {record.broken}"
        problems.append(
            Problem(path, message, value=record.name, allowed=f"after: {record.mend}" if record.mend else "")
        )
    return record


def _known_name(request: WorkerRequest, catalog: WorkerCatalog) -> str:
    """Return the kind, or the worker whose package the module belongs to where the kind came from the module."""
    if request.module and request.worker_type == request.module.partition(".")[0]:
        return catalog.find_package(request.module) or request.worker_type
    return request.worker_type


def _limited_steps(
    config: TrainRunConfig, record: WorkerRecord, request: WorkerRequest, problems: list[Problem]
) -> dict[str, Any]:
    """Return the steps that ``schedule.max_steps`` leaves to a worker, by the name of its own field."""
    limit = config.schedule.max_steps
    if limit is None:
        return {}
    name = next((name for name in STEPS_FIELDS if record.has_field(name)), None)
    if name is None:
        message = f"cannot be kept: {record.name} has no field {' or '.join(STEPS_FIELDS)}"
        problems.append(Problem("schedule.max_steps", message, value=limit, allowed="leave it out"))
        return {}
    steps = request.config.get(name, record.properties[name].get("default"))
    is_number = isinstance(steps, (int, float)) and not isinstance(steps, bool)
    return {name: limit} if not is_number or steps > limit else {}


def _unsuitable(
    config: TrainRunConfig,
    request: WorkerRequest,
    record: WorkerRecord,
    settings: dict[str, Any],
    catalog: WorkerCatalog,
) -> list[Problem]:
    """Return what a valid config needs and its worker cannot do, each with the capability that is missing.

    Its environment is inspected in the worker's own interpreter, once for each state of its packages. One that no
    registry names is left to the worker's own ``--dry-run``, since a worker may bring environments of its own.

    Args:
        config: The run config.
        request: The entry in it.
        record: The worker that it names.
        settings: The worker's settings.
        catalog: The workers that exist.
    """
    path = join_path(request.path, "config")
    problems = ability_problems(record, settings, config.resources.gpus.requested, path)
    name = next((name for name in ENVIRONMENT_FIELDS if record.has_field(name)), None)
    env_id = settings.get(name, record.properties[name].get("default")) if name else None
    if name is None or not isinstance(env_id, str) or not env_id or not wants_facts(record):
        return problems
    given = settings.get("env_kwargs")
    kwargs = given if isinstance(given, dict) else {}
    facts = pettingzoo_only(record, env_id) or catalog.environment_facts(record, env_id, kwargs, config.variables())
    if facts.known is not False:
        return problems + environment_problems(record, env_id, join_path(path, name), facts)
    if not is_decisive(record):
        return problems
    if "--dry-run" in record.flags and not problems:
        found = run_dry_run(
            record,
            settings,
            _DRY_RUN_TIMEOUT_S,
            environment=config.environment,
            base=config.base_variables(),
            cpus=config.resources.cpus,
        )
        if not found:
            catalog.trust_environment(record, env_id, kwargs, config.variables())
            return problems
        if any(problem.path == name for problem in found):
            return [_placed(problem, path) for problem in found]
    return [*problems, unknown_environment(record, env_id, join_path(path, name), facts)]


def _placed(problem: Problem, path: str) -> Problem:
    """Return a worker's own finding with the place of its config before its field."""
    where = join_path(path, problem.path) if problem.path else path
    return Problem(where, problem.message, value=problem.value, allowed=problem.allowed, nearest=problem.nearest)
