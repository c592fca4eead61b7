"""Queries of a home's runs, from the registry or from their folders; read-only."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gym_gui.core.worker.errors import MosaicError, UsageError
from gym_gui.runs import (
    EVERY_RUN,
    CurvePoint,
    NamedRun,
    RunFilter,
    RunFolder,
    RunState,
    RunSummary,
    UnknownRunError,
    is_part_of_id,
    is_run_id,
    resolve_reference,
)

if TYPE_CHECKING:
    from gym_gui.trainer import RegistryReader

_SHORT, _ID_LENGTH = 6, 26
_PAGE = 50


def list_runs(
    home: Path, wanted: RunFilter = EVERY_RUN, *, limit: int | None = None, curves: bool = False
) -> list[RunSummary]:
    """Return runs, the newest first.

    An ended run is returned as registered; an active run is read from its folder.

    Args:
        home: The home.
        wanted: Filters of the runs.
        limit: Maximum number of runs; ``None``: all.
        curves: Include learning curves.
    """
    runs: list[RunSummary] = []
    for run in _all_runs(home, group=wanted.group, tag=wanted.tag, curves=curves):
        if limit is not None and len(runs) >= limit:
            break
        if not wanted.matches(run):
            continue
        for worker in run.workers if not curves else ():
            worker.curve = []
        runs.append(run)
    return runs


def get_run(home: Path, run_id: str) -> RunSummary:
    """Return the summary of a run.

    Raises:
        UsageError: There is no such run.
        MosaicError: Its folder cannot be read.
    """
    if run_id not in run_ids(home):
        raise UnknownRunError(run_id, str(home))
    registry = _registry(home)
    if registry is not None:
        # The next daemon rebuilds a damaged registry; the folders have the same data.
        with contextlib.closing(registry), contextlib.suppress(sqlite3.Error):
            registered = registry.get(run_id)
            if registered is not None:
                return _fresh(home, registered)
    return _from_folder(home, run_id)


def run_curves(home: Path, ids: Iterable[str], points: int) -> dict[str, list[CurvePoint]]:
    """Return the learning curves of runs, those of each run's workers as one.

    Args:
        home: The home.
        ids: The runs; those that cannot be read are left out.
        points: Maximum number of points of each.
    """
    from gym_gui.reading import curve_of

    wanted, found = list(ids), {}
    registry = _registry(home)
    if registry is not None:
        with contextlib.closing(registry), contextlib.suppress(sqlite3.Error):
            states = tuple(state for state in RunState if not state.terminal)
            active = {run.run_id for run in registry.list(RunFilter(states=states))}
            found = registry.curves(run_id for run_id in wanted if run_id not in active)
    for run_id in wanted:
        if run_id not in found:
            with contextlib.suppress(MosaicError, OSError):
                found[run_id] = [worker.curve for worker in _from_folder(home, run_id).workers]
    return {run_id: curve_of(curves, points) for run_id, curves in found.items()}


def run_ids(home: Path) -> list[str]:
    """Return the ids of all runs of a home, sorted."""
    try:
        return sorted(path.name for path in (home / "runs").iterdir() if is_run_id(path.name))
    except (FileNotFoundError, NotADirectoryError):
        return []


def resolve_run(home: Path, reference: str) -> str:
    """Return the id of the run that a user means.

    Args:
        home: The home.
        reference: A run id, ``latest``, the name of one run, or the beginning or end of one id in either case.

    Raises:
        UsageError: There is no such run, or there are several.
    """
    ids = run_ids(home)
    if not ids:
        archived = _archived(home, reference)
        start = "start one: mosaic train WORKER, or name another home with --home DIR"
        raise UsageError(
            f"there is no run {reference!r}",
            where=str(home),
            why=f"all its runs are archived ({archived:,})" if archived else "no run has been started in this home",
            next_step="restore one: mosaic runs restore ARCHIVE" if archived else start,
        )

    def newest_first() -> Iterator[NamedRun]:
        return (NamedRun(run.run_id, run.run_name) for run in _all_runs(home))

    try:
        return resolve_reference(reference, ids, newest_first, where=str(home))
    except UnknownRunError as error:
        archived = _archived(home, reference)
        if archived:
            error.why += f"; {archived:,} more {'is' if archived == 1 else 'are'} archived"
        raise


def _archived(home: Path, wanted: str) -> int:
    """Return the number of archived runs.

    Raises:
        UsageError: One of them is the run that a user means.
    """
    from gym_gui.analysis.archive import archives_named
    from gym_gui.reading import archived_ids

    archived, here = archived_ids(home / "archive"), run_ids(home)
    matches = [run_id for run_id in archived if is_part_of_id(wanted.upper(), run_id) and run_id not in here]
    matches = matches or [run_id for run_id in archives_named(home / "archive", wanted) if run_id not in here]
    if matches:
        what = f"run {matches[0]} is archived" if len(matches) == 1 else f"{len(matches)} archived runs match"
        restore = f"restore it: mosaic runs restore {matches[0]}"
        raise UsageError(what, where=str(home / "archive"), next_step=restore)
    return len(set(archived) - set(run_ids(home)))


def short_id_length(ids: Collection[str]) -> int:
    """Return the shortest length of unique ends of run ids, at least 6.

    Ids of one submission begin alike (ULIDs begin with the time), so their ends are displayed.

    Args:
        ids: The ids.
    """
    length = _SHORT
    while length < _ID_LENGTH and len({run_id[-length:] for run_id in ids}) < len(ids):
        length += 1
    return length


def get_run_summary(home: Path, reference: str) -> dict[str, Any]:
    """Return a run's counts grouped by worker.

    Args:
        home: The home.
        reference: As for :func:`resolve_run`.

    Returns:
        ``run_id``, ``state``, ``episodes``, ``steps``, and ``workers``: per worker id its type, state, attempt,
        episodes, steps and mean return of the last 100 training episodes.

    Raises:
        UsageError: There is no such run.
    """
    run = get_run(home, resolve_run(home, reference))
    workers = {
        worker.worker_id: {
            "worker_type": worker.worker_type,
            "state": worker.state.value,
            "attempt": worker.attempt,
            "episodes": worker.episodes,
            "steps": worker.steps,
            "mean_return_100": worker.mean_return_100,
        }
        for worker in run.workers
    }
    counts = {"run_id": run.run_id, "state": run.state.value, "episodes": run.episodes, "steps": run.steps}
    return {**counts, "workers": workers}


def _all_runs(home: Path, *, group: str = "", tag: str = "", curves: bool = False) -> Iterator[RunSummary]:
    """Yield every run, the newest first, unregistered ones by their time of submission.

    A damaged registry is abandoned at once: the remaining runs are read from their folders.
    """
    ids = set(run_ids(home))
    registry = _registry(home)
    if registry is not None:
        yielded: set[str] = set()
        with contextlib.closing(registry), contextlib.suppress(sqlite3.Error):
            for run in _registered_runs(home, registry, ids, group=group, tag=tag, curves=curves):
                if run.run_id not in yielded:  # with a damaged index a row may occur twice
                    yielded.add(run.run_id)
                    yield run
            if group or tag:  # the registry has filtered the others out
                return
        ids -= yielded
    yield from _unregistered_runs(home, ids)


def _registered_runs(
    home: Path, registry: RegistryReader, ids: set[str], *, group: str, tag: str, curves: bool
) -> Iterator[RunSummary]:
    """Yield the registered runs and, in between, the unregistered ones."""
    unregistered = list(reversed(_unregistered_runs(home, ids - set(registry.run_ids()))))
    before: int | None = None
    while True:
        page = registry.list(RunFilter(group=group, tag=tag), limit=_PAGE, before=before, curves=curves)
        for run in page:
            while unregistered and (unregistered[-1].created_at or 0.0) >= (run.created_at or 0.0):
                yield unregistered.pop()
            if run.run_id in ids:
                yield _fresh(home, run)
        if len(page) < _PAGE:
            break
        before = page[-1].sequence
    yield from reversed(unregistered)


def _unregistered_runs(home: Path, run_ids: Iterable[str]) -> list[RunSummary]:
    """Return runs from their folders, the newest first."""
    runs = []
    for run_id in run_ids:
        with contextlib.suppress(MosaicError, OSError):  # an unfinished submission, or a folder without a run
            runs.append(_from_folder(home, run_id))
    return sorted(runs, key=lambda run: (run.created_at or 0.0, run.run_id), reverse=True)


def _fresh(home: Path, registered: RunSummary) -> RunSummary:
    """Return the registered summary of an ended run, or a newer one of an active run."""
    if registered.state.terminal:
        return registered
    try:
        run = _from_folder(home, registered.run_id)
    except (MosaicError, OSError):
        return registered
    run.sequence = registered.sequence
    _copy_usage(run, registered)
    return run


def _copy_usage(run: RunSummary, registered: RunSummary) -> None:
    """Copy the reported usage of living workers, which is in no folder."""
    reported = {(worker.worker_id, worker.attempt): worker for worker in registered.workers}
    for worker in run.workers:
        report = reported.get((worker.worker_id, worker.attempt))
        if report is not None and not worker.state.terminal:
            worker.last_step_at = report.last_step_at
        if report is not None and not worker.state.terminal and worker.cpu_seconds is None:
            worker.cpu_seconds, worker.memory_bytes = report.cpu_seconds, report.memory_bytes


def _from_folder(home: Path, run_id: str) -> RunSummary:
    from gym_gui.proxy import read_summary

    return read_summary(RunFolder.of(home, run_id))


def _registry(home: Path) -> RegistryReader | None:
    from gym_gui.trainer import open_registry_readonly

    return open_registry_readonly(home)
