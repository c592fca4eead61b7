"""Turns a library's advice on a missing optional dependency into MOSAIC's install command."""

from __future__ import annotations

import contextlib
import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gym_gui.core.worker.errors import Problem, UsageError
from gym_gui.runs import kind_key
from gym_gui.workers.environments.extras import extra_key, has_all
from gym_gui.workers.record import WorkerRecord

if TYPE_CHECKING:
    from gym_gui.workers.environments.record import WorkerEnvironment

_ADVICE = re.compile(r"pip install\s+(?:-\S+\s+)*[\"']?([\w.-]+)\[([\w.,-]+)\]")
#: The end of a library's sentence, from its advice on.
_TAIL = re.compile(
    r"[,.;:]?\s*(?:you can install it by run(?:ning)?|please run|try|run)?:?\s*`pip install.*", re.DOTALL
)


#: Gymnasium's message about missing Atari games, which names no extra.
_ATARI = re.compile(r"[Nn]amespace ALE not found")


def with_install_command(problem: Problem, record: WorkerRecord) -> Problem:
    """Return a worker's finding with the command that brings the optional dependency that it misses.

    Args:
        problem: What the worker found; returned as it is where it misses none.
        record: The worker.
    """
    found = _ADVICE.search(f"{problem.message} {problem.allowed}")
    if found is not None:
        package, extras, message = found[1], found[2], _TAIL.sub("", problem.message)
    elif _ATARI.search(problem.message):
        package, extras, message = "gymnasium", "atari", "the Atari games (package ale-py) are not installed"
    else:
        return problem
    advised = _ADVICE.search(problem.allowed)  # a setting may do without it: "off, or after: pip install …"
    otherwise = problem.allowed.partition(", or ")[0] if advised and ", or " in problem.allowed else ""
    command = f"after: {_command(record, package, extras)}"
    return Problem(
        problem.path,
        message,
        value=problem.value,
        allowed=f"{otherwise}, or {command}" if otherwise else command,
        nearest=None if _ATARI.search(problem.message) else problem.nearest,
    )


def _command(record: WorkerRecord, package: str, extras: str) -> str:
    """Return the command that adds extras to a worker's environment and leaves what it has."""
    from gym_gui.workers.environments.record import load_environment

    environment = None
    if record.environment:
        with contextlib.suppress(ValueError):
            environment = load_environment(Path(record.python).parent.parent)
    declared, distribution = _declared(record, environment)
    own = extra_key(package) == extra_key(distribution) or has_all(extras, declared)
    if environment is not None:
        added = {"extras": f"[{extras}]"} if own else {"packages": [f"{package}[{extras}]"]}
        return shlex.join(environment.command(**added))
    if has_all(extras, declared):
        return shlex.join(["mosaic", "workers", "install", f"{record.name}[{extras}]"])
    return shlex.join([record.python, "-m", "pip", "install", f"{package}[{extras}]"])


def _declared(record: WorkerRecord, environment: WorkerEnvironment | None) -> tuple[Sequence[str], str]:
    """Return the extras that a worker's project declares, as far as its sources are at hand, and its package's name."""
    from gym_gui.workers.environments.project import read_project
    from gym_gui.workers.environments.source import known_projects

    folder = next((path for name, path in known_projects().items() if kind_key(name) == kind_key(record.name)), None)
    if environment is not None and environment.from_option:
        folder = Path(environment.origin)
    if folder is None or not folder.is_dir():
        return (), record.distribution
    try:
        return read_project(folder).extras or (), record.distribution
    except UsageError:
        return (), record.distribution
