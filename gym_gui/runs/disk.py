"""Free disk space: a gauge with hysteresis, and a ballast file to release."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from gym_gui.config.settings import get_setting
from gym_gui.core.regular_files import is_file, kind_of, open_regular

_MB = 1 << 20


class DiskGauge:
    """Detects low disk space, until there is clearly more than the limit again.

    Args:
        folder: Any folder on the file system.
        low_bytes: Less free space than this is low; 0: never.
        high_bytes: Free space from which on it is no longer low.
    """

    def __init__(self, folder: Path, low_bytes: int, high_bytes: int) -> None:
        self.folder = folder
        self.low_bytes = low_bytes
        self.high_bytes = max(low_bytes, high_bytes)
        self.free_bytes = 0
        """At the last measurement."""
        self.low = False
        """Whether space was low at the last measurement."""

    @classmethod
    def of(cls, folder: Path) -> DiskGauge:
        """Return the gauge for the settings ``disk_low_mb`` and ``disk_ballast_mb``.

        The upper limit is a quarter above the lower one, and more than the release of the ballast alone can free.
        """
        low = max(0, int(get_setting("disk_low_mb"))) * _MB
        return cls(folder, low, low + max(low // 4, 2 * ballast_bytes()))

    def look(self) -> bool:
        """Measure and return whether space is low; on an error, whether it was."""
        with contextlib.suppress(OSError):
            disk = os.statvfs(self.folder)
            self.free_bytes = disk.f_bavail * disk.f_frsize
            self.low = self.free_bytes < (self.high_bytes if self.low else self.low_bytes)
        return self.low

    @property
    def cause(self) -> str:
        """The shortage, one clause."""
        return (
            f"disk: {self.free_bytes / _MB:.1f} MiB free; continues from {self.high_bytes / _MB:g} MiB"
            f" (setting disk_low_mb: {self.low_bytes / _MB:g})"
        )


class Ballast:
    """A file that reserves disk space, to be removed when the disk is full.

    Args:
        path: The file.
        size: Bytes; 0: no ballast.
    """

    def __init__(self, path: Path, size: int) -> None:
        self.path = path
        self.size = size

    @property
    def held(self) -> bool:
        """Whether the space is reserved."""
        return is_file(self.path)

    def take(self) -> bool:
        """Reserve the space; return whether it is reserved now."""
        if self.size <= 0:
            return False
        if self.held:
            return True
        try:
            if kind_of(self.path):
                self.path.unlink()
            descriptor = open_regular(self.path, os.O_WRONLY | os.O_CREAT)
            try:
                os.posix_fallocate(descriptor, 0, self.size)
            finally:
                os.close(descriptor)
        except OSError:
            self.release()
            return False
        return True

    def release(self) -> bool:
        """Release the space; return whether any was reserved."""
        try:
            self.path.unlink()
        except OSError:
            return False
        return True


def ballast_bytes() -> int:
    """Return the size of the ballast according to the settings."""
    return max(0, int(get_setting("disk_ballast_mb"))) * _MB
