"""Checks of configs before a run.

``run_<worker>_dry_run`` exists for every installed worker: ``run_cleanrl_dry_run(config)`` returns the problems that
the worker reports for its config. :func:`validate_agent_train_form` checks what a form gives; it starts
nothing.
"""

from __future__ import annotations

import contextlib
import re
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gym_gui.core.worker.errors import Problem

_NAME = re.compile(r"run_(\w+)_dry_run")


def run_named_dry_run(worker: str, config: dict[str, Any], timeout_s: float | None = None) -> list[Problem]:
    """Start a worker of the current environment with ``--dry-run``.

    Args:
        worker: Its name, in any spelling.
        config: Its settings.
        timeout_s: Seconds until it is stopped; the default limit if ``None``.

    Raises:
        UsageError: There is no such worker.
    """
    from gym_gui.config.paths import mosaic_home
    from gym_gui.workers import DRY_RUN_TIMEOUT_S, WorkerCatalog, run_dry_run

    record = WorkerCatalog(mosaic_home()).get(worker)
    return run_dry_run(record, config, DRY_RUN_TIMEOUT_S if timeout_s is None else timeout_s)


def validate_agent_train_form(config: dict[str, Any]) -> list[Problem]:
    """Return everything that is wrong with the run config of a form: the shape, the worker id, the worker's settings.

    Args:
        config: As ``get_config()`` of a form returns it.

    Returns:
        The problems, none if it can be started; no worker is.
    """
    from gym_gui.config.paths import mosaic_home
    from gym_gui.core.worker.errors import UsageError
    from gym_gui.runs import read_run_config
    from gym_gui.workers import WorkerCatalog, check_worker_config, resolve_workers

    model, problems = read_run_config(config)
    catalog = WorkerCatalog(mosaic_home())
    wrong: list[Problem] = []
    if model is not None:
        _, wrong = resolve_workers(model, catalog)
    else:  # what is wrong elsewhere hides nothing of what is wrong with the settings
        with contextlib.suppress(KeyError, TypeError, AttributeError, UsageError):
            worker = config["metadata"]["worker"]
            wrong = check_worker_config(catalog.get(worker["worker_id"]), worker.get("config", {}))
    reported = {problem.path for problem in problems}
    return problems + [problem for problem in wrong if problem.path not in reported]


def __getattr__(name: str) -> Any:
    match = _NAME.fullmatch(name)
    if match is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return partial(run_named_dry_run, match[1])
