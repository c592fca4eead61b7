"""Deletes ended runs."""

from __future__ import annotations

from pathlib import Path

from gym_gui.analysis.queries import get_run
from gym_gui.core.worker.errors import UsageError
from gym_gui.runs import LINGER_S, FileLock, RunFolder, RunSummary
from gym_gui.supervision import check_nothing_lives


def check_deletable(home: Path | None, run: RunSummary) -> None:
    """Make sure that a run may be deleted; wait for the proxy of one that has just ended.

    Args:
        home: The home; ``None``: on another machine, whose daemon checks the locks itself.
        run: The run.

    Raises:
        UsageError: It has not ended, or a process holds its lock or the launch lock of a worker.
    """
    if not run.state.terminal:
        raise UsageError(
            f"run {run.run_id} has not ended",
            where="" if home is None else str(RunFolder.of(home, run.run_id).path),
            why=f"it is {run.state.value}",
            next_step=f"end it first: mosaic runs cancel {run.run_id} --wait",
        )
    if home is None:
        return
    folder = RunFolder.of(home, run.run_id)
    if not _was_released(folder):
        raise UsageError(
            f"run {run.run_id} is in use",
            where=str(folder.proxy_lock),
            why="its telemetry proxy, a reindex or another deletion holds the run's lock",
            next_step="try again when that has ended",
        )
    check_nothing_lives(folder, f"run {run.run_id} cannot be deleted", f"mosaic runs delete {run.run_id}")


def _was_released(folder: RunFolder) -> bool:
    """Wait for the proxy of a run that has just ended; return whether nothing holds the run's lock."""
    lock = FileLock(folder.proxy_lock)
    try:
        return not folder.proxy_lock.exists() or lock.acquire(LINGER_S)
    except (FileNotFoundError, NotADirectoryError):  # it is being deleted: what comes next says so
        return True
    finally:
        lock.release()


def delete_run(home: Path, run_id: str) -> None:
    """Delete an ended run, through the daemon if one is running.

    Raises:
        UsageError: It has not ended, or a process holds its lock.
    """
    from gym_gui.trainer import DaemonHome

    if DaemonHome(home).daemon() is not None:
        from gym_gui.rpc import TrainerClient

        with TrainerClient.connect(home, start=False) as client:
            client.delete(run_id)
        return
    from gym_gui.trainer import delete_run as remove

    remove(home, get_run(home, run_id))
