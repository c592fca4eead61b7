"""The workers that can be used here."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from gym_gui.core.worker.errors import UsageError, nearest
from gym_gui.runs import kind_key
from gym_gui.workers.environment_facts import EnvironmentFacts, FactsCache
from gym_gui.workers.environments.record import WorkerEnvironment, registered_environments
from gym_gui.workers.installed import installed_workers
from gym_gui.workers.keyed_lock import KeyedLock
from gym_gui.workers.record import WorkerRecord
from gym_gui.workers.record_cache import RecordCache

Flags = list[str]
Names = list[str]

INSTALL_ONE = "mosaic workers install random"
"""The command that installs a first worker."""

#: Search paths of submitters that are remembered at once.
_MAX_PATHS = 16


class _Installed(NamedTuple):
    """A worker as a scan found it, and where; one whose environment cannot be used is broken already."""

    record: WorkerRecord
    environment: WorkerEnvironment


class WorkerCatalog:
    """Finds workers and describes them without importing any.

    A worker's record is made by a probe in its own interpreter when its package is new or has changed, and read from
    ``$MOSAIC_HOME/workers/records`` otherwise. Where that folder cannot be written, they live as long as this object.

    A worker that has an environment of its own in the home is started there, wherever else it is installed.

    Args:
        home: The MOSAIC home.
        environments: Where workers are installed; those of the home and the one of this process by default.
        persist: Write new records at once; otherwise nothing is written before :meth:`save`.
        python_path: The ``PYTHONPATH`` of the workers, where that is not this process's own.
    """

    def __init__(
        self,
        home: Path,
        environments: Sequence[WorkerEnvironment] | None = None,
        *,
        persist: bool = True,
        python_path: str | None = None,
    ) -> None:
        self._home = home
        self._environments = tuple(environments) if environments is not None else None
        self._persist = persist
        self._python_path = python_path
        self._others: dict[str, WorkerCatalog] = {}
        self._records = RecordCache(home, persist=persist)
        self._flags: dict[tuple[str, str], list[str]] = {}
        self._locks = KeyedLock()
        self._seen: dict[str, WorkerEnvironment] = {}
        self._facts = FactsCache(home / "workers" / "environments", persist=persist)

    def within(self, variables: Mapping[str, str]) -> WorkerCatalog:
        """Return the catalog of workers that are started with these variables.

        Args:
            variables: All that they get; which workers there are depends on the ``PYTHONPATH`` among them.
        """
        path = variables.get("PYTHONPATH", "")
        own = os.environ.get("PYTHONPATH", "") if self._python_path is None else self._python_path
        if self._environments is not None or path == own:
            return self
        with self._locks.held("python_path"):
            if path not in self._others:
                while len(self._others) >= _MAX_PATHS:
                    self._others.pop(next(iter(self._others)))
                self._others[path] = WorkerCatalog(self._home, persist=self._persist, python_path=path)
            return self._others[path]

    def list(self, on_probe: Callable[[str], None] | None = None) -> list[WorkerRecord]:
        """Return the records of all workers, by name, broken ones included.

        Args:
            on_probe: Called with the name of each worker that has to be probed, which takes seconds.
        """
        found = self._installed()
        known = {name: self._records.known(*worker) for name, worker in found.items()}
        unknown = [name for name, record in known.items() if record is None]
        if unknown:
            from concurrent.futures import ThreadPoolExecutor

            with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
                probed = pool.map(lambda name: self._records.get(*found[name], on_probe), unknown)
                known.update(zip(unknown, probed, strict=True))
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
            return self._records.get(*found[name], on_probe)
        if len(alike) == 1:
            return self._records.get(*found[alike[0]], on_probe)
        if alike:
            raise UsageError(
                f"{name!r} may be any of {', '.join(alike)}",
                why="their names differ in spelling only",
                next_step="use the full name of one",
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
        installed = self._installed().items()
        return next((name for name, (record, _) in installed if record.package.partition(".")[0] == top != ""), None)

    def names(self) -> Names:
        """Return the names of all workers, broken ones included, without probing any."""
        return list(self._installed())

    def sources(self, name: str) -> Path | None:
        """Return the folder that a worker was installed from; ``None`` where that is unknown, or was not a folder."""
        record, environment = self._installed()[name]
        folder = Path(record.project or environment.origin)
        return folder if record.project or (environment.origin and folder.is_dir()) else None

    def environment(self, record: WorkerRecord) -> WorkerEnvironment | None:
        """Return where a worker is installed; ``None`` if it is none of this catalog's."""
        known: Iterable[WorkerEnvironment]
        if self._environments is not None:
            known = self._environments
        else:
            known = [*registered_environments(self._home), WorkerEnvironment.current(self._python_path)]
        return next((each for each in known if each.python and each.python == record.python), None)

    def flags(self, record: WorkerRecord, module: str) -> Flags:
        """Return the options of a module of a worker's package; those of the record for its usual module."""
        if module == record.module:
            return record.flags
        from gym_gui.workers.probe import probe_flags

        key = (record.package_hash, module)
        with self._locks.held(key):
            if key not in self._flags:
                environment = self.environment(record)
                variables = environment.variables() if environment else {}
                self._flags[key] = probe_flags(record.python, module, variables=variables)
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
        self._records.save()

    def _stamp(self, record: WorkerRecord) -> int:
        """Return the state of the packages of a worker's environment."""
        environment = self.environment(record)
        return environment.stamp() if environment else 0

    def _installed(self) -> dict[str, _Installed]:
        """Return the workers by name, and for an environment without its worker a broken one.

        A worker's own environment comes first, then the order of the environments.
        """
        found: dict[str, _Installed] = {}
        others: list[_Installed] = []
        for environment in registered_environments(self._home) if self._environments is None else ():
            workers = [_Installed(record, environment) for record in installed_workers(environment)]
            own = next((each for each in workers if kind_key(each.record.name) == kind_key(environment.name)), None)
            own = own or _Installed(_broken(environment), environment)
            found[own.record.name] = own
            others += [each for each in workers if each is not own]
        kinds = {kind_key(name) for name in found}
        current = (WorkerEnvironment.current(self._python_path),) if self._environments is None else self._environments
        for environment in current:
            others += self._workers_of(environment)
        for each in others:
            if kind_key(each.record.name) not in kinds:
                found.setdefault(each.record.name, each)
        return dict(sorted(found.items()))

    def _workers_of(self, environment: WorkerEnvironment) -> Sequence[_Installed]:
        """Return the workers of an environment; where they are is remembered until its packages change."""
        seen = self._seen.get(environment.python)
        if seen is not None and seen.search_path == environment.search_path and seen.stamp() == seen.install_stamp:
            return [_Installed(record, seen) for record in installed_workers(seen)]
        stamp = environment.stamp()
        records = installed_workers(environment)
        locations = list(dict.fromkeys(record.location for record in records))
        seen = msgspec.structs.replace(environment, metadata=locations, install_stamp=stamp)
        self._seen[environment.python] = seen
        return [_Installed(record, seen) for record in records]


def _broken(environment: WorkerEnvironment) -> WorkerRecord:
    """Return the record of a worker whose environment cannot be used, or no longer has it."""
    return WorkerRecord(
        name=environment.name,
        entry_point="",
        distribution="",
        version="",
        python=environment.python,
        environment=environment.name,
        broken=environment.broken or f"its package is gone from its environment {environment.folder}",
        mend=shlex.join(environment.command()),
    )
