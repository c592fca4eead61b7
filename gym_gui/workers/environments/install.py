"""Builds the environment of a worker beside the one in use, and swaps it in when the worker works in it."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shlex
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from gym_gui.core.worker.errors import MosaicError, UsageError
from gym_gui.core.worker.secret_names import hide_passwords
from gym_gui.runs.kinds import kind_key
from gym_gui.runs.provenance import packages_digest, packages_in
from gym_gui.workers.catalog import WorkerCatalog
from gym_gui.workers.environments import process, sdk
from gym_gui.workers.environments.additions import Additions, additions_of, not_an_option
from gym_gui.workers.environments.bootstrap import make_venv
from gym_gui.workers.environments.building import Building
from gym_gui.workers.environments.extras import restricted, with_extras
from gym_gui.workers.environments.failures import no_room, of_disk
from gym_gui.workers.environments.fetch import fetch_sources
from gym_gui.workers.environments.interpreters import BasePython, choose_interpreter
from gym_gui.workers.environments.layout import EnvironmentFolder, environment_names
from gym_gui.workers.environments.locked import locked
from gym_gui.workers.environments.pip_settings import pip_variables
from gym_gui.workers.environments.process import CommandError, InstallLog, is_disk_full
from gym_gui.workers.environments.record import EnvironmentRecord, load_environment
from gym_gui.workers.environments.source import Source, checkout
from gym_gui.workers.environments.usage import remove_unused, size_on_disk
from gym_gui.workers.installed import InstalledWorker, Interpreter, install_stamp, installed_workers
from gym_gui.workers.probe import index_name, left_out, missing_module

NOTHING = Additions()
_LOGS_KEPT = 10
# What installs, and what tests libraries, is no part of any run: a fifth of the code.
_NOT_COMPILED = r"/site-packages/((pip|setuptools|pkg_resources|_distutils_hack)/|.*/tests?/)"
# What pip says of its progress, and of an index that does not answer.
_TOLD = ("Collecting ", "Downloading ", "Processing ", "Building wheel", "Installing collected", "WARNING: Retrying ")
_NOT_COPIED = shutil.ignore_patterns(".git", "__pycache__", "*.pyc", "*.egg-info", "build", "dist", ".venv", "var")


class Progress(Protocol):
    """Is told how an install goes on."""

    def begin(self, step: str) -> None:
        """A step has begun."""

    def note(self, text: str) -> None:
        """Something happened within it."""

    def done(self, detail: str, seconds: float) -> None:
        """It is finished."""


@dataclass(frozen=True)
class Options:
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
    options: Options,
    progress: Progress,
    pythons_in_use: Callable[[], Iterable[str]] = tuple,
) -> EnvironmentRecord:
    """Install a worker into an environment of its own.

    The environment that the worker has so far stays in use until the new one has shown that the worker works in it, and
    for good if it does not. An install that was interrupted goes on with the steps that are missing.

    Args:
        home: The MOSAIC home.
        source: Where the package comes from.
        options: How to install it.
        progress: Is told what happens.
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
            log = InstallLog(folder.logs / f"{time.strftime('%Y%m%dT%H%M%S')}-{os.getpid()}.log")
            try:
                record = _Install(folder, source, options, progress, log, lock.fileno()).run(base)
            finally:
                log.close()
                _remove_old_logs(folder.logs)
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
        options: Options,
        progress: Progress,
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
        self._pip_variables: dict[str, str] | None = None
        self.additions = options.additions

    def run(self, base: BasePython | None) -> EnvironmentRecord:
        """Build the environment and put it into use; without a base, one is chosen when the sources are there."""
        with tempfile.TemporaryDirectory(prefix=".source-", dir=self.folder.path) as scratch:
            if self.source.git:
                self._fetch(Path(scratch))
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

    def _build(self, building: Building, base: BasePython, scratch: Path) -> EnvironmentRecord:
        project = self.source.project
        if building.has_venv:
            self.progress.note(f"going on with environment {building.number}: {building.finished_steps} steps are done")
        else:
            building.begin()
            with self._step(f"environment for Python {base.version_text} ({base.python})"):
                make_venv(building.path, base, log=self.log, lock=self.lock)
            building.venv_made()
        interpreter = building.interpreter()
        site = Path(interpreter.search_path[0])
        building.scrub(site)
        linked = self.options.editable and checkout() is not None
        with self._step("worker SDK" + (" (linked to the checkout)" if linked else "")):
            sdk_version = sdk.place_sdk(site, linked=linked)
        steps = project.steps if project else ()
        for step in steps[building.finished_steps :]:
            with self._step(f"pip install {' '.join(step)}") as told:
                self._pip(building, list(step), told)
            building.step_finished()
        with self._step(f"pip install {self._package_shown()}") as told:
            self._pip(building, self._package(scratch), told)
        worker = self._registered(interpreter)
        with self._step("compile to bytecode"):
            self._compile(building, site)
        with self._step(f"worker {worker.name} describes itself"):
            broken = self._probe(interpreter, worker)
        record = self._record(building, base, interpreter, sdk_version)
        if broken:
            raise self._does_not_work(worker, record, broken)
        record.save()
        building.finish()
        self.folder.use(building.number)
        return record

    def _pip(self, building: Building, arguments: list[str], told: list[str]) -> None:
        project = self.source.project
        if project is not None and project.constraints is not None:
            arguments = ["--constraint", str(project.constraints), *arguments]
        lines = process.run_module(
            building.python,
            "pip",
            # Bytecode is made at the end, by all cores.
            ["install", "--no-compile", *arguments],
            log=self.log,
            cwd=project.folder if project else building.path,
            lock=self.lock,
            on_line=self._pip_said,
            variables=self._settings_of_pip(building.python),
        )
        done = next((line for line in reversed(lines) if line.startswith("Successfully installed ")), "")
        count = len(done.split()) - 2 if done else 0
        told.append(f"{count} package{'' if count == 1 else 's'}" if count else "nothing to do")

    def _settings_of_pip(self, python: str) -> dict[str, str]:
        """Return the user's settings of pip that apply; of others the log tells."""
        if self._pip_variables is None:
            self._pip_variables, left_out = pip_variables(python)
            if left_out:
                self.log.write(f"settings of pip that do not apply to workers: {', '.join(left_out)}")
        return self._pip_variables

    def _pip_said(self, line: str) -> None:
        text = line.strip()
        if text.startswith(_TOLD):
            self.progress.note(text if len(text) <= 100 else text[:99] + "…")

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

    def _fetch(self, scratch: Path) -> None:
        """Fetch the sources from their repository."""
        with self._step(f"git clone {self.source.git}"):
            self.source = fetch_sources(self.source, scratch, log=self.log, lock=self.lock)

    def _registered(self, interpreter: Interpreter) -> InstalledWorker:
        workers = installed_workers(interpreter)
        for worker in workers:
            if kind_key(worker.name) == kind_key(self.source.name):
                return worker
        names = ", ".join(worker.name for worker in workers)
        next_step = 'add [project.entry-points."mosaic.workers"] to its pyproject.toml'
        if workers:
            named = workers[0].name + self.source.extras
            next_step = shlex.join(["mosaic", "workers", "install", named, "--from", self.source.origin])
        raise MosaicError(
            f"the package registers no worker {self.source.name!r}",
            where=self.source.origin,
            why=f"it registers {names}" if names else "it registers none",
            next_step=next_step,
        )

    def _compile(self, building: Building, site: Path) -> None:
        """Make bytecode, so that no run has to. A file that cannot be compiled is none that anything imports."""
        jobs = str(min(os.cpu_count() or 1, 8))
        (site / "__pycache__").mkdir(exist_ok=True)
        with contextlib.suppress(CommandError):
            process.run_module(
                building.python,
                "compileall",
                ["-q", "-j", jobs, "-x", _NOT_COMPILED, str(site)],
                log=self.log, cwd=building.path, lock=self.lock,
            )  # fmt: skip

    def _probe(self, interpreter: Interpreter, worker: InstalledWorker) -> str:
        """Return why the worker does not work in its new environment; empty if it does."""
        broken = WorkerCatalog(self.folder.home, [interpreter]).get(worker.name).broken or ""
        if broken:
            self.log.write(f"broken: {broken}")
        return broken

    def _does_not_work(self, worker: InstalledWorker, record: EnvironmentRecord, broken: str) -> MosaicError:
        missing = missing_module(broken)
        next_step = left_out(missing) or "fix the package, then install it again"
        if missing and not missing.startswith(("gym_gui.", f"{worker.package}.")) and missing != worker.package:
            again = shlex.join([*record.command(), "--with", index_name(missing)])
            next_step = f"{again}\n         (for good: add the package of {missing} to the worker's dependencies)"
        return MosaicError(
            f"{worker.distribution} {worker.version} was installed, but the worker does not work",
            where=f"log: {self.log.path}",
            why=broken,
            next_step=next_step,
        )

    def _record(
        self, building: Building, base: BasePython, interpreter: Interpreter, sdk_version: str
    ) -> EnvironmentRecord:
        source = self.source
        packages = packages_in(interpreter.search_path)
        return EnvironmentRecord(
            name=self.folder.name,
            number=building.number,
            python=interpreter.python,
            search_path=list(interpreter.search_path),
            base_python=base.python,
            python_version=base.version_text,
            origin=source.origin,
            from_option=None if source.from_option is None else hide_passwords(source.from_option),
            extras=source.extras,
            with_packages=list(map(hide_passwords, self.additions.packages)),
            requirements_file=str(self.additions.requirements) if self.additions.requirements else None,
            requirements_text=hide_passwords(self.additions.text),
            python_option=self.options.python,
            editable=self.options.editable,
            steps=[list(map(hide_passwords, step)) for step in source.project.steps] if source.project else [],
            sdk_version=sdk_version,
            metadata=[str(found.location) for found in installed_workers(interpreter)],
            install_stamp=install_stamp(interpreter),
            size_bytes=size_on_disk(building.path),
            packages=len(packages),
            packages_digest=packages_digest(packages),
            seconds=round(time.monotonic() - self.started, 1),
            installed_at=time.time(),
            log=str(self.log.path),
        )

    @contextlib.contextmanager
    def _step(self, name: str) -> Iterator[list[str]]:
        """Tell of a step; what it adds to the list is shown when it is finished."""
        name = hide_passwords(name)
        self.progress.begin(name)
        self.log.write(f"# {name}")
        started = time.monotonic()
        told: list[str] = []
        try:
            yield told
        except CommandError as error:
            error.step = error.step or name
            raise
        self.progress.done(", ".join(told), time.monotonic() - started)

    def _given_up(self, building: Building, error: CommandError | OSError) -> MosaicError:
        """Clean up after a step that failed, and return what is to be said of it."""
        if is_disk_full(error):
            building.leave(keep=False)
            said = error.quoted(2) if isinstance(error, CommandError) else str(error)
            return no_room(self.folder, said, self.log.path)
        assert isinstance(error, CommandError)
        kept = building.leave()
        again = "; the steps that are done are kept for the next attempt" if kept else ""
        why, mend = error.quoted(), "fix the requirement, or check that the package index can be reached"
        if "setuptools.backends" in why:  # a name that many templates of pyproject.toml have, and setuptools has not
            mend = 'in its pyproject.toml: build-backend = "setuptools.build_meta"'
        return MosaicError(f"{error.step} failed", where=f"log: {self.log.path}", why=why, next_step=f"{mend}{again}")


def _base_of(source: Source, options: Options) -> BasePython:
    return choose_interpreter(options.python, source.project.specifiers if source.project else {})


def _remove_old_logs(folder: Path) -> None:
    with contextlib.suppress(OSError):
        for path in sorted(folder.glob("*.log"))[:-_LOGS_KEPT]:
            path.unlink()
