"""Which process supervises a run, as the run's folder tells it."""

from __future__ import annotations

import msgspec

from gym_gui.core.regular_files import read_regular
from gym_gui.runs.files import UNREADABLE
from gym_gui.runs.folder import RunFolder
from gym_gui.telemetry.identity import ProcessIdentity


def proxy_of(folder: RunFolder) -> ProcessIdentity | None:
    """Return the process that took the run's lock last, dead or alive; ``None`` if none ever did."""
    try:
        return msgspec.json.decode(read_regular(folder.proxy_identity), type=ProcessIdentity)
    except UNREADABLE:
        return None
