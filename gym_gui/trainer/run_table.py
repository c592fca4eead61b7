"""The registry's runs as searches read them; in memory while searches are watched."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from gym_gui.reading import MetricIndex, PlanFacts, PlanIndex, curve_of
from gym_gui.runs import CurvePoint, RunSummary
from gym_gui.trainer.registry import Registry
from gym_gui.trainer.registry_reader import Curves, RegistryReader, open_registry_readonly

#: Learning curves that are kept at most.
_KEPT_CURVES = 5000
#: Last values of metrics that are kept at most.
_KEPT_METRICS = 50_000


class _Kept:
    """What is kept in memory of the registry."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.runs: dict[str, RunSummary] | None = None
        self.replaced = 0
        """How often the registry had been replaced by then."""
        self.facts: dict[str, PlanFacts] = {}
        self.curves: dict[int, dict[str, list[CurvePoint]]] = {}
        """By number of points, then by run id."""
        self._changed: set[str] = set()
        self._noting = threading.Lock()

    def note(self, run_ids: Collection[str]) -> None:
        """Have rows that were written or removed read again."""
        with self._noting:
            self._changed.update(run_ids)

    def take_changed(self) -> set[str]:
        """Return the runs that were noted since the last call."""
        with self._noting:
            changed, self._changed = self._changed, set()
            return changed


class RunTable:
    """Summaries, facts and curves of the registry's runs; its methods read, and may be called in any thread.

    Decoding the summaries of thousands of runs is most of what a search costs: while they are kept, only those that
    have changed are read again.

    Args:
        home: The home.
        registry: Its registry; one that cannot be opened a second time is read through this.
    """

    def __init__(self, home: Path, registry: Registry) -> None:
        self._home = home
        self._registry = registry
        self._kept: _Kept | None = None
        self._metrics: dict[str, dict[str, tuple[int, float | None]]] = {}
        """By metric and run: the report that it is of, and its last value, ``None`` where the run has none."""
        registry.changes.add(self._note)

    def keep(self, keep: bool) -> None:
        """Keep what is read from now on, or drop it."""
        if not keep:
            self._kept = None
        elif self._kept is None:
            self._kept = _Kept()

    def runs(self) -> dict[str, RunSummary]:
        """Return all runs of the registry by id, without curves.

        Raises:
            sqlite3.Error: It cannot be read now.
        """
        kept = self._kept
        if kept is None:
            with self._open() as registry:
                return {run.run_id: run for run in registry.list()}
        with kept.lock:
            changed = kept.take_changed()
            try:
                if kept.runs is None or kept.replaced != len(self._registry.replaced):
                    kept.replaced = len(self._registry.replaced)
                    with self._open() as registry:
                        kept.runs = {run.run_id: run for run in registry.list()}
                elif changed:
                    with self._open() as registry:
                        fresh = registry.get_all(changed)
                    for run_id in changed - fresh.keys():
                        kept.runs.pop(run_id, None)
                    for curves in kept.curves.values():
                        for run_id in changed:
                            curves.pop(run_id, None)
                    kept.runs |= fresh
            except BaseException:
                kept.note(changed)
                raise
            return dict(kept.runs)

    def facts(self, run_ids: Collection[str]) -> dict[str, PlanFacts]:
        """Return what the ``run.json`` of runs says, which never changes."""
        kept = self._kept or _Kept()
        missing = [run_id for run_id in run_ids if run_id not in kept.facts]
        read = PlanIndex(self._home).facts(missing) if missing else {}
        with kept.lock:
            kept.facts |= read
            return dict(kept.facts)

    def curves(self, run_ids: Sequence[str], points: int, current: Curves) -> dict[str, list[CurvePoint]]:
        """Return the learning curves of runs, those of each run's workers as one.

        Args:
            run_ids: The runs.
            points: Maximum number of points of each.
            current: The curves of runs under way, which may differ from those of the registry.

        Raises:
            sqlite3.Error: The registry cannot be read now.
        """
        kept = self._kept or _Kept()
        with kept.lock:
            known = dict(kept.curves.get(points, {}))
        missing = [run_id for run_id in run_ids if run_id not in current and run_id not in known]
        if missing:
            with self._open() as registry:
                read = {run_id: curve_of(curves, points) for run_id, curves in registry.curves(missing).items()}
            with kept.lock:
                if sum(map(len, kept.curves.values())) > _KEPT_CURVES:
                    kept.curves.clear()
                kept.curves.setdefault(points, {}).update(read)
            known |= read
        known |= {run_id: curve_of(current[run_id], points) for run_id in run_ids if run_id in current}
        return {run_id: known[run_id] for run_id in run_ids if run_id in known}

    def metrics(self, runs: Sequence[RunSummary], names: Sequence[str]) -> dict[str, dict[str, float]]:
        """Return the last values of metrics of runs; a run whose database cannot be read has none.

        Args:
            runs: The runs.
            names: The metrics.
        """
        found: dict[str, dict[str, float]] = {run.run_id: {} for run in runs}
        for name in names:
            kept = self._metrics.get(name, {})
            missing = [run for run in runs if kept.get(run.run_id, (-1,))[0] != run.report]
            if missing:
                read = MetricIndex(self._home).values(missing, name)
                if sum(map(len, self._metrics.values())) + len(missing) > _KEPT_METRICS:
                    self._metrics = {}
                kept = {**kept, **{run.run_id: (run.report, read[run.run_id]) for run in missing}}
                self._metrics[name] = kept
            for run in runs:
                value = kept[run.run_id][1]
                if value is not None:
                    found[run.run_id][name] = value
        return found

    def _note(self, run_ids: Collection[str]) -> None:
        kept = self._kept
        if kept is not None:
            kept.note(run_ids)

    @contextlib.contextmanager
    def _open(self) -> Iterator[RegistryReader]:
        """Open the registry by a connection of this thread: the daemon goes on writing meanwhile."""
        reader = open_registry_readonly(self._home)
        if reader is None:
            yield self._registry
            return
        with contextlib.closing(reader):
            yield reader
