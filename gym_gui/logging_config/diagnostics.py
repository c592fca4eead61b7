"""Words of a process without a user: to stderr, which is a file on a disk that may be full."""

from __future__ import annotations

import contextlib
import io
import os


class DirectStderr(io.TextIOBase):
    """Writes straight to descriptor 2; what cannot be written is left out.

    ``sys.stderr`` would raise on a full disk, and end a supervisor over a message.
    """

    def write(self, text: str) -> int:
        """Write a text."""
        with contextlib.suppress(OSError):
            os.write(2, text.encode("utf-8", "backslashreplace"))
        return len(text)

    def flush(self) -> None:
        """Nothing is held back."""


def say(text: str) -> None:
    """Log a warning that has no code of its own."""
    import logging  # only now: a proxy launches its workers before it imports what it can do without

    logging.getLogger(__name__).warning("%s", text)
