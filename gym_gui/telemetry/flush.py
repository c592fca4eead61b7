"""Writes files out in the background, so that making them durable a moment later takes next to no time."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterable
from pathlib import Path

from gym_gui.core.regular_files import open_regular


class Flush:
    """One round over some files, in a thread of its own. It promises nothing: an fsync afterwards does.

    Args:
        paths: The files; those that are not there are left out.
    """

    def __init__(self, paths: Iterable[Path]) -> None:
        self._paths = list(paths)
        self._thread = threading.Thread(target=self._run, name="flush", daemon=True)
        self._thread.start()

    @property
    def done(self) -> bool:
        """Whether every file has been written out."""
        return not self._thread.is_alive()

    def _run(self) -> None:
        for path in self._paths:
            with contextlib.suppress(OSError):
                descriptor = open_regular(path)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)
