"""Finds where a worker's package comes from: checkout, MOSAIC's wheel, folder, address, index."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import gym_gui
from gym_gui.config.paths import expand_user
from gym_gui.core.worker.errors import MosaicError, UsageError, nearest
from gym_gui.core.worker.secret_detection import hide_passwords
from gym_gui.runs import kind_key
from gym_gui.workers.environments.additions import not_an_option
from gym_gui.workers.environments.extras import extra_key, merged, names_in, split_extras
from gym_gui.workers.environments.project import WorkerProject, read_project, summary_of

if TYPE_CHECKING:
    from gym_gui.workers.environments.process import InstallLog

_PACKAGE_ROOT = Path(gym_gui.__file__).parent
_CHECKOUT = _PACKAGE_ROOT.parent
_GIT = re.compile(r"(git\+.+|(https?|ssh|git|file)://.+\.git(@[^/]+)?|git@[^/]+:.+)")
_SUFFIX = "_worker"


@dataclass(frozen=True)
class Source:
    """A package that registers a worker.

    Args:
        name: The worker, as its environment is called.
        origin: Where the package comes from, as it is shown: without passwords.
        project: Its sources, where they are at hand.
        extras: Optional dependencies to install with it, e.g. ``[test]``.
        git: The address of its repository, where it has to be fetched first.
        from_option: What ``--from`` named, passwords and all.
    """

    name: str
    origin: str
    project: WorkerProject | None = None
    extras: str = ""
    git: str = ""
    from_option: str | None = None


def find_source(name: str, from_option: str | None = None) -> Source:
    """Return where a worker's package comes from.

    Args:
        name: The worker; ``name[extra]`` asks for optional dependencies, too.
        from_option: A folder, a requirement (``lib-worker==1.0``) or a git address; without it the worker is looked
            for in the checkout's ``3rd_party`` or among those that come with MOSAIC.

    Raises:
        UsageError: There is no such worker or folder, or the project registers another.
    """
    bare, extras = split_extras(name.strip())
    if from_option is None:
        return _known(bare, extras)
    given = not_an_option(from_option, "--from").strip()
    if _GIT.fullmatch(given):
        address = not_an_option(given.removeprefix("git+"), "--from")
        return Source(bare, hide_passwords(given), extras=extras, git=address, from_option=given)
    path_text, path_extras = split_extras(given)
    folder = expand_user(path_text)
    if folder.is_dir():
        project = read_project(folder.resolve())
        origin, extras = str(project.folder), merged(path_extras, extras)
        source = Source(worker_of(project, bare, origin), origin, project, extras, "", origin + path_extras)
        check_extras(source)
        return source
    if folder.is_file():
        whole = str(folder.resolve())
        return Source(bare, whole, extras=merged(path_extras, extras), from_option=whole)
    if path_text.startswith((".", "~", "/")) or path_text.endswith("/"):
        raise UsageError(
            "there is no such folder",
            where=str(folder.absolute()),
            next_step="--from takes the folder of a worker's project, a requirement or a git address",
        )
    return Source(bare, hide_passwords(given), extras=extras, from_option=given)


def worker_of(project: WorkerProject, name: str, origin: str) -> str:
    """Return the worker of a project that a name means, as the project spells it where that is known.

    Raises:
        UsageError: The project registers none of that name.
    """
    for known in project.workers:
        if kind_key(known) == kind_key(name):
            return known.lower()
    if not project.static:
        return name.lower()
    if not project.workers:
        raise UsageError(
            "this project registers no worker",
            where=origin,
            why='its pyproject.toml has no [project.entry-points."mosaic.workers"]',
            next_step="see how a worker is laid out: mosaic workers new mylib",
        )
    raise UsageError(
        f"this project registers no worker {name!r}",
        where=origin,
        why=f"it registers {', '.join(project.workers)}",
        next_step=shlex.join(["mosaic", "workers", "install", project.workers[0], "--from", origin]),
    )


def check_extras(source: Source) -> None:
    """Refuse optional dependencies that a project does not have, of which pip would only warn.

    Raises:
        UsageError: It has none of that name; the nearest is suggested.
    """
    known = source.project.extras if source.project else None
    if known is None:
        return
    keys = {extra_key(name) for name in known}
    for name in names_in(source.extras):
        if extra_key(name) not in keys:
            near = nearest(name, known)
            raise UsageError(
                f"{source.name} has no optional dependencies {name!r}" + (f"; did you mean {near}?" if near else ""),
                where=source.origin,
                why=f"it has {', '.join(known)}" if known else "it has none",
                next_step=_install(source, _instead(source.extras, name, near)),
            )


def _instead(extras: str, wrong: str, right: str | None) -> str:
    """Return extras with another one in the place of one that does not exist, or without it."""
    return merged(*(f"[{right or ''}]" if name == wrong else f"[{name}]" for name in names_in(extras)))


def _install(source: Source, extras: str) -> str:
    """Return the command that installs a source with other extras."""
    words = ["mosaic", "workers", "install", source.name + extras]
    return shlex.join(words + (["--from", split_extras(source.from_option)[0]] if source.from_option else []))


def known_projects() -> dict[str, Path]:
    """Return the folders of the workers whose sources are at hand, by name: a checkout's, else those in the wheel."""
    for root in (_CHECKOUT / "3rd_party", _PACKAGE_ROOT / "_workers"):
        found = {
            folder.name.removesuffix(_SUFFIX): folder
            for folder in sorted(root.glob(f"*{_SUFFIX}"))
            if (folder / "pyproject.toml").is_file()
        }
        if found:
            return found
    return {}


@dataclass(frozen=True)
class AvailableProject:
    """A worker whose sources are at hand.

    Args:
        name: Of the worker.
        description: Of its project, one sentence.
        size_bytes: Of its environment, about; ``None``: not known.
    """

    name: str
    description: str
    size_bytes: int | None = None


def available_projects() -> list[AvailableProject]:
    """Return the workers that can be installed by their names alone."""
    return [AvailableProject(name, *summary_of(folder)) for name, folder in known_projects().items()]


def installable_projects(installed: Iterable[str]) -> list[AvailableProject]:
    """Return the workers that can be installed by their names alone, and are not.

    Args:
        installed: Names of the installed workers.
    """
    known = {kind_key(name) for name in installed}
    return [project for project in available_projects() if kind_key(project.name) not in known]


def checkout() -> Path | None:
    """Return the checkout that this process runs from, ``None`` if MOSAIC is installed as a package."""
    return _CHECKOUT if (_CHECKOUT / "sdk" / "pyproject.toml").is_file() else None


def _known(name: str, extras: str) -> Source:
    projects = known_projects()
    for known, folder in projects.items():
        if kind_key(known) == kind_key(name) or _registers(folder, name):
            project = read_project(folder)
            asked = known if _registers(folder, known) else name  # one environment, however the worker is spelled
            source = Source(worker_of(project, asked, str(folder)), str(folder), project, extras)
            check_extras(source)
            return source
    if os.sep in name and expand_user(name).is_dir():
        raise UsageError(
            f"{name} is a folder",
            why="the first argument is the worker's name",
            next_step=shlex.join(["mosaic", "workers", "install", _worker_in(expand_user(name)), "--from", name]),
        )
    near = nearest(name, projects)
    command = shlex.join(["mosaic", "workers", "install", name, "--from", "FOLDER"])
    raise UsageError(
        f"MOSAIC includes no worker {name!r}" + (f"; did you mean {near}?" if near else ""),
        why=f"it includes {', '.join(projects)}" if projects else "this installation includes none",
        next_step=f"to install a worker of your own: {command}",
    )


def _registers(folder: Path, name: str) -> bool:
    """Return whether a project registers a worker under this name, beside its own: another spelling of it."""
    try:
        return kind_key(name) in map(kind_key, read_project(folder).workers)
    except UsageError:
        return False


def _worker_in(folder: Path) -> str:
    try:
        return next(iter(read_project(folder).workers), "NAME")
    except UsageError:
        return "NAME"


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
    from gym_gui.workers.environments.process import CommandError, run_program  # a list of workers runs no program

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
