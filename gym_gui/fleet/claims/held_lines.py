"""Log lines of one attempt that wait for earlier ones, on disk: written to its log in order, each batch once."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from gym_gui.core.regular_files import append, append_whole, read_regular
from gym_gui.fleet.claims.messages import LogLine

#: Batches that are remembered, at least; a batch that comes again comes soon.
REMEMBERED = 1000


class Batch(msgspec.Struct, tag=True, array_like=True):
    """Stands before the lines of a batch."""

    id: str
    """Empty: it does not come again."""
    lines: int = 0
    """How many lines came of it, beside those that follow here."""


class HeldLines:
    """The lines of one attempt that wait.

    Args:
        path: Where they are kept; other files have names that begin with this one.
        log: The attempt's log.
    """

    def __init__(self, path: Path, log: Path) -> None:
        self._path = path
        self._log = log
        self._remembered = path.with_name(f"{path.name}.ids")

    def hold(self, lines: Sequence[LogLine], batch: str = "", before: int = 0) -> None:
        """Take lines, whole or not at all.

        Args:
            lines: The lines of a batch.
            batch: Tells this batch from others; empty: it does not come again.
            before: How many of them were taken before.

        Raises:
            OSError: The disk refuses; nothing was taken.
        """
        if not lines and not batch:
            return
        data = b"".join(msgspec.json.encode(each) + b"\n" for each in (Batch(batch, before), *lines[before:]))
        append_whole(self._path, data)

    def write(self) -> None:
        """Append the lines to the attempt's log, in the order of their own times.

        A file that is being written is named by the size that the log had before: after a kill it is written on from
        where it ended, each line once.
        """
        for path in self._begun():
            self._write(path)
        with contextlib.suppress(FileNotFoundError):
            begun = self._path.with_name(f"{self._path.name}.{self._log.stat().st_size}")
            self._path.rename(begun)
            self._write(begun)

    def recall(self) -> dict[str, int]:
        """Return how many lines came of each of the last batches: an earlier daemon may have been killed in one.

        What there is of a line that was being written then is removed: its batch comes again.
        """
        with contextlib.suppress(OSError):
            data = read_regular(self._path)
            if not data.endswith(b"\n"):
                os.truncate(self._path, data.rfind(b"\n") + 1)
        found: dict[str, int] = {}
        for path in (self._remembered, *self._begun(), self._path):
            with contextlib.suppress(OSError):
                found.update(_batches(read_regular(path)))
        return found

    def _begun(self) -> list[Path]:
        return sorted(self._path.parent.glob(f"{self._path.name}.[0-9]*"))

    def _write(self, path: Path) -> None:
        lines: list[LogLine] = []
        data = read_regular(path)
        for line in data.splitlines():
            if _batch(line) is None:
                lines.append(_line(line, lines[-1].at if lines else 0.0))
        whole = b"".join(line.encoded() for line in sorted(lines, key=lambda line: line.at))
        append(self._log, whole[max(0, self._log.stat().st_size - int(path.suffix[1:])) :])
        self._remember(_batches(data))
        path.unlink()

    def _remember(self, batches: dict[str, int]) -> None:
        if not batches:
            return
        with contextlib.suppress(OSError):
            before = _batches(read_regular(self._remembered))
            if len(before) > 2 * REMEMBERED:
                self._remembered.unlink()
                batches = {**dict(list(before.items())[-REMEMBERED:]), **batches}
        append(self._remembered, b"".join(msgspec.json.encode(Batch(*each)) + b"\n" for each in batches.items()))


def _batches(data: bytes) -> dict[str, int]:
    """Return how many lines there are of each batch, in the order in which they came."""
    found: dict[str, int] = {}
    current = Batch("")
    for line in data.splitlines():
        begins = _batch(line)
        if begins is not None:
            current = begins
        else:
            current.lines += 1
        if current.id:
            found[current.id] = current.lines
    return found


def _batch(line: bytes) -> Batch | None:
    """Return the batch that begins with a line; ``None``: the line is one of a log."""
    try:
        return msgspec.json.decode(line, type=Batch) if line.startswith(b'["Batch"') else None
    except (ValueError, msgspec.DecodeError):
        return None


def _line(data: bytes, at: float) -> LogLine:
    """Return a line that was held; of one that is torn (a full disk, a kill) what there is, at the time before it."""
    try:
        return msgspec.json.decode(data, type=LogLine)
    except (ValueError, msgspec.DecodeError):
        return LogLine(at, "WARNING", data.decode("utf-8", "replace"))
