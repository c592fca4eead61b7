"""Turns a library's advice on a missing optional dependency into the command that helps the worker that lacks it."""

from __future__ import annotations

import re
import shlex

from gym_gui.core.worker.errors import Problem
from gym_gui.runs.kinds import kind_key
from gym_gui.workers.record import WorkerRecord

_ADVICE = re.compile(r"pip install\s+(?:-\S+\s+)*[\"']?([\w.-]+)\[([\w.,-]+)\]")
#: From where a library's sentence begins to tell what to do.
_TAIL = re.compile(
    r"[,.;:]?\s*(?:you can install it by run(?:ning)?|please run|try|run)?:?\s*`pip install.*", re.DOTALL
)


def with_install_command(problem: Problem, record: WorkerRecord) -> Problem:
    """Return a worker's finding with the command that brings the optional dependency that it misses.

    Args:
        problem: What the worker found; returned as it is where it misses none.
        record: The worker.
    """
    found = _ADVICE.search(f"{problem.message} {problem.allowed}")
    if found is None:
        return problem
    package, extras = found[1], found[2]
    message = _TAIL.sub("", problem.message)
    return Problem(
        problem.path,
        message,
        value=problem.value,
        allowed=f"after: {_command(record, package, extras)}",
        nearest=problem.nearest,
    )


def _command(record: WorkerRecord, package: str, extras: str) -> str:
    from gym_gui.workers.environments.project import read_project
    from gym_gui.workers.environments.source import known_projects

    folder = next((path for name, path in known_projects().items() if kind_key(name) == kind_key(record.name)), None)
    has = read_project(folder).extras or () if folder is not None else ()
    if set(extras.split(",")) <= set(has):
        return shlex.join(["mosaic", "workers", "install", f"{record.name}[{extras}]"])
    return shlex.join([record.python, "-m", "pip", "install", f"{package}[{extras}]"])
