"""Records what a run's workers use over time: a line of JSON a sample, in the run's folder."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping

from gym_gui.core.regular_files import open_regular
from gym_gui.runs import RunFolder
from gym_gui.supervision import Usage


class UsageLog:
    """Appends samples to :attr:`RunFolder.usage`.

    A line is a list: Unix time, worker id, attempt, CPU seconds so far, bytes of memory, bytes of GPU memory or null.

    Args:
        folder: The run's folder.
    """

    def __init__(self, folder: RunFolder) -> None:
        self._path = folder.usage

    def add(self, at: float, usage: Mapping[tuple[str, int], Usage]) -> None:
        """Append a sample of each worker; a disk that is full costs this sample, and a curve has a gap there.

        Args:
            at: Unix time.
            usage: By worker and attempt.
        """
        lines = [
            json.dumps(
                [round(at, 2), worker_id, attempt, each.cpu_seconds, each.memory_bytes, each.gpu_memory_bytes],
                separators=(",", ":"),
            )
            for (worker_id, attempt), each in usage.items()
        ]
        if not lines:
            return
        with contextlib.suppress(OSError):
            descriptor = open_regular(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            try:
                os.write(descriptor, ("\n".join(lines) + "\n").encode())
            finally:
                os.close(descriptor)
