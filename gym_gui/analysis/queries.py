"""Finds runs of a home: from the registry where it knows them, else from their folders. Starts and writes nothing."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gym_gui.core.worker.errors import MosaicError, UsageError
from gym_gui.runs.filter import EVERY_RUN, RunFilter
from gym_gui.runs.folder import RunFolder, UnknownRunError
from gym_gui.runs.ids import is_run_id
from gym_gui.runs.reference import Named, is_part, resolve_reference
from gym_gui.runs.summary import RunSummary

if TYPE_CHECKING:
    from gym_gui.trainer.registry_reader import RegistryReader

_SHORT, _ID_LENGTH = 6, 26
_PAGE = 50


def list_runs(
    home: Path, wanted: RunFilter = EVERY_RUN, *, limit: int | None = None, curves: bool = False
) -> list[RunSummary]:
    """Return runs, the newest first.

    What the registry says of a run that has ended is taken as it is; a run that goes on is read from its folder.

    Args:
        home: The home.
        wanted: Which runs.
        limit: At most so many; ``None``: all.
        curves: With learning curves.
    """
    found: list[RunSummary] = []
    for run in _all_runs(home, group=wanted.group, tag=wanted.tag, curves=curves):
        if limit is not None and len(found) >= limit:
            break
        if not wanted.matches(run):
            continue
        for worker in run.workers if not curves else ():
            worker.curve = []
        found.append(run)
    return found


def get_run(home: Path, run_id: str) -> RunSummary:
    """Return what is known of a run.

    Raises:
        UsageError: There is no such run.
        MosaicError: Its folder cannot be read.
    """
    if run_id not in run_ids(home):
        raise UnknownRunError(run_id, str(home))
    registry = _registry(home)
    if registry is not None:
        # A damaged registry is the next daemon's to build anew; the folders know as much.
        with contextlib.closing(registry), contextlib.suppress(sqlite3.Error):
            known = registry.get(run_id)
            if known is not None:
                return _fresh(home, known)
    return _from_folder(home, run_id)


def run_ids(home: Path) -> list[str]:
    """Return the ids of all runs of a home, in the order of their names."""
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
            next_step="bring one back: mosaic runs restore ARCHIVE" if archived else start,
        )

    def newest_first() -> Iterator[Named]:
        return (Named(run.run_id, run.run_name) for run in _all_runs(home))

    try:
        return resolve_reference(reference, ids, newest_first, where=str(home))
    except UnknownRunError as error:
        archived = _archived(home, reference)
        if archived:
            error.why += f"; {archived:,} more {'is' if archived == 1 else 'are'} archived"
        raise


def _archived(home: Path, wanted: str) -> int:
    """Return how many runs lie in the home's archive.

    Raises:
        UsageError: One of them is the run that a user means.
    """
    from gym_gui.analysis.archive import archived_ids, archives_named

    found, here = archived_ids(home / "archive"), run_ids(home)
    packed = [run_id for run_id in found if is_part(wanted.upper(), run_id) and run_id not in here]
    packed = packed or [run_id for run_id in archives_named(home / "archive", wanted) if run_id not in here]
    if packed:
        what = f"run {packed[0]} is archived" if len(packed) == 1 else f"{len(packed)} archived runs fit"
        restore = f"bring it back: mosaic runs restore {packed[0]}"
        raise UsageError(what, where=str(home / "archive"), next_step=restore)
    return len(set(found) - set(run_ids(home)))


def short_id_length(ids: Collection[str]) -> int:
    """Return how many characters at the end of an id tell runs apart, at least 6.

    Ids of one submission begin alike (ULIDs begin with the time), so their ends are shown.

    Args:
        ids: The ids of all runs among which one is to be told.
    """
    length = _SHORT
    while length < _ID_LENGTH and len({run_id[-length:] for run_id in ids}) < len(ids):
        length += 1
    return length


def get_run_summary(home: Path, reference: str) -> dict[str, Any]:
    """Return a run's counts grouped by worker.

    Args:
        home: The home.
        reference: What :func:`resolve_run` takes.

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
    """Yield every run, the newest first; those that only the folders know stand where their time of submission says.

    A registry that turns out to be damaged is left at once: the folders tell of the runs that were not yielded.
    """
    ids = set(run_ids(home))
    registry = _registry(home)
    if registry is not None:
        yielded: set[str] = set()
        with contextlib.closing(registry), contextlib.suppress(sqlite3.Error):
            for run in _known_runs(home, registry, ids, group=group, tag=tag, curves=curves):
                if run.run_id not in yielded:  # an index of a damaged registry may hide what its table has
                    yielded.add(run.run_id)
                    yield run
            if group or tag:  # the others are of others
                return
        ids -= yielded
    yield from _strangers(home, ids)


def _known_runs(
    home: Path, registry: RegistryReader, ids: set[str], *, group: str, tag: str, curves: bool
) -> Iterator[RunSummary]:
    strangers = list(reversed(_strangers(home, ids - set(registry.run_ids()))))
    before: int | None = None
    while True:
        page = registry.list(RunFilter(group=group, tag=tag), limit=_PAGE, before=before, curves=curves)
        for run in page:
            while strangers and (strangers[-1].created_at or 0.0) >= (run.created_at or 0.0):
                yield strangers.pop()
            if run.run_id in ids:
                yield _fresh(home, run)
        if len(page) < _PAGE:
            break
        before = page[-1].sequence
    yield from reversed(strangers)


def _strangers(home: Path, run_ids: Iterable[str]) -> list[RunSummary]:
    """Return runs as their folders tell of them, the newest first."""
    found = []
    for run_id in run_ids:
        with contextlib.suppress(MosaicError, OSError):  # an unfinished submission, or a folder that is no run
            found.append(_from_folder(home, run_id))
    return sorted(found, key=lambda run: (run.created_at or 0.0, run.run_id), reverse=True)


def _fresh(home: Path, known: RunSummary) -> RunSummary:
    """Return the registry's row of a run, or a newer view of a run that has not ended by that row."""
    if known.state.terminal:
        return known
    try:
        run = _from_folder(home, known.run_id)
    except (MosaicError, OSError):
        return known
    run.sequence = known.sequence
    _take_usage(run, known)
    return run


def _take_usage(run: RunSummary, known: RunSummary) -> None:
    """Add what living workers use at the moment: it is reported, and stands in no folder."""
    reported = {(worker.worker_id, worker.attempt): worker for worker in known.workers}
    for worker in run.workers:
        found = reported.get((worker.worker_id, worker.attempt))
        if found is not None and not worker.state.terminal:
            worker.last_step_at = found.last_step_at
        if found is not None and not worker.state.terminal and worker.cpu_seconds is None:
            worker.cpu_seconds, worker.memory_bytes = found.cpu_seconds, found.memory_bytes


def _from_folder(home: Path, run_id: str) -> RunSummary:
    from gym_gui.proxy.summary import read_summary

    return read_summary(RunFolder.of(home, run_id))


def _registry(home: Path) -> RegistryReader | None:
    from gym_gui.trainer.registry_reader import open_registry_readonly

    return open_registry_readonly(home)
