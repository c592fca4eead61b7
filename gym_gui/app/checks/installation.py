"""What is installed: the interpreter, libraries, GPUs, settings, executors, workers and what the window needs."""

from __future__ import annotations

import os
import platform
import shlex
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec
from pathlib import Path

from gym_gui.app.checks.finding import Finding
from gym_gui.app.screen import missing_x_packages
from gym_gui.core.errors import ConfigError

_NEWEST_TRIED = (3, 13)


def python(_home: Path) -> Iterator[Finding]:
    """Look at Python and the operating system."""
    found = f"{platform.python_version()} ({sys.executable})"
    if sys.version_info[:2] > _NEWEST_TRIED:
        yield Finding("Python", "doubtful", f"{found}: newer than the versions that MOSAIC is tested with",
                      "if something fails, try again with Python 3.13")  # fmt: skip
    else:
        yield Finding("Python", "ok", found)
    cpus = f"{os.cpu_count()} CPUs"
    system = f"{platform.system()} {platform.release()} ({platform.machine()}, {cpus})"
    if sys.platform.startswith("linux"):
        yield Finding("system", "ok", system)
    elif sys.platform == "darwin":
        yield Finding("system", "doubtful", f"{system}: macOS is untested", "use Linux where results matter")
    else:
        yield Finding("system", "broken", f"{system}: the daemon needs Linux", "use Linux, or WSL on Windows")


def libraries(_home: Path) -> Iterator[Finding]:
    """Look for MOSAIC's own dependencies."""
    from packaging.requirements import Requirement

    try:
        asked = [Requirement(line) for line in requires("mosaic-rl") or []]
    except PackageNotFoundError:
        yield Finding("libraries", "doubtful", "MOSAIC is not installed as a package here",
                      "pip install mosaic-rl, or -e . in a checkout")  # fmt: skip
        return
    needed = [one.name for one in asked if one.marker is None or one.marker.evaluate({"extra": ""})]
    missing = [name for name in needed if not _installed(name)]
    if missing:
        yield Finding(
            "libraries",
            "broken",
            f"missing: {', '.join(missing)}",
            shlex.join([sys.executable, "-m", "pip", "install", *missing]),
        )
    else:
        yield Finding("libraries", "ok", f"all {len(needed)} are installed")


def gpus(_home: Path) -> Iterator[Finding]:
    """Look for GPUs as the daemon does."""
    from gym_gui.trainer import find_gpus, read_inventory

    found = read_inventory()
    if found.gpus:
        count = f"{len(found.gpus)} GPU{'s' if len(found.gpus) > 1 else ''}"
        yield Finding("GPUs", "ok", f"{count}, found by {found.gpus_how}: {', '.join(found.gpus)}")
        return
    looked = find_gpus()
    detail = f"{found.no_gpus}; workers train on the CPU"
    yield Finding("GPUs", "doubtful" if looked.next_step else "ok", detail, looked.next_step)


def settings(_home: Path) -> Iterator[Finding]:
    """Look whether every setting can be read."""
    from gym_gui.config.settings import SETTINGS, get_setting

    said: set[str] = set()
    for name in SETTINGS:
        try:
            get_setting(name)
        except ConfigError as error:  # noqa: PERF203 - all faults at once
            problems = "; ".join(map(str, error.problems))
            detail = f"{error.what}{': ' if problems else ''}{problems} ({error.where})"
            if detail not in said:
                said.add(detail)
                yield Finding("settings", "broken", detail, error.next_step)
    if not said:
        yield Finding("settings", "ok", "all are readable")


def executors(home: Path) -> Iterator[Finding]:  # noqa: ARG001 - every check takes the home
    """Look for executors that cannot be used."""
    from gym_gui.runs import OWN_EXECUTORS
    from gym_gui.trainer.executors import executor_classes

    found = executor_classes()
    for name, reason in found.broken.items():
        yield Finding(f"executor {name}", "broken", reason, "reinstall or uninstall the package that brings it")
    ready = [
        name if entry.package == OWN_EXECUTORS[0].package else f"{name} (package {entry.package})"
        for name, (entry, _) in found.ready.items()
    ]
    if ready:
        yield Finding("executors", "ok", ", ".join(ready))


def workers(home: Path) -> Iterator[Finding]:
    """Look for workers that cannot be used."""
    from gym_gui.workers import INSTALL_ONE, WorkerCatalog

    records = WorkerCatalog(home, persist=False).list()
    ready = [f"{record.name} {record.version}" for record in records if not record.broken]
    for record in records:
        if record.broken:
            yield Finding(f"worker {record.name}", "broken", record.broken,
                          record.mend or f"mosaic workers describe {record.name}")  # fmt: skip
    if ready:
        yield Finding("workers", "ok", ", ".join(ready))
    elif not records:
        yield Finding("workers", "doubtful", "none is installed", INSTALL_ONE)


def window(_home: Path) -> Iterator[Finding]:
    """Look for the libraries that the window needs on an X screen, where its extra is installed."""
    if find_spec("PySide6") is None or not sys.platform.startswith("linux"):
        return
    missing = missing_x_packages()
    if missing:
        yield Finding("window", "doubtful", "libraries are missing that Qt needs to draw on an X screen",
                      f"apt install {' '.join(missing)}")  # fmt: skip
    else:
        yield Finding("window", "ok", "Qt's libraries for X are there")


def _installed(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True
