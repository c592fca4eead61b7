"""The wish that a run stands still, as it lies in the run's folder for every supervisor to read."""

from __future__ import annotations

import time

import msgspec

from gym_gui.core.regular_files import read_regular
from gym_gui.core.worker.errors import UsageError
from gym_gui.runs.files import UNREADABLE, write_json_atomic
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.plan import RunPlan


class PauseIntent(msgspec.Struct, frozen=True, kw_only=True):
    """What ``control/pause.json`` holds."""

    paused: bool
    """Whether the run is to stand still."""
    at: float
    """When somebody asked, Unix time."""
    by: str = ""
    reason: str = ""

    @property
    def cause(self) -> str:
        """Who asked, and why, one clause."""
        return "paused" + (f" by {self.by}" if self.by else "") + (f": {self.reason}" if self.reason else "")


def read_pause(folder: RunFolder) -> PauseIntent | None:
    """Return the wish that a run stands still, ``None`` where nobody has it (any more)."""
    try:
        intent = msgspec.json.decode(read_regular(folder.pause_intent), type=PauseIntent)
    except UNREADABLE:
        return None
    return intent if intent.paused else None


def write_pause(folder: RunFolder, *, paused: bool, by: str, reason: str) -> None:
    """Ask that a run stands still, or goes on; it survives a power cut when this returns.

    Raises:
        OSError: The disk refused.
    """
    write_json_atomic(folder.pause_intent, PauseIntent(paused=paused, at=time.time(), by=by, reason=reason))


def check_pausable(plan: RunPlan) -> None:
    """Check that every worker of a run may be stopped and continued.

    Raises:
        UsageError: One may not.
    """
    for worker in plan.workers:
        if not worker.pausable:
            raise UsageError(
                f"run {plan.run_id} cannot be paused",
                where=f"worker {worker.worker_id}",
                why=f"{worker.worker_type!r} does not say that it can be stopped and continued (its capability"
                " supports_pause_resume)",
                next_step="cancel it, and resume from its last checkpoint if it has one: mosaic runs cancel"
                f" {plan.run_id} --wait, then mosaic resume {plan.run_id}",
            )
