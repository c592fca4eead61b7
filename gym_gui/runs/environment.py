"""The environment variables that a run config may set."""

from __future__ import annotations

from typing import Any

from gym_gui.core.worker.errors import Problem

#: Set for every worker by MOSAIC itself.
OWN_VARIABLES = (
    "MOSAIC_RUN_ID",
    "WORKER_ID",
    "MOSAIC_WORKER_TYPE",
    "MOSAIC_RUN_DIR",
    "MOSAIC_LOG",
    "MOSAIC_SEED",
    "MOSAIC_ATTEMPT",
    "MOSAIC_HOME",
    "MOSAIC_SECRETS",
)
#: Of those, the ones that clients write to name the run or its worker.
_CLIENT_MAY_NAME = ("MOSAIC_RUN_ID", "WORKER_ID")


def environment_problems(environment: Any, place: str = "environment") -> list[Problem]:
    """Return problems of variables: impossible ones, and those that MOSAIC sets itself.

    Args:
        environment: The variables.
        place: Their path in the run config.
    """
    problems = []
    for name, value in environment.items() if isinstance(environment, dict) else ():
        path = f"{place}.{name}"
        if not name or "=" in name or "\0" in name:
            problems.append(Problem(path, f"{name!r} cannot name a variable", allowed="a name without = and NUL"))
        elif name in OWN_VARIABLES and name not in _CLIENT_MAY_NAME:
            problems.append(Problem(path, "is set by MOSAIC itself", value=value, allowed="leave it out"))
        elif isinstance(value, str) and "\0" in value:
            problems.append(Problem(path, "has a NUL character", value=value, allowed="text without NUL"))
    return problems
