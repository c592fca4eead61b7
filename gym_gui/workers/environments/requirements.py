"""A worker's requirements, and the versions of them that its environment holds. Starts nothing."""

from __future__ import annotations

import email.parser
import re
from collections.abc import Iterable

import msgspec

from gym_gui.core.worker.entry_points import read_metadata
from gym_gui.runs import packages_in
from gym_gui.workers.environments.record import WorkerEnvironment

_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][\w.-]*)\s*(\[[^\]]*\])?\s*\(?([^;)]*)\)?\s*(?:;(.*))?")


class Requirement(msgspec.Struct, kw_only=True):
    """A package that a worker requires."""

    name: str
    wanted: str = ""
    """Which versions, e.g. ``>=1.1,<2``."""
    version: str | None = None
    """The one that is installed; ``None`` if there is none."""


def requirements_of(
    location: str, environment: WorkerEnvironment, steps: Iterable[Iterable[str]] = ()
) -> list[Requirement]:
    """Return what a worker requires, optional dependencies left out.

    Args:
        location: Folder of the metadata of the worker's package.
        environment: Where it is installed.
        steps: ``pip install`` argument lists that ran before it was installed; what they name counts too.
    """
    wanted: dict[str, Requirement] = {}
    for line in (*_of_steps(steps), *(_of_package(location) if location else ())):
        found = _REQUIREMENT.fullmatch(line)
        if found is not None and "extra" not in (found[4] or ""):
            wanted[_key(found[1])] = Requirement(name=found[1], wanted=found[3].strip())
    versions = {_key(package): version for package, version in packages_in(environment.search_path)}
    for key, requirement in wanted.items():
        requirement.version = versions.get(key)
    return list(wanted.values())


def _of_steps(steps: Iterable[Iterable[str]]) -> list[str]:
    return [word for step in steps for word in step if not word.startswith("-") and "/" not in word]


def _of_package(location: str) -> list[str]:
    text = read_metadata(location, "METADATA") or read_metadata(location, "PKG-INFO")
    return email.parser.HeaderParser().parsestr(text).get_all("Requires-Dist") or []


def _key(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
