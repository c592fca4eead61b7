"""Removes the folder of a run that has ended."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

from gym_gui.core.worker.errors import MosaicError, UsageError
from gym_gui.reading import MetricIndex, PlanIndex
from gym_gui.runs import LINGER_S, FileLock, RunFolder, RunSummary
from gym_gui.supervision import check_nothing_lives

logger = logging.getLogger(__name__)

#: What the name of a folder begins with whose run is no more.
_DOOMED = ".deleted-"


def delete_run(home: Path, run: RunSummary) -> None:
    """Remove a run's folder while holding its lock; the folder vanishes in one step, then its files go.

    Args:
        home: The home.
        run: The run.

    Raises:
        UsageError: It has not ended, or something still works on it.
        MosaicError: Its files cannot be removed.
    """
    folder = RunFolder.of(home, run.run_id)
    if not run.state.terminal:
        raise UsageError(
            f"run {run.run_id} is {run.state.value}",
            why="a run that has not ended cannot be deleted",
            next_step=f"end it first: mosaic runs cancel {run.run_id} --wait",
        )
    if not folder.path.exists():
        return
    lock = FileLock(folder.proxy_lock)
    if folder.control.is_dir() and not lock.acquire(LINGER_S):
        raise UsageError(
            f"run {run.run_id} is in use", where=str(folder.proxy_lock), next_step="try again in a few seconds"
        )
    try:
        check_nothing_lives(folder, f"run {run.run_id} cannot be deleted", f"mosaic runs delete {run.run_id}")
        doomed = folder.path.with_name(f"{_DOOMED}{run.run_id}")
        _remove(doomed)
        folder.path.rename(doomed)
        PlanIndex(home).forget(run.run_id)
        MetricIndex(home).forget(run.run_id)
        _remove(doomed)
    except OSError as error:
        raise MosaicError(
            f"run {run.run_id} cannot be removed",
            where=str(error.filename or folder.path),
            why=error.strerror or str(error),
            next_step="fix that; the next daemon removes the rest: mosaic daemon stop, mosaic daemon start",
        ) from error
    finally:
        lock.release()


def finish_deletions(home: Path) -> None:
    """Remove what is left of runs whose deletion was cut short."""
    for path in (home / "runs").glob(f"{_DOOMED}*"):
        try:
            _remove(path)
        except OSError as error:  # noqa: PERF203 - hardly ever more than one
            logger.warning("the rest of a deleted run cannot be removed: %s; the next daemon tries again", error)


def _remove(folder: Path) -> None:
    """Remove a folder, which another process may be removing as well."""
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        shutil.rmtree(folder)  # says what is in the way
