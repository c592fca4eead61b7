"""Deletes the checkpoints of completed runs with ``keep_checkpoints: false``."""

from __future__ import annotations

import shutil

from gym_gui.proxy import remove_checkpoints
from gym_gui.runs import RunFolder, RunState, load_plan
from gym_gui.supervision import read_history


def has_checkpoints_to_drop(folder: RunFolder) -> bool:
    """Return whether a run has checkpoints to be deleted: it completed without wanting them.

    A run that failed, was cancelled or lost keeps its checkpoints, whatever its config says: it may be resumed.

    Raises:
        MosaicError: There is no such run, or it cannot be read.
    """
    if not folder.all_checkpoints.exists():
        return False
    plan = load_plan(folder)
    artifacts = plan.config.get("artifacts")
    if not isinstance(artifacts, dict) or artifacts.get("keep_checkpoints", True) is not False:
        return False
    history = read_history(folder.supervisor_log, (worker.worker_id for worker in plan.workers))
    return history.state is RunState.COMPLETED


def drop_checkpoints(folder: RunFolder) -> bool:
    """Delete a run's checkpoints if they are not to be kept; return whether it had any.

    Raises:
        MosaicError: There is no such run, or it cannot be read.
        OSError: They cannot be removed.
    """
    if not has_checkpoints_to_drop(folder):
        return False
    remove_checkpoints(folder)
    shutil.rmtree(folder.all_checkpoints)
    return True
