"""Runs whose ``run.json`` was lost or cannot be read: no supervisor can take them, and yet they must come to an end."""

from __future__ import annotations

import os
import signal

from gym_gui.core.worker.errors import MosaicError
from gym_gui.runs import RunFolder, RunPlan, RunSummary, load_plan, submitted_at
from gym_gui.supervision import RunHistory, marked_processes, read_history

#: So many deaths of its supervisors, about 6 s, are given to workers to end well.
POLITE_DEATHS = 7


def why_unplanned(folder: RunFolder) -> str:
    """Return why the plan of a run cannot be read, one clause; empty where it can."""
    try:
        load_plan(folder)
    except MosaicError as error:
        return error.what
    except OSError as error:
        return f"run.json of run {folder.run_id} cannot be read: {error.strerror or error}"
    return ""


def why_unsupervised(folder: RunFolder) -> str:
    """Return why no proxy can supervise a run, one clause; empty where nothing is recorded against it."""
    unplanned = why_unplanned(folder)
    if unplanned:
        return unplanned
    try:
        return read_history(folder.supervisor_log, ()).failure
    except (MosaicError, OSError):
        return ""


def plan_of(folder: RunFolder) -> RunPlan | None:
    """Return the plan of a run, ``None`` where it cannot be read."""
    try:
        return load_plan(folder)
    except (MosaicError, OSError):
        return None


def has_begun(folder: RunFolder) -> bool:
    """Return whether there is more than what a submission writes: a proxy has had the run."""
    return any(map(os.path.lexists, (folder.supervisor_log, folder.database, folder.proxy_lock)))


def read_unplanned(folder: RunFolder) -> RunSummary:
    """Return the little that a run's folder tells without its plan."""
    try:
        history = read_history(folder.supervisor_log, ())
    except (MosaicError, OSError):
        history = RunHistory(())
    return RunSummary(
        run_id=folder.run_id,
        state=history.state,
        cause=history.cause if history.state.terminal else why_unplanned(folder),
        created_at=submitted_at(folder.run_id),
        started_at=history.started_at,
        ended_at=history.ended_at,
        report=history.proxies << 32,
    )


def end_unplanned(folder: RunFolder, deaths: int) -> None:
    """End what lives of a run, since no supervisor can.

    Args:
        folder: The run's folder.
        deaths: How many of its supervisors died; the first are answered with SIGTERM, later ones with SIGKILL.
    """
    for process in marked_processes(folder.run_id):
        process.signal(signal.SIGTERM if deaths <= POLITE_DEATHS else signal.SIGKILL)
