"""Persisted cancellation and pause requests, in the run's folder for every supervisor to read."""

from __future__ import annotations

import contextlib
import errno
import time

import msgspec

from gym_gui.core.regular_files import read_regular
from gym_gui.core.worker.errors import UsageError
from gym_gui.runs.files import READ_ERRORS, sync_folder, write_json_atomic
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.plan import RunPlan


class CancelIntent(msgspec.Struct, frozen=True, kw_only=True):
    """The content of ``control/cancel.json``."""

    at: float = 0.0
    """Time of the request, Unix time."""
    by: str = ""
    reason: str = ""

    @property
    def cause(self) -> str:
        """Requester and reason, one clause."""
        return "cancelled" + (f" by {self.by}" if self.by else "") + (f": {self.reason}" if self.reason else "")


def read_cancel(folder: RunFolder) -> CancelIntent | None:
    """Return a run's cancellation request, ``None`` if there is none; an unreadable one counts as one."""
    if not folder.cancel_intent.exists():
        return None
    try:
        return msgspec.json.decode(read_regular(folder.cancel_intent), type=CancelIntent)
    except READ_ERRORS:
        return CancelIntent()


def write_cancel(folder: RunFolder, *, by: str, reason: str) -> None:
    """Request a run's cancellation, durably unless the disk is full.

    A full disk has no space for requester and reason, but has for a name: then an empty file is the request.

    Raises:
        OSError: The request cannot be written.
    """
    try:
        write_json_atomic(folder.cancel_intent, CancelIntent(at=time.time(), by=by, reason=reason))
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        folder.cancel_intent.touch(mode=0o600)
        with contextlib.suppress(OSError):  # a full disk may refuse even this; the request stands
            sync_folder(folder.cancel_intent.parent)


class PauseIntent(msgspec.Struct, frozen=True, kw_only=True):
    """The content of ``control/pause.json``."""

    paused: bool
    """Whether the run is to be paused."""
    at: float
    """Time of the request, Unix time."""
    by: str = ""
    reason: str = ""

    @property
    def cause(self) -> str:
        """Requester and reason, one clause."""
        return "paused" + (f" by {self.by}" if self.by else "") + (f": {self.reason}" if self.reason else "")


def read_pause(folder: RunFolder) -> PauseIntent | None:
    """Return a run's pause request, ``None`` without one."""
    try:
        intent = msgspec.json.decode(read_regular(folder.pause_intent), type=PauseIntent)
    except READ_ERRORS:
        return None
    return intent if intent.paused else None


def write_pause(folder: RunFolder, *, paused: bool, by: str, reason: str) -> None:
    """Request that a run is paused or continued, durably.

    Raises:
        OSError: The request cannot be written.
    """
    write_json_atomic(folder.pause_intent, PauseIntent(paused=paused, at=time.time(), by=by, reason=reason))


def check_pausable(plan: RunPlan) -> None:
    """Make sure that every worker of a run may be paused.

    Raises:
        UsageError: One may not.
    """
    for worker in plan.workers:
        if not worker.pausable:
            raise UsageError(
                f"run {plan.run_id} cannot be paused",
                where=f"worker {worker.worker_id}",
                why=f"{worker.worker_type!r} does not declare that it can be paused (capability supports_pause_resume)",
                next_step="cancel it, and resume from its last checkpoint if it has one: mosaic runs cancel"
                f" {plan.run_id} --wait, then mosaic resume {plan.run_id}",
            )
