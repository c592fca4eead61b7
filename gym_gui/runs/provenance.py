"""Provenance of a run: code, interpreter, packages, machine. Fast, and never fails."""

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
    """Return facts on code, interpreter, packages and machine, ``None`` for unknown ones.

    Args:
        folder: A folder in the git checkout to describe; by default the working directory.
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
    """Return names and versions of this interpreter's packages, sorted."""
    return packages_in(sys.path)


def packages_of(python: str) -> tuple[tuple[str, str], ...]:
    """Return names and versions of packages in an interpreter's virtual environment, sorted.

    Args:
        python: Its path; without a virtual environment there are none.
    """
    environment = Path(python).parent.parent
    if not (environment / "pyvenv.cfg").is_file():
        return ()
    return packages_in(map(str, sorted(environment.glob("lib*/python3*/site-packages"))))


def packages_in(folders: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Return names and versions of packages in folders, sorted, from folder names alone."""
    return _packages_in(tuple((folder, _modified(folder)) for folder in folders))


@lru_cache(maxsize=16)
def _packages_in(folders: tuple[tuple[str, int], ...]) -> tuple[tuple[str, str], ...]:
    packages: dict[str, str] = {}
    for folder, modified in folders:
        if not modified:
            continue
        with contextlib.suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.endswith(".dist-info"):
                    package, _, version = entry.name.removesuffix(".dist-info").rpartition("-")
                    packages.setdefault(package.lower().replace("_", "-"), version)
    return tuple(sorted(packages.items()))


def packages_digest(packages: tuple[tuple[str, str], ...]) -> str:
    """Return a hash of names and versions, equal for equal packages on any machine."""
    text = "\n".join(f"{name}=={version}" for name, version in packages)
    return hashlib.sha256(text.encode()).hexdigest()


def _modified(folder: str) -> int:
    try:
        return Path(folder or ".").stat().st_mtime_ns
    except OSError:
        return 0


def _git(folder: Path) -> dict[str, Any] | None:
    """Return commit, branch and whether tracked files differ, ``None`` outside a checkout."""
    try:
        # Without optional locks, so that the user's own git commands never fail because of this one.
        status = subprocess.run(
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
    head = dict(line[2:].split(" ", 1) for line in status.splitlines() if line.startswith("# "))
    commit, branch = head.get("branch.oid"), head.get("branch.head")
    return {
        "commit": None if commit == "(initial)" else commit,
        "branch": None if branch == "(detached)" else branch,
        "dirty": any(line and not line.startswith("#") for line in status.splitlines()),
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
