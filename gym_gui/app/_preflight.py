"""Everything about a run config that can be checked before the daemon hears of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gym_gui.core.worker.errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from gym_gui.runs import TrainRunConfig
    from gym_gui.workers import ResolvedKind, WorkerCatalog


def preflight(
    catalog: WorkerCatalog,
    payload: dict[str, Any],
    *,
    dry_run: bool,
    settings_checked: bool = False,
    on_output: Callable[[str], None] = lambda _: None,
) -> tuple[TrainRunConfig | None, list[Problem]]:
    """Return a run config, ``None`` if anything is wrong with it, and every problem, those of its workers included.

    Args:
        catalog: The workers of this machine.
        payload: The run config.
        dry_run: Also start each worker that has ``--dry-run`` with its config, in a scratch folder.
        settings_checked: The workers' settings were compared with their schemas already.
        on_output: Called with each line that a dry run printed, without secrets.
    """
    from gym_gui.trainer import check_run_config
    from gym_gui.workers import declared_secrets, run_dry_run

    kinds: dict[str, ResolvedKind] = {}
    config, problems = check_run_config(
        payload, lambda config: kinds.update(_resolve_workers(catalog, config, settings_checked=settings_checked))
    )
    if config is None:
        return None, problems
    config = config.with_secrets(declared_secrets(kinds))
    if not dry_run:
        return config, problems
    secrets = config.secrets
    commands = {request.path for request in config.workers if request.command is not None}
    for path, kind in kinds.items():
        if kind.record is not None and path not in commands:
            found = run_dry_run(
                kind.record,
                kind.settings,
                environment=config.environment,
                base=config.base_variables(),
                cpus=config.resources.cpus,
                on_output=lambda line: on_output(secrets.hide_text(line)),
            )
            problems += [_placed(problem, path) for problem in found]
    problems = [config.secrets.hide_problem(problem) for problem in problems]
    return None if problems else config, problems


def _resolve_workers(
    catalog: WorkerCatalog, config: TrainRunConfig, *, settings_checked: bool
) -> dict[str, ResolvedKind]:
    """Return the workers of a run config; raise ``ConfigError`` with all that is wrong with them."""
    from gym_gui.runs import argument_problems, missing_secrets
    from gym_gui.workers import declared_secrets, resolve_workers

    kinds, problems = resolve_workers(config, catalog, settings_checked=settings_checked)
    problems += missing_secrets(
        config.environment,
        {
            "base_environment": config.base_environment or {},
            **{f"{request.path}.config": request.config for request in config.workers},
        },
    )
    config = config.with_secrets(declared_secrets(kinds))
    problems += argument_problems(config.payload, config.secrets)
    if problems:
        raise ConfigError("the run config is not valid", [config.secrets.hide_problem(one) for one in problems])
    return kinds


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
