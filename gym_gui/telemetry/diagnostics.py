"""Words of a process without a user: to stderr, which is a file on a disk that may be full."""

from __future__ import annotations

import contextlib
import os
import time


def say(text: str) -> None:
    """Write one line, with its time, to stderr; what cannot be written is left out.

    ``sys.stderr`` would raise on a full disk, and end a supervisor over a message.
    """
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S%z")
    with contextlib.suppress(OSError):
        os.write(2, f"{stamp} {text}\n".encode("utf-8", "backslashreplace"))
