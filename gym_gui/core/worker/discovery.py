"""Finds the workers installed in this environment by their entry points.

This imports the worker packages into the calling process: it is meant for worker environments and tests.
"""

from __future__ import annotations

import logging
import sys
import time
from dataclasses import dataclass
from typing import Any, Callable

from gym_gui.constants import (
    WORKER_DISCOVERY_TIMEOUT_S,
    WORKER_ENTRY_POINT_GROUP,
    WORKER_METADATA_CACHE_TTL_S,
)
from gym_gui.core.worker.entry_points import EntryPoint, find_entry_points, load_entry_point
from gym_gui.core.worker.protocol import WorkerCapabilities, WorkerMetadata

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class DiscoveredWorker:
    """One installed worker.

    Args:
        worker_id: Name of its entry point: the kind of worker.
        metadata: Who it is.
        capabilities: What it can do.
        entry_point_name: The same.
        module_path: What the entry point names, e.g. ``"my_worker:get_worker_metadata"``.
        distribution: The installed distribution it comes from, if known.
        distribution_version: That distribution's version.
    """

    worker_id: str
    metadata: WorkerMetadata
    capabilities: WorkerCapabilities
    entry_point_name: str = ""
    module_path: str = ""
    distribution: str | None = None
    distribution_version: str | None = None

    @property
    def package(self) -> str:
        """The top package of the worker, e.g. ``"my_worker"``."""
        return self.module_path.partition(":")[0].partition(".")[0]

    @property
    def cli_module(self) -> str:
        """The module that ``python -m`` runs."""
        return self.package + ".cli"


class WorkerDiscovery:
    """Finds workers and remembers them for a while.

    Args:
        group: Entry-point group.
        cache_ttl_s: Seconds for which what was found is believed.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        group: str = WORKER_ENTRY_POINT_GROUP,
        *,
        cache_ttl_s: float = WORKER_METADATA_CACHE_TTL_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._group = group
        self._cache_ttl_s = cache_ttl_s
        self._clock = clock
        self._workers: dict[str, DiscoveredWorker] = {}
        self._broken: dict[str, str] = {}
        self._found_at: float | None = None

    @property
    def broken(self) -> dict[str, str]:
        """Entry points that cannot be used, with the reason."""
        self._by_id()
        return dict(self._broken)

    def discover_all(self, *, force_reload: bool = False) -> list[DiscoveredWorker]:
        """Return all workers, sorted by their ids. One that fails to import is logged and left out.

        Args:
            force_reload: Look again even if what was found is fresh.
        """
        return list(self._by_id(force_reload).values())

    def _by_id(self, force_reload: bool = False) -> dict[str, DiscoveredWorker]:
        now = self._clock()
        if force_reload or self._found_at is None or now - self._found_at > self._cache_ttl_s:
            self._workers, self._broken = {}, {}
            for entry_point in sorted(find_entry_points(sys.path, self._group), key=lambda found: found.name):
                self._load(entry_point)
            self._found_at = now
        return self._workers

    def get_worker(self, worker_id: str) -> DiscoveredWorker | None:
        """Return one worker, or ``None`` if there is no such one."""
        return self._by_id().get(worker_id)

    def list_worker_ids(self) -> list[str]:
        """Return the ids of all workers, sorted."""
        return list(self._by_id())

    def has_worker(self, worker_id: str) -> bool:
        """Return whether there is such a worker."""
        return worker_id in self._by_id()

    def get_capabilities(self, worker_id: str) -> WorkerCapabilities | None:
        """Return what a worker can do, or ``None`` if there is no such one."""
        worker = self.get_worker(worker_id)
        return worker.capabilities if worker else None

    def filter_by_paradigm(self, paradigm: str) -> list[DiscoveredWorker]:
        """Return the workers that train in this way, e.g. ``"sequential"``."""
        return [found for found in self.discover_all() if found.capabilities.supports_paradigm(paradigm)]

    def filter_by_env_family(self, family: str) -> list[DiscoveredWorker]:
        """Return the workers that take environments of this family, e.g. ``"gymnasium"``."""
        return [found for found in self.discover_all() if found.capabilities.supports_env_family(family)]

    def clear_cache(self) -> None:
        """Forget what was found."""
        self._found_at = None

    def _load(self, entry_point: EntryPoint) -> None:
        started = self._clock()
        name = entry_point.name
        try:
            metadata, capabilities = load_entry_point(entry_point.value)()
            if not isinstance(metadata, WorkerMetadata) or not isinstance(capabilities, WorkerCapabilities):
                raise TypeError("get_worker_metadata() must return (WorkerMetadata, WorkerCapabilities)")
        except Exception as error:  # noqa: BLE001 - a broken package must not hide the others
            self._broken[name] = f"{type(error).__name__}: {error}"
            self._log("LOG_WORKER_SDK_DISCOVERY_BROKEN", name, reason=self._broken[name])
            return
        seconds = self._clock() - started
        if seconds > WORKER_DISCOVERY_TIMEOUT_S:
            self._log("LOG_WORKER_SDK_DISCOVERY_SLOW", name, seconds=round(seconds, 1))
        self._workers[name] = DiscoveredWorker(
            worker_id=name,
            metadata=metadata,
            capabilities=capabilities,
            entry_point_name=name,
            module_path=entry_point.value,
            distribution=entry_point.distribution or None,
            distribution_version=entry_point.version or None,
        )

    @staticmethod
    def _log(constant: str, name: str, **extra: Any) -> None:
        from gym_gui.logging_config import log_constants
        from gym_gui.logging_config.helpers import log_constant

        log_constant(_LOGGER, getattr(log_constants, constant), extra={"worker_type": name, **extra})


def discover_workers(*, force_reload: bool = False) -> list[DiscoveredWorker]:
    """Return all workers of this environment, sorted by their ids (remembered for the process)."""
    return _discovery.discover_all(force_reload=force_reload)


_discovery = WorkerDiscovery()

__all__ = ["WORKER_ENTRY_POINT_GROUP", "DiscoveredWorker", "WorkerDiscovery", "discover_workers"]
