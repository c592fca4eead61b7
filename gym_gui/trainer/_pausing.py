"""Pauses of runs, as users ask for them: refused with the reason, or written where every supervisor reads them."""

from __future__ import annotations

from gym_gui.core.worker.errors import MosaicError, UsageError
from gym_gui.runs import RunFolder, RunState, RunSummary, check_pausable, load_plan, read_pause, write_pause


def pause(folder: RunFolder, run: RunSummary, by: str, reason: str) -> RunSummary:
    """Request that a run pauses; asking again changes nothing.

    Args:
        folder: The run's folder.
        run: The run as it stands.
        by: Who asks.
        reason: Kept with the run.

    Returns:
        The run as it stands: its supervisor reads the intent and stops the workers.

    Raises:
        UsageError: It has ended or has not begun, or one of its workers may not be stopped.
        MosaicError: The disk refused.
    """
    _check_going(run)
    if run.state is RunState.QUEUED:
        raise UsageError(
            f"run {run.run_id} cannot be paused",
            why=f"it is queued: {run.cause or 'nothing of it runs'}",
            next_step=f"wait until it runs, or cancel it: mosaic runs cancel {run.run_id}",
        )
    check_pausable(load_plan(folder))
    if read_pause(folder) is None:
        _write(folder, "paused", paused=True, by=by, reason=reason)
    return run


def unpause(folder: RunFolder, run: RunSummary, by: str) -> RunSummary:
    """Request that a paused run continues.

    Args:
        folder: The run's folder.
        run: The run as it stands.
        by: Who asks.

    Returns:
        The run as it stands.

    Raises:
        UsageError: It is not paused.
        MosaicError: The disk refused.
    """
    _check_going(run)
    if read_pause(folder) is None:
        paused = run.state is RunState.PAUSED
        raise UsageError(
            f"run {run.run_id} was not paused",
            why=f"it is {run.state.value}" + (f" ({run.cause}) and continues by itself" if paused else ""),
            next_step=f"see its state: mosaic runs why {run.run_id}",
        )
    _write(folder, "unpaused", paused=False, by=by, reason="")
    return run


def _check_going(run: RunSummary) -> None:
    if run.state.terminal:
        raise UsageError(f"run {run.run_id} has ended: {run.state.value}", next_step=f"mosaic runs show {run.run_id}")


def _write(folder: RunFolder, asked: str, *, paused: bool, by: str, reason: str) -> None:
    try:
        write_pause(folder, paused=paused, by=by, reason=reason)
    except OSError as error:
        raise MosaicError(
            f"run {folder.run_id} cannot be {asked}",
            where=str(folder.pause_intent),
            why=error.strerror or str(error),
            next_step="free disk space, then try again",
        ) from error
