"""Removes the folder of a run that has ended."""

from __future__ import annotations

import shutil
from pathlib import Path

from gym_gui.core.worker.errors import UsageError
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.lock import FileLock
from gym_gui.runs.summary import RunSummary

_PATIENCE_S = 1.0


def delete_run(home: Path, run: RunSummary) -> None:
    """Remove a run's folder while holding its lock; the folder vanishes in one step, then its files go.

    Args:
        home: The home.
        run: The run.

    Raises:
        UsageError: It has not ended, or something still works on it.
        OSError: Its files cannot be removed.
    """
    folder = RunFolder.of(home, run.run_id)
    if not run.state.terminal:
        raise UsageError(
            f"run {run.run_id} is {run.state.value}",
            why="a run that has not ended cannot be deleted",
            next_step=f"mosaic runs cancel {run.run_id}",
        )
    if not folder.path.exists():
        return
    lock = FileLock(folder.proxy_lock)
    if folder.control.exists() and not lock.acquire(_PATIENCE_S):
        raise UsageError(
            f"run {run.run_id} is in use", where=str(folder.proxy_lock), next_step="try again in a few seconds"
        )
    try:
        doomed = folder.path.with_name(f".deleted-{run.run_id}")
        folder.path.rename(doomed)
        shutil.rmtree(doomed)
    finally:
        lock.release()
