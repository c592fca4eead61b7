"""Everything about a run config that can be checked before the daemon hears of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gym_gui.core.worker.errors import Problem, UsageError

if TYPE_CHECKING:
    from gym_gui.workers.catalog import WorkerCatalog
    from gym_gui.workers.record import WorkerRecord


def preflight(catalog: WorkerCatalog, payload: dict[str, Any], *, dry_run: bool) -> list[Problem]:
    """Return every fault of a run config.

    Args:
        catalog: The workers of this machine.
        payload: The run config.
        dry_run: Also start each worker that has ``--dry-run`` with its config, in a scratch folder.

    Raises:
        UsageError: A worker is unknown or broken.
    """
    from gym_gui.runs.config import run_config_problems, validate_train_run_config
    from gym_gui.runs.secret_values import missing_secrets
    from gym_gui.validations.dry_run import run_dry_run
    from gym_gui.workers.config import check_worker_config

    problems = run_config_problems(payload)
    if problems:
        return problems
    config = validate_train_run_config(payload)
    problems += missing_secrets(
        config.environment, {f"{request.path}.config": request.config for request in config.workers}
    )
    if problems:
        return problems
    checked: list[tuple[str, dict[str, Any]]] = []
    for request in config.workers:
        if request.command is not None or (request.path, request.config) in checked:
            continue
        checked.append((request.path, request.config))
        record = usable(catalog, request.worker_type)
        found = check_worker_config(record, request.config, f"{request.path}.config")
        if not found and dry_run:
            found = [_placed(problem, request.path) for problem in run_dry_run(record, request.config)]
        problems += found
    return [config.secrets.hide_problem(problem) for problem in problems]


def usable(catalog: WorkerCatalog, name: str) -> WorkerRecord:
    """Return a worker that can be started.

    Raises:
        UsageError: It is unknown (with the nearest name) or broken (with the reason and what mends it).
    """
    record = catalog.get(name)
    if record.broken:
        raise UsageError(
            f"worker {record.name} is broken",
            where=f"{record.distribution} {record.version} ({record.entry_point})",
            why=record.broken,
            next_step=record.mend or f"mosaic workers describe {record.name}",
        )
    return record


def _placed(problem: Problem, path: str) -> Problem:
    """Return a worker's own finding with the place in the run config put before its field."""
    if problem.path.startswith(path):
        return problem
    return Problem(
        f"{path}.config.{problem.path}" if problem.path else f"{path}.config",
        problem.message,
        value=problem.value,
        allowed=problem.allowed,
        nearest=problem.nearest,
    )
