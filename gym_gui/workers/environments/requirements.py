"""What a worker requires, and which versions of that its environment holds. Reads names of folders, starts nothing."""

from __future__ import annotations

import contextlib
import email.parser
import os
import re
from collections.abc import Iterable
from pathlib import Path

import msgspec

from gym_gui.workers.installed import Interpreter, installed_workers

_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][\w.-]*)\s*(\[[^\]]*\])?\s*\(?([^;)]*)\)?\s*(?:;(.*))?")


class Requirement(msgspec.Struct, kw_only=True):
    """A package that a worker requires."""

    name: str
    wanted: str = ""
    """Which versions, e.g. ``>=1.1,<2``."""
    version: str | None = None
    """The one that is installed; ``None`` if there is none."""


def requirements_of(name: str, interpreter: Interpreter, steps: Iterable[Iterable[str]] = ()) -> list[Requirement]:
    """Return what a worker requires, optional dependencies left out.

    Args:
        name: The worker's entry point.
        interpreter: Where it is installed.
        steps: ``pip install`` argument lists that ran before it was installed; what they name counts too.
    """
    wanted: dict[str, Requirement] = {}
    for line in (*_of_steps(steps), *_of_package(name, interpreter)):
        found = _REQUIREMENT.fullmatch(line)
        if found is not None and "extra" not in (found[4] or ""):
            wanted[_key(found[1])] = Requirement(name=found[1], wanted=found[3].strip())
    versions = installed_versions(interpreter)
    for key, requirement in wanted.items():
        requirement.version = versions.get(key)
    return list(wanted.values())


def installed_versions(interpreter: Interpreter) -> dict[str, str]:
    """Return the version of every package of an interpreter, by its normalized name."""
    found: dict[str, str] = {}
    for folder in interpreter.search_path:
        with contextlib.suppress(OSError):
            for entry in os.scandir(folder):
                if entry.name.endswith(".dist-info"):
                    name, _, version = entry.name.removesuffix(".dist-info").partition("-")
                    found.setdefault(_key(name), version)
    return found


def _of_steps(steps: Iterable[Iterable[str]]) -> list[str]:
    return [word for step in steps for word in step if not word.startswith("-") and "/" not in word]


def _of_package(name: str, interpreter: Interpreter) -> list[str]:
    for worker in installed_workers(interpreter):
        if worker.name == name:
            for file in ("METADATA", "PKG-INFO"):
                with contextlib.suppress(OSError):
                    text = Path(worker.location, file).read_text("utf-8", "replace")
                    return email.parser.HeaderParser().parsestr(text).get_all("Requires-Dist") or []
    return []


def _key(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
