"""Writes messages to a driver process in a thread of its own: no other thread waits for one that does not read."""

from __future__ import annotations

import contextlib
import queue
import threading
from typing import IO, Any

from gym_gui.fleet.ray_cluster.frames import write_frame


class FrameWriter:
    """Messages for one process, in the order in which they were given. All calls may come from threads.

    What waits is bounded by what the process asked for: it gets an answer to each call, and news of what has changed.

    Args:
        stream: Its stdin, which is closed after the last message.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._waiting: queue.SimpleQueue[tuple[dict[str, Any], bytes] | None] = queue.SimpleQueue()
        self._gone = False
        threading.Thread(target=self._run, daemon=True).start()

    def send(self, fields: dict[str, Any], data: bytes = b"") -> None:
        """Have a message written; one for a process that is gone is discarded.

        Args:
            fields: What it says.
            data: Bytes of a file that go with it.
        """
        if not self._gone:
            self._waiting.put((fields, data))

    def close(self) -> None:
        """Have the stream closed once all is written, or the process is gone."""
        self._waiting.put(None)

    def _run(self) -> None:
        try:
            with contextlib.suppress(OSError, ValueError):  # its reader notices that it is gone
                while (message := self._waiting.get()) is not None:
                    write_frame(self._stream, *message)
        finally:
            self._gone = True
            with contextlib.suppress(OSError):
                self._stream.close()
