"""Dry runs of workers, to check configs before a run.

``run_<worker>_dry_run`` exists for every installed worker: ``run_cleanrl_dry_run(config)`` returns the problems that
the worker reports for its config.
"""

from __future__ import annotations

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


def __getattr__(name: str) -> Any:
    match = _NAME.fullmatch(name)
    if match is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return partial(run_named_dry_run, match[1])
