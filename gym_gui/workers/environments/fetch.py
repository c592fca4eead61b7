"""Fetches the sources of a worker from its repository."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from gym_gui.core.worker.errors import MosaicError, UsageError
from gym_gui.workers.environments.additions import not_an_option
from gym_gui.workers.environments.process import CommandError, InstallLog, run_program
from gym_gui.workers.environments.project import read_project
from gym_gui.workers.environments.source import Source, check_extras, worker_of


def fetch_sources(source: Source, scratch: Path, *, log: InstallLog, lock: int) -> Source:
    """Clone a worker's repository.

    Args:
        source: With the address, and after an ``@`` a branch, tag or commit.
        scratch: The folder to put the clone into.
        log: Takes git's output.
        lock: Descriptor of the install's lock.

    Returns:
        The source with its project.

    Raises:
        UsageError: There is no git, or the project has no such worker or optional dependencies.
        MosaicError: git failed; its last lines are quoted.
    """
    if shutil.which("git") is None:
        raise UsageError("git is not installed", next_step="install git, or name a folder with --from PATH")
    address, reference = split_reference(source.git)
    if reference:
        not_an_option(reference, "the branch, tag or commit after @")
    copy = scratch / (address.rstrip("/").rpartition("/")[2].removesuffix(".git") or "source")
    commands = [["git", "clone", "--quiet", *([] if reference else ["--depth", "1"]), "--", address, str(copy)]]
    if reference:
        commands.append(["git", "-C", str(copy), "checkout", "--quiet", reference, "--"])
    try:
        for command in commands:
            run_program(command, log=log, cwd=scratch, lock=lock)
    except CommandError as error:
        if error.disk_full:
            raise
        raise MosaicError(
            "the sources cannot be fetched",
            where=source.origin,
            why=error.quoted(),
            next_step="check the address, and that git can reach it without asking for a password",
        ) from None
    project = read_project(copy)
    fetched = replace(source, name=worker_of(project, source.name, source.origin), project=project)
    check_extras(fetched)
    return fetched


def split_reference(address: str) -> tuple[str, str]:
    """Return an address without the branch, tag or commit at its end, and that; the user of an ssh address stays."""
    head, _, tail = address.rpartition("@")
    return (head, tail) if "/" in head and "/" not in tail and ":" not in tail else (address, "")
