"""The workers that can be used here, from records kept as static files.

What asks a worker is imported when one has to be asked: to list those that are known takes less time.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from gym_gui.core.worker.errors import UsageError, nearest
from gym_gui.runs.cache_file import read_cache, write_cache
from gym_gui.runs.kinds import kind_key
from gym_gui.workers.environment_facts import EnvironmentFacts, FactsCache
from gym_gui.workers.environments.registered import (
    RegisteredEnvironment,
    registered_environment,
    registered_environments,
)
from gym_gui.workers.installed import InstalledWorker, Interpreter, install_stamp, installed_workers, package_hash
from gym_gui.workers.one_asks import OneAsks
from gym_gui.workers.record import WorkerRecord

Flags = list[str]
Names = list[str]

INSTALL_ONE = "mosaic workers install random"
"""The command that somebody without any worker begins with."""

BROKEN_TTL_S = 600.0
"""A broken worker is asked again after so many seconds, though nothing seems to have changed."""


#: Search paths of submitters that are remembered at once.
_MAX_PATHS = 16


class _Stored(msgspec.Struct, kw_only=True):
    """A record as it lies in its file."""

    record: WorkerRecord
    install_stamp: int
    """State of the interpreter's packages: what was missing then may be there now."""


class WorkerCatalog:
    """Finds workers and describes them without importing any.

    A worker's record is made by a probe in its own interpreter when its package is new or has changed, and read from
    ``$MOSAIC_HOME/workers/records`` otherwise. Where that folder cannot be written, they live as long as this object.

    A worker that has an environment of its own in the home is started there, wherever else it is installed.

    Args:
        home: The MOSAIC home.
        interpreters: Where workers are installed; the home's environments and the interpreter that runs this process by
            default.
        persist: Write new records at once; otherwise nothing is written before :meth:`save`.
        python_path: The ``PYTHONPATH`` of the workers, where that is not this process's own.
    """

    def __init__(
        self,
        home: Path,
        interpreters: Sequence[Interpreter] | None = None,
        *,
        persist: bool = True,
        python_path: str | None = None,
    ) -> None:
        self._folder = home / "workers" / "records"
        self._home = home
        self._interpreters = tuple(interpreters) if interpreters is not None else None
        self._persist = persist
        self._python_path = python_path
        self._others: dict[str, WorkerCatalog] = {}
        self._memory: dict[str, _Stored] = {}
        self._unsaved: dict[str, _Stored] = {}
        self._flags: dict[tuple[str, str], list[str]] = {}
        self._asking = OneAsks()
        self._seen: dict[str, Interpreter] = {}
        self._facts = FactsCache(home / "workers" / "environments", persist=persist)

    def within(self, variables: Mapping[str, str]) -> WorkerCatalog:
        """Return the catalog of workers that are started with these variables.

        Args:
            variables: All that they get; which workers there are depends on the ``PYTHONPATH`` among them.
        """
        path = variables.get("PYTHONPATH", "")
        own = os.environ.get("PYTHONPATH", "") if self._python_path is None else self._python_path
        if self._interpreters is not None or path == own:
            return self
        with self._asking.about("python_path"):
            if path not in self._others:
                while len(self._others) >= _MAX_PATHS:
                    self._others.pop(next(iter(self._others)))
                self._others[path] = WorkerCatalog(self._home, persist=self._persist, python_path=path)
            return self._others[path]

    def list(self, on_probe: Callable[[str], None] | None = None) -> list[WorkerRecord]:
        """Return the records of all workers, by name, broken ones included.

        Args:
            on_probe: Called with the name of each worker that has to be asked anew, which takes seconds.
        """
        found = self._installed()
        known = {name: self._known(worker) for name, worker in found.items()}
        unknown = [name for name, record in known.items() if record is None]
        if unknown:
            from concurrent.futures import ThreadPoolExecutor

            with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
                asked = pool.map(lambda name: self._record(found[name], on_probe), unknown)
                known.update(zip(unknown, asked, strict=True))
        return [record for record in known.values() if record is not None]

    def get(self, name: str, on_probe: Callable[[str], None] | None = None) -> WorkerRecord:
        """Return one worker's record, which may be broken.

        Args:
            name: The entry point's name; case, hyphens, underscores and a trailing ``worker`` do not count.
            on_probe: As of :meth:`list`.

        Raises:
            UsageError: There is no such worker; the nearest name is suggested.
        """
        found = self._installed()
        alike = [known for known in found if kind_key(known) == kind_key(name)]
        if name in found:
            return self._record(found[name], on_probe)
        if len(alike) == 1:
            return self._record(found[alike[0]], on_probe)
        if alike:
            raise UsageError(
                f"{name!r} may be any of {', '.join(alike)}",
                why="their names differ in spelling only",
                next_step="write one",
            )
        raise self._unknown(name, list(found))

    @staticmethod
    def _unknown(name: str, installed: Names) -> UsageError:
        from gym_gui.workers.environments.source import known_projects

        brought = list(known_projects())
        why = f"installed workers: {', '.join(installed)}" if installed else "no worker is installed"
        for known in brought:
            if kind_key(known) == kind_key(name):
                what, next_step = f"worker {known!r} is not installed", f"mosaic workers install {known}"
                return UsageError(what, why=why, next_step=next_step)
        near = nearest(name, [*installed, *brought])
        next_step = "list the workers: mosaic workers list" if installed else f"install one: {INSTALL_ONE}"
        return UsageError(
            f"there is no worker {name!r}" + (f"; did you mean {near}?" if near else ""),
            why=why,
            next_step=f"mosaic workers install {near}" if near and near not in installed else next_step,
        )

    def find_package(self, module: str) -> str | None:
        """Return the name of the worker whose package a module belongs to, or ``None``."""
        top = module.partition(".")[0]
        return next(
            (
                name
                for name, worker in self._installed().items()
                if isinstance(worker, InstalledWorker) and worker.package.partition(".")[0] == top
            ),
            None,
        )

    def names(self) -> Names:
        """Return the names of all workers, broken ones included, without asking any."""
        return list(self._installed())

    def sources(self, name: str) -> Path | None:
        """Return the folder that a worker was installed from; ``None`` where that is not known, or was no folder."""
        worker = self._installed()[name]
        if isinstance(worker, InstalledWorker) and worker.project is not None:
            return worker.project
        environment = worker.interpreter.environment if isinstance(worker, InstalledWorker) else worker.name
        record = registered_environment(self._home, environment).record if environment else None
        return Path(record.origin) if record is not None and Path(record.origin).is_dir() else None

    def interpreter(self, record: WorkerRecord) -> Interpreter | None:
        """Return the interpreter that runs a worker; ``None`` if it is none of this catalog's."""
        if self._interpreters is not None:
            known = list(self._interpreters)
        else:
            own = [each.record.interpreter for each in registered_environments(self._home) if each.record]
            known = [*own, Interpreter.current(self._python_path)]
        return next((each for each in known if each.python == record.python), None)

    def flags(self, record: WorkerRecord, module: str) -> Flags:
        """Return the options that a module of a worker's package knows; the record's own for its usual module."""
        if module == record.module:
            return record.flags
        from gym_gui.workers.probe import probe_flags

        key = (record.package_hash, module)
        with self._asking.about(key):
            if key not in self._flags:
                interpreter = self.interpreter(record)
                environment = interpreter.variables() if interpreter else {}
                self._flags[key] = probe_flags(record.python, module, environment=environment)
        return self._flags[key]

    def environment_facts(
        self, record: WorkerRecord, env_id: str, kwargs: dict[str, Any], variables: Mapping[str, str] | None = None
    ) -> EnvironmentFacts:
        """Return what an environment is, as the interpreter of the worker that is to run it has it.

        Args:
            record: The worker.
            env_id: The environment's name.
            kwargs: What it is made with.
            variables: All that the worker gets; this process's own without them.
        """
        return self._facts.get(record, self._stamp(record), env_id, kwargs, variables)

    def trust_environment(
        self, record: WorkerRecord, env_id: str, kwargs: dict[str, Any], variables: Mapping[str, str] | None = None
    ) -> None:
        """Remember that a worker has an environment that no registry names."""
        self._facts.trust(record, self._stamp(record), env_id, kwargs, variables)

    def save(self) -> None:
        """Write the records that were made without being written; nothing happens where that is not possible."""
        self._facts.save()
        for other in list(self._others.values()):
            other.save()
        for key in list(self._unsaved):
            # Several probes may end at once, each on a thread of its own.
            if (stored := self._unsaved.pop(key, None)) is not None:
                self._write(key, stored)

    def _stamp(self, record: WorkerRecord) -> int:
        """Return the state of the packages of a worker's interpreter."""
        interpreter = self.interpreter(record)
        return install_stamp(interpreter) if interpreter else 0

    def _installed(self) -> dict[str, InstalledWorker | RegisteredEnvironment]:
        """Return the workers by name, and in place of a worker whose environment has none that environment.

        A worker's own environment comes first, then the order of the interpreters.
        """
        found: dict[str, InstalledWorker | RegisteredEnvironment] = {}
        others: list[InstalledWorker] = []
        for environment in registered_environments(self._home) if self._interpreters is None else ():
            workers = environment.workers()
            own = next((worker for worker in workers if kind_key(worker.name) == kind_key(environment.name)), None)
            found[own.name if own else environment.name] = own or environment
            others += [worker for worker in workers if worker is not own]
        kinds = {kind_key(name) for name in found}
        current = self._interpreters if self._interpreters is not None else (Interpreter.current(self._python_path),)
        for interpreter in current:
            others += self._workers_of(interpreter)
        for worker in others:
            if kind_key(worker.name) not in kinds:
                found.setdefault(worker.name, worker)
        return dict(sorted(found.items()))

    def _workers_of(self, interpreter: Interpreter) -> Sequence[InstalledWorker]:
        """Return the workers of an interpreter; where they stand is remembered until its packages change."""
        stamp = install_stamp(interpreter)
        seen = self._seen.get(interpreter.python)
        if seen is not None and seen.stamp == stamp and seen.search_path == interpreter.search_path:
            return installed_workers(seen)
        found = installed_workers(interpreter)
        known = tuple(str(worker.location) for worker in found)
        self._seen[interpreter.python] = replace(interpreter, metadata=known, stamp=stamp)
        return found

    def _record(
        self, worker: InstalledWorker | RegisteredEnvironment, on_probe: Callable[[str], None] | None
    ) -> WorkerRecord:
        known = self._known(worker)
        if known is not None or isinstance(worker, RegisteredEnvironment):
            assert known is not None
            return known
        key = _key(worker)
        with self._asking.about(key):
            known = self._known(worker)
            if known is not None:
                return known
            if on_probe:
                on_probe(worker.name)
            from gym_gui.workers.probe import probe_worker

            stamp = install_stamp(worker.interpreter)
            stored = _Stored(record=probe_worker(worker, package_hash(worker)), install_stamp=stamp)
            self._memory[key] = self._unsaved[key] = stored
            if self._persist:
                self.save()
        return stored.record

    def _known(self, worker: InstalledWorker | RegisteredEnvironment) -> WorkerRecord | None:
        """Return the record of a worker that need not be asked, ``None`` if it has to be."""
        if isinstance(worker, RegisteredEnvironment):
            return _record_of_broken(worker)
        key = _key(worker)
        stored = self._memory.get(key) or self._read(key)
        if stored is None or not _holds(stored, package_hash(worker), install_stamp(worker.interpreter)):
            return None
        self._memory[key] = stored
        return stored.record

    def _read(self, key: str) -> _Stored | None:
        return read_cache(self._folder / key, _Stored)

    def _write(self, key: str, stored: _Stored) -> None:
        with contextlib.suppress(OSError):
            write_cache(self._folder / key, stored)


def _holds(stored: _Stored, fresh_hash: str, stamp: int) -> bool:
    """Whether a record still tells the truth. What broke a worker may lie outside its package, or have passed by."""
    if stored.record.package_hash != fresh_hash:
        return False
    if stored.record.broken is None:
        return True
    age = time.time() - (stored.record.probed_at or 0)
    return stored.install_stamp == stamp and 0 <= age < BROKEN_TTL_S


def _record_of_broken(environment: RegisteredEnvironment) -> WorkerRecord:
    """Return the record of a worker whose environment cannot be used, or does not have it any more."""
    known = environment.record
    return WorkerRecord(
        name=environment.name,
        entry_point="",
        distribution="",
        version="",
        python=known.python if known else "",
        environment=environment.name,
        broken=environment.broken or f"its package is gone from its environment {known.folder if known else ''}",
        mend=environment.mend,
    )


def _key(worker: InstalledWorker) -> str:
    """Return the file name of a worker's record: readable, unique to interpreter and entry point, safe."""
    slug = re.sub(r"[^a-z0-9_-]+", "_", worker.name.lower())[:40]
    identity = f"{worker.interpreter.python}\0{worker.distribution}\0{worker.name}"
    return f"{slug}-{hashlib.sha256(identity.encode()).hexdigest()[:12]}.json"
