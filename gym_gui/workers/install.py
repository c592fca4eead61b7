"""Installs a worker: builds its environment beside the present one, swaps it in once it works."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from gym_gui.core.worker.errors import MosaicError, UsageError
from gym_gui.core.worker.secret_detection import hide_passwords
from gym_gui.runs import kind_key, packages_digest, packages_in
from gym_gui.workers.environments import sdk
from gym_gui.workers.environments.additions import Additions, additions_of, not_an_option
from gym_gui.workers.environments.bootstrap import compile_packages, make_venv
from gym_gui.workers.environments.building import Building
from gym_gui.workers.environments.extras import restricted, with_extras
from gym_gui.workers.environments.interpreters import BasePython, choose_interpreter
from gym_gui.workers.environments.layout import EnvironmentFolder, environment_names, locked
from gym_gui.workers.environments.pip import Pip
from gym_gui.workers.environments.process import CommandError, InstallLog, is_disk_full, remove_old_logs
from gym_gui.workers.environments.record import WorkerEnvironment, load_environment
from gym_gui.workers.environments.source import Source, checkout, fetch_sources
from gym_gui.workers.environments.usage import remove_unused, size_on_disk
from gym_gui.workers.install_errors import does_not_work, no_room, not_registered, of_disk, step_failed
from gym_gui.workers.installed import installed_workers
from gym_gui.workers.record import WorkerRecord
from gym_gui.workers.record_cache import RecordCache

NOTHING = Additions()
_NOT_COPIED = shutil.ignore_patterns(".git", "__pycache__", "*.pyc", "*.egg-info", "build", "dist", ".venv", "var")


class InstallProgress(Protocol):
    """Receives the progress of an install."""

    def begin(self, step: str) -> None:
        """A step has begun."""

    def note(self, text: str) -> None:
        """Something happened within it."""

    def output(self, line: str) -> None:
        """A program of the step printed a line; passwords in it are hidden."""

    def done(self, detail: str, seconds: float) -> None:
        """It is finished."""


@dataclass(frozen=True)
class InstallOptions:
    """How a worker is to be installed.

    Args:
        python: A path, a program's name or a version; chosen if ``None``.
        editable: Link to the sources, so that a change to them counts at once.
        additions: What to install with the worker; nothing: what its present environment was installed with. Likewise
            its optional dependencies.
    """

    python: str | None = None
    editable: bool = False
    additions: Additions = NOTHING


def install_worker(
    home: Path,
    source: Source,
    options: InstallOptions,
    progress: InstallProgress,
    pythons_in_use: Callable[[], Iterable[str]] = tuple,
) -> WorkerEnvironment:
    """Install a worker into an environment of its own.

    The environment that the worker has so far stays in use until the new one has shown that the worker works in it, and
    for good if it does not. An install that was interrupted goes on with the steps that are missing.

    Args:
        home: The MOSAIC home.
        source: Where the package comes from.
        options: How to install it.
        progress: Receives what happens.
        pythons_in_use: Returns the interpreters of runs that have not ended; their environments are kept.

    Raises:
        UsageError: The interpreter does not fit, the options contradict each other, or the worker is being installed.
        DiskFullError: There was no room; what was written is removed.
        MosaicError: pip failed (its last lines are quoted), or the worker does not work; the log is kept.
    """
    if options.editable and source.project is None:
        raise UsageError(
            "only a folder can be installed --editable", where=source.origin, next_step="leave --editable out"
        )
    names = environment_names(home)
    name = next((known for known in names if kind_key(known) == kind_key(source.name)), source.name.lower())
    folder = EnvironmentFolder(home, name)
    base = None if source.git else _base_of(source, options)
    try:
        with locked(folder) as lock:
            folder.logs.mkdir(mode=0o755, parents=True, exist_ok=True)
            for leftover in folder.path.glob(".source-*"):
                shutil.rmtree(leftover, ignore_errors=True)
            name = f"{time.strftime('%Y%m%dT%H%M%S')}-{os.getpid()}.log"
            log = InstallLog(folder.logs / name, progress.output)
            try:
                record = _Install(folder, source, options, progress, log, lock.fileno()).run(base)
            finally:
                log.close()
                remove_old_logs(folder.logs)
            remove_unused(folder, pythons_in_use())
            return record
    except OSError as error:
        raise of_disk(error, folder) from error


class _Install:
    """One install, with the worker's lock held."""

    def __init__(
        self,
        folder: EnvironmentFolder,
        source: Source,
        options: InstallOptions,
        progress: InstallProgress,
        log: InstallLog,
        lock: int,
    ) -> None:
        self.folder = folder
        self.source = source
        self.options = options
        self.progress = progress
        self.log = log
        self.lock = lock
        self.started = time.monotonic()
        self.additions = options.additions

    def run(self, base: BasePython | None) -> WorkerEnvironment:
        """Build the environment and put it into use; without a base, one is chosen when the sources are there."""
        with tempfile.TemporaryDirectory(prefix=".source-", dir=self.folder.path) as scratch:
            if self.source.git:
                with self._step(f"git clone {self.source.git}"):
                    self.source = fetch_sources(self.source, Path(scratch), log=self.log, lock=self.lock)
            base = base or _base_of(self.source, self.options)
            self._add_as_before(Path(scratch))
            building = Building(self.folder, base, self.source.project, self.additions)
            try:
                return self._build(building, base, Path(scratch))
            except CommandError as error:
                raise self._given_up(building, error) from None
            except OSError as error:
                if not is_disk_full(error):
                    building.leave()
                    raise
                raise self._given_up(building, error) from None
            except BaseException:
                building.leave()
                raise

    def _build(self, building: Building, base: BasePython, scratch: Path) -> WorkerEnvironment:
        project = self.source.project
        if building.has_venv:
            self.progress.note(f"continuing environment {building.number}: {building.finished_steps} steps are done")
        else:
            building.begin()
            with self._step(f"environment for Python {base.version_text} ({base.python})"):
                make_venv(building.path, base, log=self.log, lock=self.lock)
            building.venv_made()
        environment = building.environment()
        site = Path(environment.search_path[0])
        building.scrub(site)
        linked = self.options.editable and checkout() is not None
        with self._step("worker SDK" + (" (linked to the checkout)" if linked else "")):
            environment.sdk_version = sdk.place_sdk(site, linked=linked)
        pip = Pip(building.python, log=self.log, lock=self.lock, note=self.progress.note)
        steps = project.steps if project else ()
        for step in steps[building.finished_steps :]:
            self._pip(pip, building, list(step), " ".join(step))
            building.step_finished()
        self._pip(pip, building, self._package(scratch), self._package_shown())
        workers = installed_workers(environment)
        worker = next((each for each in workers if kind_key(each.name) == kind_key(self.source.name)), None)
        if worker is None:
            raise not_registered(self.source, workers)
        with self._step("compile to bytecode"):
            compile_packages(building.python, site, log=self.log, cwd=building.path, lock=self.lock)
        with self._step(f"worker {worker.name} describes itself"):
            worker = RecordCache(self.folder.home).get(worker, environment)
        self._describe(environment, base, workers)
        if worker.broken:
            self.log.write(f"broken: {worker.broken}")
            raise does_not_work(worker, environment, self.log.path)
        environment.save()
        building.finish()
        self.folder.use(building.number)
        return environment

    def _pip(self, pip: Pip, building: Building, arguments: list[str], shown: str) -> None:
        project = self.source.project
        cwd, constraints = (project.folder, project.constraints) if project else (building.path, None)
        with self._step(f"pip install {shown}") as details:
            count = pip.install(arguments, cwd=cwd, constraints=constraints)
            details.append(f"{count} package{'' if count == 1 else 's'}" if count else "nothing to do")

    def _package(self, scratch: Path) -> list[str]:
        """Return the arguments by which pip installs the worker's own package, and what is wanted with it."""
        added = self.additions
        options = ["--requirement", str(added.requirements)] if added.requirements else []
        if self.options.editable and self.source.project:
            options += ["--editable", str(self.source.project.folder) + self.source.extras]
            return [*options, "--", *added.packages]
        return [*options, "--", self._sources(scratch), *added.packages]

    def _sources(self, scratch: Path) -> str:
        source = self.source
        if source.project is None:
            wanted = not_an_option(source.from_option or source.origin, "--from")
            return with_extras(wanted, source.extras)
        # Build tools write beside the sources: those of a checkout stay clean, those of a package cannot be written.
        copy = scratch / source.project.folder.name
        if source.project.folder != copy:
            shutil.copytree(source.project.folder, copy, ignore=_NOT_COPIED, symlinks=True)
        return str(copy) + source.extras

    def _package_shown(self) -> str:
        shown = ("--editable " if self.options.editable else "") + self.source.origin + self.source.extras
        return f"{shown} {self.additions.shown()}".rstrip()

    def _add_as_before(self, scratch: Path) -> None:
        """Install with the worker what its present environment was installed with, if nothing else is wanted."""
        number = self.folder.current()
        if number is None:
            return
        try:
            before = load_environment(self.folder.version(number))
        except ValueError:
            return
        if not self.source.extras:
            known = self.source.project.extras if self.source.project else None
            extras = before.extras if known is None else restricted(before.extras, known)
            if extras:
                self.source = dataclasses.replace(self.source, extras=extras)
                self.progress.note(f"as before: {self.source.name}{extras}")
        if not self.additions:
            self.additions = additions_of(before, scratch)
            if self.additions:
                self.progress.note(f"as before: {self.additions.shown()}")

    def _describe(self, environment: WorkerEnvironment, base: BasePython, workers: list[WorkerRecord]) -> None:
        """Complete the environment's record: what it was made from and with, and what is in it."""
        source, additions = self.source, self.additions
        packages = packages_in(tuple(environment.search_path))
        environment.base_python, environment.python_version = base.python, base.version_text
        environment.origin, environment.extras = source.origin, source.extras
        environment.from_option = None if source.from_option is None else hide_passwords(source.from_option)
        environment.with_packages = list(map(hide_passwords, additions.packages))
        environment.requirements_file = str(additions.requirements) if additions.requirements else None
        environment.requirements_text = hide_passwords(additions.text)
        environment.python_option, environment.editable = self.options.python, self.options.editable
        steps = source.project.steps if source.project else ()
        environment.steps = [list(map(hide_passwords, step)) for step in steps]
        environment.metadata = list(dict.fromkeys(worker.location for worker in workers))
        environment.install_stamp = environment.stamp()
        environment.size_bytes = size_on_disk(environment.folder)
        environment.packages, environment.packages_digest = len(packages), packages_digest(packages)
        environment.seconds = round(time.monotonic() - self.started, 1)
        environment.installed_at = time.time()
        environment.log = str(self.log.path)

    @contextlib.contextmanager
    def _step(self, name: str) -> Iterator[list[str]]:
        """Report a step; the details that are added to the list are shown when it is finished."""
        name = hide_passwords(name)
        self.progress.begin(name)
        self.log.write(f"# {name}")
        started = time.monotonic()
        details: list[str] = []
        try:
            yield details
        except CommandError as error:
            error.step = error.step or name
            raise
        self.progress.done(", ".join(details), time.monotonic() - started)

    def _given_up(self, building: Building, error: CommandError | OSError) -> MosaicError:
        """Clean up after a step that failed, and return its error."""
        if is_disk_full(error):
            building.leave(keep=False)
            said = error.quoted(2) if isinstance(error, CommandError) else str(error)
            return no_room(self.folder, said, self.log.path)
        assert isinstance(error, CommandError)
        return step_failed(error, self.log.path, kept=building.leave())


def _base_of(source: Source, options: InstallOptions) -> BasePython:
    return choose_interpreter(options.python, source.project.specifiers if source.project else {})
