"""Compares what a run config asks of a worker with what the worker can do, before anything is queued."""

from __future__ import annotations

from typing import Any

from gym_gui.core.worker.errors import Problem
from gym_gui.runs.config import TrainRunConfig, WorkerRequest
from gym_gui.runs.json_values import join
from gym_gui.workers.abilities import (
    config_problems,
    environment_problems,
    gpu_problem,
    is_decisive,
    pettingzoo_only,
    unknown_environment,
    wants_facts,
)
from gym_gui.workers.catalog import WorkerCatalog
from gym_gui.workers.config import ENVIRONMENT_FIELDS
from gym_gui.workers.dry_run import run_dry_run
from gym_gui.workers.record import WorkerRecord

#: Whoever submits waits meanwhile.
_DRY_RUN_TIMEOUT_S = 20.0


def unsuitable(
    config: TrainRunConfig,
    request: WorkerRequest,
    record: WorkerRecord,
    settings: dict[str, Any],
    catalog: WorkerCatalog,
) -> list[Problem]:
    """Return what a valid config asks for that its worker cannot do, each with the capability that is missing.

    Its environment is looked at in the worker's own interpreter, once for each state of its packages. One that no
    registry names is left to the worker's own ``--dry-run``, since a worker may bring environments of its own.

    Args:
        config: The run config.
        request: The entry in it.
        record: The worker that it names.
        settings: The worker's settings.
        catalog: The workers that exist.
    """
    path = join(request.path, "config")
    problems = config_problems(record, settings, path)
    lacking = gpu_problem(record, config.resources.gpus.requested)
    if lacking is not None:
        problems.append(lacking)
    name = next((name for name in ENVIRONMENT_FIELDS if record.has_field(name)), None)
    env_id = settings.get(name, record.properties[name].get("default")) if name else None
    if name is None or not isinstance(env_id, str) or not env_id or not wants_facts(record):
        return problems
    given = settings.get("env_kwargs")
    kwargs = given if isinstance(given, dict) else {}
    facts = pettingzoo_only(record, env_id) or catalog.environment_facts(record, env_id, kwargs, config.variables())
    if facts.known is not False:
        return problems + environment_problems(record, env_id, join(path, name), facts)
    if not is_decisive(record):
        return problems
    if "--dry-run" in record.flags and not problems:
        told = run_dry_run(
            record,
            settings,
            _DRY_RUN_TIMEOUT_S,
            environment=config.environment,
            base=config.base_variables(),
            cpus=config.resources.cpus,
        )
        if not told:
            catalog.trust_environment(record, env_id, kwargs, config.variables())
            return problems
        if any(problem.path == name for problem in told):
            return [_placed(problem, path) for problem in told]
    return [*problems, unknown_environment(record, env_id, join(path, name), facts)]


def _placed(problem: Problem, path: str) -> Problem:
    """Return a worker's own finding with the place of its config before its field."""
    where = join(path, problem.path) if problem.path else path
    return Problem(where, problem.message, value=problem.value, allowed=problem.allowed, nearest=problem.nearest)
