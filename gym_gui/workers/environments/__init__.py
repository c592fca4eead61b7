"""Python environments of workers: one a worker, built beside the one in use and swapped in when it works."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gym_gui.core.lazy_names import lazy_names

if TYPE_CHECKING:
    from gym_gui.workers.environments.additions import read_additions
    from gym_gui.workers.environments.bundle import EnvironmentOrder, NoBundleError, bundle_path, make_bundle
    from gym_gui.workers.environments.layout import EnvironmentFolder, environment_names
    from gym_gui.workers.environments.record import WorkerEnvironment, load_environment
    from gym_gui.workers.environments.remove import find_environment, remove_worker
    from gym_gui.workers.environments.requirements import Requirement, requirements_of
    from gym_gui.workers.environments.source import (
        AvailableProject,
        available_projects,
        find_source,
        installable_projects,
        known_projects,
    )
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "AvailableProject": "source",
            "EnvironmentFolder": "layout",
            "EnvironmentOrder": "bundle",
            "NoBundleError": "bundle",
            "Requirement": "requirements",
            "WorkerEnvironment": "record",
            "available_projects": "source",
            "bundle_path": "bundle",
            "environment_names": "layout",
            "find_environment": "remove",
            "find_source": "source",
            "installable_projects": "source",
            "known_projects": "source",
            "load_environment": "record",
            "make_bundle": "bundle",
            "read_additions": "additions",
            "remove_worker": "remove",
            "requirements_of": "requirements",
        },
    )

__all__ = [
    "AvailableProject",
    "EnvironmentFolder",
    "EnvironmentOrder",
    "NoBundleError",
    "Requirement",
    "WorkerEnvironment",
    "available_projects",
    "bundle_path",
    "environment_names",
    "find_environment",
    "find_source",
    "installable_projects",
    "known_projects",
    "load_environment",
    "make_bundle",
    "read_additions",
    "remove_worker",
    "requirements_of",
]
