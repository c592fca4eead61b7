"""Records of probed workers, kept as files until the package of a worker changes."""

from __future__ import annotations

import contextlib
import hashlib
import re
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from gym_gui.runs import read_cache, write_cache
from gym_gui.workers.environments.record import WorkerEnvironment
from gym_gui.workers.installed import package_hash
from gym_gui.workers.keyed_lock import KeyedLock
from gym_gui.workers.record import WorkerRecord

BROKEN_TTL_S = 600.0
"""A broken worker is probed again after so many seconds, though nothing seems to have changed."""


class _Probed(msgspec.Struct, kw_only=True):
    """A probed worker, as its file has it."""

    record: WorkerRecord
    install_stamp: int
    """State of the environment's packages: what was missing then may be there now."""


class RecordCache:
    """Probes workers, and keeps their records.

    A worker is probed if its package is new or has changed, else its record is read from its file. Where files cannot
    be written, records live as long as this object.

    Args:
        home: The MOSAIC home; files lie in ``workers/records`` there.
        persist: Write new records at once; otherwise nothing is written before :meth:`save`.
    """

    def __init__(self, home: Path, *, persist: bool = True) -> None:
        self._folder = home / "workers" / "records"
        self._persist = persist
        self._memory: dict[str, _Probed] = {}
        self._unsaved: dict[str, _Probed] = {}
        self._probing = KeyedLock()

    def get(
        self, installed: WorkerRecord, environment: WorkerEnvironment, on_probe: Callable[[str], None] | None = None
    ) -> WorkerRecord:
        """Return the record of a worker, probed if need be.

        Args:
            installed: The worker as a scan found it; one that is broken is returned as it is.
            environment: Where it is installed.
            on_probe: Called with the worker's name before it is probed, which takes seconds.
        """
        known = self.known(installed, environment)
        if known is not None:
            return known
        key = _key(installed)
        with self._probing.held(key):
            known = self.known(installed, environment)
            if known is not None:
                return known
            if on_probe:
                on_probe(installed.name)
            # Imported when it is needed, so that listing known workers is quick.
            from gym_gui.workers.probe import probe_worker

            stamp = environment.stamp()
            probed = _Probed(record=probe_worker(installed, environment), install_stamp=stamp)
            self._memory[key] = self._unsaved[key] = probed
            if self._persist:
                self.save()
        return probed.record

    def known(self, installed: WorkerRecord, environment: WorkerEnvironment) -> WorkerRecord | None:
        """Return the record of a worker that need not be probed, ``None`` if it has to be."""
        if installed.broken:
            return installed
        key = _key(installed)
        probed = self._memory.get(key) or read_cache(self._folder / key, _Probed)
        if probed is None or not _is_valid(probed, package_hash(installed), environment):
            return None
        self._memory[key] = probed
        return probed.record

    def save(self) -> None:
        """Write the records that are not written yet; nothing happens where that is not possible."""
        for key in list(self._unsaved):
            # Several probes may end at once, each on a thread of its own.
            if (probed := self._unsaved.pop(key, None)) is not None:
                with contextlib.suppress(OSError):
                    write_cache(self._folder / key, probed)


def _is_valid(probed: _Probed, fresh_hash: str, environment: WorkerEnvironment) -> bool:
    """Return whether a record is still true. What broke a worker may lie outside its package, or be over."""
    if probed.record.package_hash != fresh_hash:
        return False
    if probed.record.broken is None:
        return True
    age = time.time() - (probed.record.probed_at or 0)
    return probed.install_stamp == environment.stamp() and 0 <= age < BROKEN_TTL_S


def _key(record: WorkerRecord) -> str:
    """Return the file name of a worker's record: readable, unique to interpreter and entry point, safe."""
    slug = re.sub(r"[^a-z0-9_-]+", "_", record.name.lower())[:40]
    identity = f"{record.python}\0{record.distribution}\0{record.name}"
    return f"{slug}-{hashlib.sha256(identity.encode()).hexdigest()[:12]}.json"
