"""Figures that were taken and are not in their runs' logs yet, on disk: one append for all that came together."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec

from gym_gui.core.regular_files import append_whole, read_regular
from gym_gui.fleet.orders import AttemptKey

logger = logging.getLogger(__name__)


class Spooled(msgspec.Struct, array_like=True):
    """All figures of one attempt that waited at a moment."""

    key: AttemptKey
    percent: int
    """How much of it was done."""
    values: dict[str, float]
    log_bytes: int
    """Size of the attempt's log then: figures that follow are as new as these."""


class FigureSpool:
    """Two files: one grows while what the other has is written to the runs' logs. All calls may come from threads.

    Args:
        folder: Where they lie; made where it is missing.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._present, self._before = folder / "figures.jsonl", folder / "figures.before.jsonl"
        self._lock = threading.Lock()
        self._waiting: dict[AttemptKey, Spooled] = {}
        self.bytes = 0
        """Size of what is in use since the last :meth:`begin`."""

    def add(self, figures: Spooled) -> None:
        """Take figures, in place of earlier ones of their attempt; they are on disk after the next :meth:`commit`."""
        with self._lock:
            self._waiting[figures.key] = figures

    def commit(self) -> None:
        """Write what was taken, whole or not at all.

        Raises:
            OSError: The disk refuses; it is tried again with the next call.
        """
        with self._lock:
            if not self._waiting:
                return
            data = b"".join(msgspec.json.encode(each) + b"\n" for each in self._waiting.values())
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            append_whole(self._present, data)
            self._waiting.clear()
            self.bytes += len(data)

    def begin(self) -> None:
        """Begin a new file, unless the one before is still there: :meth:`drop` removes it.

        Raises:
            OSError: The disk refuses.
        """
        with self._lock, contextlib.suppress(FileNotFoundError):
            if not self._before.exists():
                self._present.rename(self._before)
                self.bytes = 0

    def drop(self) -> None:
        """Remove the file before: its figures are in the logs of their runs."""
        with contextlib.suppress(OSError):
            self._before.unlink()

    def read(self) -> dict[AttemptKey, Spooled]:
        """Return what an earlier process left, of each attempt what waited last.

        What there is of a line that was being written when that process was killed is removed: it was not answered.
        """
        return {each.key: each for path in (self._before, self._present) for each in self._lines(path)}

    def _lines(self, path: Path) -> Iterator[Spooled]:
        try:
            data = read_regular(path)
            if not data.endswith(b"\n"):
                os.truncate(path, data.rfind(b"\n") + 1)
        except FileNotFoundError:
            return
        except OSError as error:
            logger.warning("figures that an earlier daemon left cannot be read: %s", error)
            return
        self.bytes += len(data)
        yield from filter(None, map(_figures, data.splitlines()))


def _figures(line: bytes) -> Spooled | None:
    """Return what a line has; ``None``: nothing that can be read."""
    try:
        return msgspec.json.decode(line, type=Spooled)
    except (ValueError, msgspec.DecodeError) as error:
        logger.warning("a line with figures that an earlier daemon left is not read: %s", error)
        return None
