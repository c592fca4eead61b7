"""Workers: which there are, what each takes, how they are installed and a run of them is planned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gym_gui.core.lazy_names import lazy_names

if TYPE_CHECKING:
    from gym_gui.workers.abilities import ability_problems, environment_problems
    from gym_gui.workers.catalog import INSTALL_ONE, WorkerCatalog
    from gym_gui.workers.config import (
        ALGORITHM_FIELDS,
        ENVIRONMENT_FIELDS,
        MANAGED_FIELDS,
        STEPS_FIELDS,
        check_worker_config,
        parse_settings,
        read_flags,
        read_settings,
        read_value,
        same_json,
        settings_error,
        write_value,
    )
    from gym_gui.workers.devices import can_use_gpu
    from gym_gui.workers.dry_run import DRY_RUN_TIMEOUT_S, run_dry_run
    from gym_gui.workers.environment_facts import EnvironmentFacts
    from gym_gui.workers.install import InstallOptions, InstallProgress, install_worker
    from gym_gui.workers.planning import PlannedRun, plan_run, write_run
    from gym_gui.workers.processes.run import ended_by_signals
    from gym_gui.workers.record import LOCAL_FIELDS, WorkerRecord
    from gym_gui.workers.resimulation import resimulate
    from gym_gui.workers.resolution import ResolvedKind, declared_secrets, resolve_workers
    from gym_gui.workers.versions import installed_versions
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "ALGORITHM_FIELDS": "config",
            "DRY_RUN_TIMEOUT_S": "dry_run",
            "ENVIRONMENT_FIELDS": "config",
            "EnvironmentFacts": "environment_facts",
            "INSTALL_ONE": "catalog",
            "InstallOptions": "install",
            "InstallProgress": "install",
            "LOCAL_FIELDS": "record",
            "MANAGED_FIELDS": "config",
            "PlannedRun": "planning",
            "ResolvedKind": "resolution",
            "STEPS_FIELDS": "config",
            "WorkerCatalog": "catalog",
            "WorkerRecord": "record",
            "ability_problems": "abilities",
            "can_use_gpu": "devices",
            "check_worker_config": "config",
            "declared_secrets": "resolution",
            "ended_by_signals": "processes.run",
            "environment_problems": "abilities",
            "install_worker": "install",
            "installed_versions": "versions",
            "parse_settings": "config",
            "plan_run": "planning",
            "read_flags": "config",
            "read_settings": "config",
            "read_value": "config",
            "resimulate": "resimulation",
            "resolve_workers": "resolution",
            "run_dry_run": "dry_run",
            "same_json": "config",
            "settings_error": "config",
            "write_run": "planning",
            "write_value": "config",
        },
    )

__all__ = [
    "ALGORITHM_FIELDS",
    "DRY_RUN_TIMEOUT_S",
    "ENVIRONMENT_FIELDS",
    "INSTALL_ONE",
    "LOCAL_FIELDS",
    "MANAGED_FIELDS",
    "STEPS_FIELDS",
    "EnvironmentFacts",
    "InstallOptions",
    "InstallProgress",
    "PlannedRun",
    "ResolvedKind",
    "WorkerCatalog",
    "WorkerRecord",
    "ability_problems",
    "can_use_gpu",
    "check_worker_config",
    "declared_secrets",
    "ended_by_signals",
    "environment_problems",
    "install_worker",
    "installed_versions",
    "parse_settings",
    "plan_run",
    "read_flags",
    "read_settings",
    "read_value",
    "resimulate",
    "resolve_workers",
    "run_dry_run",
    "same_json",
    "settings_error",
    "write_run",
    "write_value",
]
