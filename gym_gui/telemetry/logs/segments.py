"""Segments of a log that its worker renamed, replaced or truncated.

Each stretch of a file that was read without a break is a segment. Its end is recorded in the supervisor's log before
it is recorded in the database: a recount and a reindex then use the same segments as the first indexing.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from gym_gui.core.regular_files import is_file, open_regular
from gym_gui.runs import RunFolder, read_events
from gym_gui.telemetry.logs.cursor import Cursor, hash_before

TRUNCATED_EVENT = "truncated"
"""Name of the event in the supervisor's log."""
_CHUNK = 1 << 20


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of a log that was read to its end, and its continuation."""

    worker_no: int
    worker_id: str
    attempt: int
    base: int = 0
    """Logical offset of its first byte."""
    byte_offset: int
    """Logical offset after its last byte, at which reading continues."""
    reason: str
    """``truncated``, ``replaced`` (another file has the log's name), ``unseen`` (the same file continues)."""
    start: int = 0
    """Its begin in its file."""
    part: str = ""
    """The name in the folder of logs under which its file is kept; empty: it is gone."""
    tail: str = ""
    """Hash of the (at most 64) bytes of the file before its end, hexadecimal."""
    next_start: int = 0
    """Where reading continues in the next file."""
    unseen: bool = True
    """Whether printed lines may have been lost at its end."""

    @property
    def length(self) -> int:
        return self.byte_offset - self.base


Key = tuple[int, int]


def read_segments(folder: RunFolder) -> dict[Key, list[Segment]]:
    """Return the recorded segments of a run's logs, in order.

    Raises:
        MosaicError: The supervisor's log is not a file.
        OSError: It cannot be read.
    """
    return segments_in(read_events(folder.supervisor_log))


def segments_in(events: Iterable[Mapping[str, Any]]) -> dict[Key, list[Segment]]:
    """Return the segments that events record; the last one with the same beginning counts."""
    segments: dict[Key, dict[int, Segment]] = {}
    for event in events:
        if event.get("event") != TRUNCATED_EVENT:
            continue
        with contextlib.suppress(msgspec.ValidationError):
            segment = msgspec.convert(event, Segment)
            of_log = segments.setdefault((segment.worker_no, segment.attempt), {})
            if "base" not in event and of_log:  # an earlier version's
                segment = msgspec.structs.replace(segment, base=max(one.byte_offset for one in of_log.values()))
            before = of_log.get(segment.base)
            if before is not None and before.length == 0 and before.unseen:
                segment = msgspec.structs.replace(segment, unseen=True)
            of_log[segment.base] = segment
    return {key: [of_log[base] for base in sorted(of_log)] for key, of_log in segments.items()}


def file_of(folder: RunFolder, segment: Segment) -> Path | None:
    """Return the file of a segment, ``None`` if it is gone or changed."""
    path = folder.logs / segment.part
    if not segment.part or "/" in segment.part or not is_file(path):
        return None
    try:
        descriptor = open_regular(path)
    except OSError:
        return None
    try:
        end = segment.start + segment.length
        same = hash_before(descriptor, end).hex() == segment.tail
        return path if same and os.fstat(descriptor).st_size >= end else None
    finally:
        os.close(descriptor)


def readable(folder: RunFolder, segments: list[Segment]) -> list[Segment]:
    """Return the last segments, as far back as all can be read again."""
    first = len(segments)
    while first and file_of(folder, segments[first - 1]) is not None:
        first -= 1
    return segments[first:]


def beginning(folder: RunFolder, segments: list[Segment]) -> tuple[Cursor, int]:
    """Return the first cursor of an unindexed log, and how many bytes before it are lost."""
    kept = readable(folder, segments)
    if kept:
        return Cursor(kept[0].base, kept[0].base - kept[0].start), kept[0].base
    if segments:
        last = segments[-1]
        return Cursor(last.byte_offset, last.byte_offset - last.next_start), last.byte_offset
    return Cursor(), 0


def keep_part(path: Path, descriptor: int, part: str = "") -> str:
    """Keep a file that had a log's name under a name of its own.

    Args:
        path: The log.
        descriptor: The file, open for reading.
        part: The result of an earlier call: a copy is updated.

    Returns:
        The name in the folder of logs; empty if the disk does not permit it.
    """
    if part:
        with contextlib.suppress(OSError):
            status = (path.parent / part).lstat()
            if status.st_ino != os.fstat(descriptor).st_ino:
                _copy(descriptor, path.parent / part)
        return part
    number = 1
    while os.path.lexists(part_path(path, number)):
        number += 1
    target = part_path(path, number)
    try:
        link_open_file(descriptor, target)
    except OSError:  # it has no name any more, or there is no /proc
        try:
            _copy(descriptor, target)
        except OSError:
            target.unlink(missing_ok=True)
            return ""
    return target.name


def link_open_file(descriptor: int, target: Path) -> None:
    """Give an open file one more name.

    Raises:
        OSError: It has no name any more, the new one is on another disk, or there is no ``/proc``.
    """
    opened = os.open("/proc/self/fd", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:  # without the folder's descriptor Python would link the entry itself, which is on another disk
        os.link(str(descriptor), target, src_dir_fd=opened, follow_symlinks=True)
    finally:
        os.close(opened)


def part_path(path: Path, number: int) -> Path:
    """Return the path under which a file that had a log's name is kept."""
    return path.with_name(f"{path.name}.part{number:04d}")


def _copy(descriptor: int, target: Path) -> None:
    copy = open_regular(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    try:
        place = 0
        while data := os.pread(descriptor, _CHUNK, place):
            place += len(data)
            while data:
                data = data[os.write(copy, data) :]
    finally:
        os.close(copy)
