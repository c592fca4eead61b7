"""The wish that a run ends, as it lies in the run's folder for every supervisor to read."""

from __future__ import annotations

import contextlib
import errno
import time

import msgspec

from gym_gui.core.regular_files import read_regular
from gym_gui.runs.files import UNREADABLE, sync_folder, write_json_atomic
from gym_gui.runs.folder import RunFolder


class CancelIntent(msgspec.Struct, frozen=True, kw_only=True):
    """What ``control/cancel.json`` holds."""

    at: float = 0.0
    """When somebody asked, Unix time."""
    by: str = ""
    reason: str = ""

    @property
    def cause(self) -> str:
        """Who asked, and why, one clause."""
        return "cancelled" + (f" by {self.by}" if self.by else "") + (f": {self.reason}" if self.reason else "")


def read_cancel(folder: RunFolder) -> CancelIntent | None:
    """Return the wish that a run ends, ``None`` where nobody has it; one that cannot be read is a wish all the same."""
    if not folder.cancel_intent.exists():
        return None
    try:
        return msgspec.json.decode(read_regular(folder.cancel_intent), type=CancelIntent)
    except UNREADABLE:
        return CancelIntent()


def write_cancel(folder: RunFolder, *, by: str, reason: str) -> None:
    """Ask that a run ends; it survives a power cut when this returns, if the disk is not full.

    A full disk has no room for who asked and why, but has for a name: then an empty file is the wish.

    Raises:
        OSError: The disk refused.
    """
    try:
        write_json_atomic(folder.cancel_intent, CancelIntent(at=time.time(), by=by, reason=reason))
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        folder.cancel_intent.touch(mode=0o600)
        with contextlib.suppress(OSError):  # a full disk may refuse even this; the wish stands all the same
            sync_folder(folder.cancel_intent.parent)
