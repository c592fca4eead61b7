"""Where a log's bytes are read from by those who read it whole."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO


def open_log(path: Path) -> BinaryIO:
    """Open a log for reading from its first byte.

    Args:
        path: The log, as a worker wrote it.

    Raises:
        OSError: There is none, or it cannot be read.
    """
    return path.open("rb", buffering=1 << 20)
