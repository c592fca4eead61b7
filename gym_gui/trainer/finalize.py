"""Ends of runs: those that the daemon writes itself, where no supervisor lives, and whether all is done after one."""

from __future__ import annotations

from gym_gui.core.regular_files import NotRegularFile, open_stream
from gym_gui.core.worker.errors import MosaicError
from gym_gui.proxy import read_summary
from gym_gui.runs import (
    FileLock,
    RunFolder,
    RunState,
    RunSummary,
    SupervisorLog,
    clear_log_place,
    forget_secrets,
    is_locked,
    secret_files,
)
from gym_gui.supervision import held_launch_locks, make_folders
from gym_gui.trainer.unplanned import read_unplanned, why_unplanned

_PATIENCE_S = 1.0


def finalize_run(folder: RunFolder, state: RunState, cause: str) -> RunSummary:
    """Write the end of a run that no process supervises into its folder, unless it has ended already.

    Args:
        folder: The run's folder.
        state: The terminal state.
        cause: Why, one clause.

    Returns:
        The run as it stands now.

    Raises:
        MosaicError: A supervisor holds the run, or something of it lives.
        OSError: The disk refused.
    """
    make_folders(folder)
    lock = FileLock(folder.proxy_lock)
    if not lock.acquire(_PATIENCE_S):
        raise MosaicError(f"run {folder.run_id} is held by a telemetry proxy", where=str(folder.proxy_lock))
    try:
        clear_log_place(folder.supervisor_log)
        run = _read(folder)
        if run.state.terminal:
            forget_secrets(folder)
            return run
        for held in held_launch_locks(folder):
            raise MosaicError(
                f"run {folder.run_id} has not ended: something of it lives",
                where=str(held.path),
                why=f"its launch lock is held by {held.holder}",
                next_step="end it there",
            )
        log = SupervisorLog(folder.supervisor_log)
        try:
            for worker in run.workers:
                if not worker.state.terminal:
                    log.append(
                        "withdrawn", run_id=run.run_id, worker_id=worker.worker_id, state=state.value, cause=cause
                    )
            log.append("state", run_id=run.run_id, state=state.value, cause=cause)
        finally:
            log.close()
        forget_secrets(folder)
        return _read(folder)
    finally:
        lock.release()


def _read(folder: RunFolder) -> RunSummary:
    return read_unplanned(folder) if why_unplanned(folder) else read_summary(folder)


#: Of a SQLite database's header: the file format's write version, and what it says of the write-ahead log.
_VERSION_AT, _WITH_LOG = 18, 2


def is_run_over(folder: RunFolder, state: RunState) -> bool:
    """Return whether no more rows can follow: the run has ended, and no process works on its database."""
    return state.terminal and (is_finished(folder) or not is_locked(folder.proxy_lock))


def is_finished(folder: RunFolder) -> bool:
    """Return whether nothing is left to be done for a run that has ended.

    A proxy's last acts are to remove the private files and to turn the database's write-ahead log off, so that the
    folder can be copied and read by anyone. One that was killed before that has left something undone, and a successor
    does it.
    """
    if secret_files(folder):
        return False
    try:
        with open_stream(folder.database) as database:
            header = database.read(_VERSION_AT + 1)
    except FileNotFoundError:
        return True
    except NotRegularFile:
        return False
    return len(header) > _VERSION_AT and header[_VERSION_AT] != _WITH_LOG
