"""How what happens in any process of a run reaches the worker's telemetry, with nothing lost on the way."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Any

_POLL_S = 0.05
_CHUNK = 1 << 20


class Road:
    """Where the processes that step environments append their events.

    Under MOSAIC that is the worker's own log: each event is one appending write, in the kernel before the next step.
    Without MOSAIC, processes of their own append to a file whose lines are copied to stdout.

    Args:
        folder: Where the file is made, if one is needed.
        remote: Whether environments are stepped in processes of their own.
    """

    def __init__(self, folder: Path, *, remote: bool) -> None:
        self._spool: Path | None = None
        self.log: str | None = os.environ.get("MOSAIC_LOG") or None
        if self.log is None and remote:
            self._spool = folder / "events.jsonl"
            self._spool.touch()
            self.log = str(self._spool)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._copy, name="mosaic-road", daemon=True)

    def __enter__(self) -> Road:
        if self._spool is not None:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.drain()

    def drain(self) -> None:
        """Copy what is left; call it when the processes have ended."""
        if self._thread.is_alive():
            self._ended.set()
            self._thread.join()

    def _copy(self) -> None:
        from gym_gui.core.worker import sink

        assert self._spool is not None
        write = sink.stream_write(sink.default_stream or sys.stdout)
        rest = b""
        with self._spool.open("rb") as spool:
            while True:
                ended = self._ended.is_set()
                while data := spool.read(_CHUNK):
                    lines, newline, rest = (rest + data).rpartition(b"\n")
                    if newline:
                        _write_all(write, lines + newline)
                if ended:
                    return
                self._ended.wait(_POLL_S)


def _write_all(write: Any, data: bytes) -> None:
    taken = 0
    while taken < len(data):
        taken += write(data[taken:])


__all__ = ["Road"]
