"""What the ``run.json`` of each run says, kept in one file so that a query over thousands of runs opens no folder.

``run.json`` never changes, so that an entry is valid for ever.
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from gym_gui.core.worker.errors import MosaicError
from gym_gui.reading.cache_file import CacheFile
from gym_gui.reading.fields import PlanFacts
from gym_gui.runs import RunFolder, RunPlan, canonical_json, load_plan

_VERSION = 2
_TABLES = {"plans": "run_id TEXT PRIMARY KEY, facts BLOB NOT NULL"}
_BATCH = 500
#: Characters of the notes that can be searched.
_NOTES = 1000
#: Settings that MOSAIC sets itself, or that tell runs of one experiment apart.
_MANAGED = ("run_id", "worker_id", "seed")
_decoder = msgspec.json.Decoder(PlanFacts)


class PlanIndex:
    """Facts of runs' plans.

    Args:
        home: The home of the runs.
    """

    def __init__(self, home: Path) -> None:
        self.path = home / "cache" / "plans.db"
        self._home = home
        self._file = CacheFile(self.path, _VERSION, _TABLES)

    def facts(self, run_ids: Iterable[str]) -> dict[str, PlanFacts]:
        """Return the facts of runs; a run without a readable ``run.json`` is left out.

        Those that the file does not have yet are read from the runs' folders and added.

        Args:
            run_ids: The runs.
        """
        wanted = list(run_ids)
        found: dict[str, PlanFacts] = {}
        with contextlib.closing(self._file.open()) as database:
            with contextlib.suppress(sqlite3.Error, ValueError):
                if len(wanted) > _BATCH:
                    rows = database.execute("SELECT run_id, facts FROM plans")
                    among = set(wanted)
                    found = {run_id: _decoder.decode(facts) for run_id, facts in rows if run_id in among}
                else:
                    marks = ", ".join("?" * len(wanted))
                    rows = database.execute(f"SELECT run_id, facts FROM plans WHERE run_id IN ({marks})", wanted)  # noqa: S608
                    found = {run_id: _decoder.decode(facts) for run_id, facts in rows}
            missing = [run_id for run_id in wanted if run_id not in found]
            for start in range(0, len(missing), _BATCH):
                read = self._read(missing[start : start + _BATCH])
                found |= read
                self._add(database, read)
        return found

    def forget(self, run_id: str) -> None:
        """Take a run out whose folder was removed: nothing of it is to be left."""
        if self.path.exists():
            with contextlib.closing(self._file.open()) as database, contextlib.suppress(sqlite3.Error), database:
                database.execute("DELETE FROM plans WHERE run_id = ?", (run_id,))

    def _read(self, run_ids: Iterable[str]) -> dict[str, PlanFacts]:
        facts = {}
        for run_id in run_ids:
            with contextlib.suppress(MosaicError, OSError, ValueError, OverflowError):
                facts[run_id] = facts_of(load_plan(RunFolder.of(self._home, run_id)))
        return facts

    @staticmethod
    def _add(database: sqlite3.Connection, facts: Mapping[str, PlanFacts]) -> None:
        rows = [(run_id, msgspec.json.encode(each)) for run_id, each in facts.items()]
        with contextlib.suppress(sqlite3.Error), database:  # a full or read-only disk: they are read again
            database.executemany("INSERT OR REPLACE INTO plans VALUES (?, ?)", rows)


def facts_of(plan: RunPlan) -> PlanFacts:
    """Return the facts of a plan."""
    settings: dict[str, list[Any]] = {}
    for worker in plan.workers:
        for name, value in _flat(worker.config):
            values = settings.setdefault(name, [])
            if not any(value == known and type(value) is type(known) for known in values):
                values.append(value)
    return PlanFacts(
        variant=_variant(plan),
        submitter=plan.submitter,
        notes=str(plan.config.get("notes") or "")[:_NOTES],
        study=_study(plan),
        settings=settings,
    )


def _study(plan: RunPlan) -> tuple[str, ...]:
    metadata = plan.config.get("metadata")
    study = metadata.get("study") if isinstance(metadata, dict) else None
    named = [study.get(key) for key in ("name", "study_id")] if isinstance(study, dict) else []
    return tuple(each for each in named if isinstance(each, str))


def _variant(plan: RunPlan) -> str:
    """Return the digest of an experiment without its seed."""
    workers = [
        [worker.worker_type, {name: value for name, value in worker.config.items() if name not in _MANAGED}]
        for worker in plan.workers
    ]
    environment = plan.config.get("environment")
    own = {
        name: value
        for name, value in (environment.items() if isinstance(environment, dict) else ())
        if name not in ("WORKER_ID", "MOSAIC_RUN_ID")
    }
    # What a worker writes into its own run's folder differs between all runs.
    text = canonical_json([workers, own, plan.config.get("schedule")]).replace(plan.run_id, "${run_id}")
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _flat(value: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, Any]]:
    for name, item in value.items():
        path = f"{prefix}{name}"
        if isinstance(item, dict) and item:
            yield from _flat(item, f"{path}.")
        elif isinstance(item, (list, dict)):
            yield path, msgspec.json.encode(item).decode()
        else:
            yield path, item
