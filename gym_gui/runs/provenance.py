"""Where a run comes from: code, interpreter, packages, machine. Quick, and never a reason for a run to fail."""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import subprocess
import sys
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

import gym_gui

_GIT_TIMEOUT_S = 2.0
_GIT_STATUS = ("git", "status", "--porcelain=v2", "--branch", "--untracked-files=no")


def collect_provenance(folder: Path | None = None) -> dict[str, Any]:
    """Return what can be told of code, interpreter, packages and machine; ``None`` for what cannot.

    Args:
        folder: Where the submitter stands; the working directory by default. Its git checkout is described.
    """
    packages = installed_packages()
    return {
        "mosaic": gym_gui.__version__,
        "git": _git(folder or Path()),
        "python": platform.python_version(),
        "python_executable": sys.executable,
        "platform": _platform(),
        "packages": dict(packages),
        "packages_digest": packages_digest(packages),
        "host": platform.node(),
        "cpus": _cpus(),
        "memory_mb": _memory_mb(),
        "argv": list(sys.argv),
    }


def installed_packages() -> tuple[tuple[str, str], ...]:
    """Return names and versions of the packages that this interpreter sees, sorted."""
    return packages_in(sys.path)


def packages_of(python: str) -> tuple[tuple[str, str], ...]:
    """Return names and versions of the packages in the virtual environment of an interpreter, sorted.

    Args:
        python: Its path; none are found of one that is no environment's.
    """
    environment = Path(python).parent.parent
    if not (environment / "pyvenv.cfg").is_file():
        return ()
    return packages_in(map(str, sorted(environment.glob("lib*/python3*/site-packages"))))


def packages_in(folders: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Return names and versions of the packages in folders, sorted; read from the names of folders alone."""
    return _packages_in(tuple((folder, _modified(folder)) for folder in folders))


@lru_cache(maxsize=16)
def _packages_in(folders: tuple[tuple[str, int], ...]) -> tuple[tuple[str, str], ...]:
    found: dict[str, str] = {}
    for folder, modified in folders:
        if not modified:
            continue
        with contextlib.suppress(OSError):
            for entry in os.scandir(folder):
                if entry.name.endswith(".dist-info"):
                    package, _, version = entry.name.removesuffix(".dist-info").rpartition("-")
                    found.setdefault(package.lower().replace("_", "-"), version)
    return tuple(sorted(found.items()))


def packages_digest(packages: tuple[tuple[str, str], ...]) -> str:
    """Return a hash of names and versions: equal where the packages are, on whatever machine."""
    text = "\n".join(f"{name}=={version}" for name, version in packages)
    return hashlib.sha256(text.encode()).hexdigest()


def _modified(folder: str) -> int:
    try:
        return Path(folder or ".").stat().st_mtime_ns
    except OSError:
        return 0


def _git(folder: Path) -> dict[str, Any] | None:
    """Return commit, branch and whether tracked files differ, or ``None`` outside a checkout."""
    try:
        # Without optional locks, so that looking never gets in the way of the user's own git.
        told = subprocess.run(
            _GIT_STATUS,
            cwd=folder,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_GIT_TIMEOUT_S,
            check=True,
        ).stdout.decode("utf-8", "replace")
    except (OSError, subprocess.SubprocessError):
        return None
    head = dict(line[2:].split(" ", 1) for line in told.splitlines() if line.startswith("# "))
    commit, branch = head.get("branch.oid"), head.get("branch.head")
    return {
        "commit": None if commit == "(initial)" else commit,
        "branch": None if branch == "(detached)" else branch,
        "dirty": any(line and not line.startswith("#") for line in told.splitlines()),
    }


@lru_cache(maxsize=1)
def _platform() -> str:
    return platform.platform()


def _cpus() -> int | None:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()


def _memory_mb() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
    except (OSError, ValueError):
        return None
