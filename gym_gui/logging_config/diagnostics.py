"""Diagnostics of background processes, whose stderr is a file on a possibly full disk."""

from __future__ import annotations

import contextlib
import io
import os


class DirectStderr(io.TextIOBase):
    """Writes to descriptor 2 directly and ignores errors.

    ``sys.stderr`` would raise on a full disk, and a message would end a supervisor.
    """

    def write(self, text: str) -> int:
        """Write a text."""
        with contextlib.suppress(OSError):
            os.write(2, text.encode("utf-8", "backslashreplace"))
        return len(text)

    def flush(self) -> None:
        """Do nothing: there is no buffer."""


def say(text: str) -> None:
    """Log a warning without a code of its own."""
    import logging  # imported here: a proxy launches its workers before it imports anything unnecessary

    logging.getLogger(__name__).warning("%s", text)
