"""Whether steps may still be recorded: a run that has used up its disk quota keeps its episodes only."""

from __future__ import annotations

import os
import time
from pathlib import Path

#: Below the run's folder; the daemon makes it, and its being there is all that it says.
CONTROL_FILE = "control/no_steps.json"
#: Seconds between looks.
LOOK_S = 1.0


class StepQuota:
    """Looks for the control file of the run that this process belongs to, once a second at most.

    Ask at the beginning of each episode, so that an episode is recorded whole or not at all.
    """

    def __init__(self) -> None:
        folder = os.environ.get("MOSAIC_RUN_DIR")
        self._path = Path(folder, CONTROL_FILE) if folder else None
        self._look_at = 0.0
        self._open = True

    def allows_steps(self) -> bool:
        """Return whether the steps of an episode that begins now are to be recorded."""
        if self._path is not None:
            now = time.monotonic()
            if now >= self._look_at:
                self._look_at = now + LOOK_S
                self._open = not self._path.exists()
        return self._open


__all__ = ["CONTROL_FILE", "LOOK_S", "StepQuota"]
