"""Room on the disk: when it runs low, and a ballast that makes some when it does."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from gym_gui.config.settings import get_setting
from gym_gui.core.regular_files import is_file, kind_of, open_regular

_MB = 1 << 20


class DiskGauge:
    """Tells whether a file system has room. Once it is low it stays so until there is clearly more than the mark.

    Args:
        folder: Any folder on it.
        low_bytes: Less than this is low; 0: never.
        high_bytes: Only from here on there is room again.
    """

    def __init__(self, folder: Path, low_bytes: int, high_bytes: int) -> None:
        self.folder = folder
        self.low_bytes = low_bytes
        self.high_bytes = max(low_bytes, high_bytes)
        self.free_bytes = 0
        """At the last look."""
        self.low = False
        """Whether it was low at the last look."""

    @classmethod
    def of(cls, folder: Path) -> DiskGauge:
        """Return the gauge that the settings ``disk_low_mb`` and ``disk_ballast_mb`` describe.

        Room is there again a quarter above the mark, and further above than the ballast's release alone can lift it.
        """
        low = max(0, int(get_setting("disk_low_mb"))) * _MB
        return cls(folder, low, low + max(low // 4, 2 * ballast_bytes()))

    def look(self) -> bool:
        """Look now; return whether room is low. A file system that cannot be asked is taken to be as it was."""
        with contextlib.suppress(OSError):
            found = os.statvfs(self.folder)
            self.free_bytes = found.f_bavail * found.f_frsize
            self.low = self.free_bytes < (self.high_bytes if self.low else self.low_bytes)
        return self.low

    @property
    def cause(self) -> str:
        """What is the matter, one clause."""
        return (
            f"disk: {self.free_bytes / _MB:.1f} MiB free; it goes on from {self.high_bytes / _MB:g} MiB"
            f" (setting disk_low_mb: {self.low_bytes / _MB:g})"
        )


class Ballast:
    """A file that only takes room, so that removing it gives what must be written on a full disk some.

    Args:
        path: The file.
        size: Bytes; 0: no ballast.
    """

    def __init__(self, path: Path, size: int) -> None:
        self.path = path
        self.size = size

    @property
    def held(self) -> bool:
        """Whether the room is taken."""
        return is_file(self.path)

    def take(self) -> bool:
        """Take the room; return whether it is taken now."""
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
        """Give the room back; return whether there was any to give."""
        try:
            self.path.unlink()
        except OSError:
            return False
        return True


def ballast_bytes() -> int:
    """Return the size of the ballast that the settings ask for."""
    return max(0, int(get_setting("disk_ballast_mb"))) * _MB
