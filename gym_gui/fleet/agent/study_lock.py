"""A file that a study has open as long as it runs: by it an agent finds a study that is not on record yet."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gym_gui.fleet.agent.file_lock import holding_group, inherited, is_held, try_lock


class StudyLock:
    """The lock of the study of a machine.

    Args:
        path: The file; ``None``: studies have no lock.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def start(self, command: Sequence[str], **options: Any) -> subprocess.Popen[bytes]:
        """Start a study, which has the lock from its first moment to its end.

        Args:
            command: Its words.
            options: Of :class:`subprocess.Popen`.

        Raises:
            OSError: It cannot be started.
        """
        descriptor = self._take()
        try:
            kept = {} if descriptor is None else inherited(descriptor)
            return subprocess.Popen(command, **options, **kept)
        finally:
            if descriptor is not None:
                os.close(descriptor)

    @property
    def alive(self) -> bool:
        """Whether a study has it."""
        return self._path is not None and is_held(self._path)

    @property
    def pid(self) -> int:
        """The leader of the study's processes; 0 if the system does not say."""
        return 0 if self._path is None else holding_group(self._path)

    def clear(self) -> None:
        """Forget the study: what it left running is not it."""
        if self._path is not None:
            with contextlib.suppress(OSError):  # on Windows: a process has it open
                self._path.unlink()

    def _take(self) -> int | None:
        """Return a new file with its lock; ``None`` if there can be none, on a full disk, say."""
        self.clear()
        if self._path is None:
            return None
        try:
            descriptor = os.open(str(self._path), os.O_RDWR | os.O_CREAT, 0o600)
        except OSError:
            return None
        try_lock(descriptor)
        return descriptor
