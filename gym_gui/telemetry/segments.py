"""The files that one log consists of, where its worker renamed, replaced or truncated it.

Each stretch of a file that was read in one go is a segment. When reading goes on elsewhere, the supervisor's log says
so before the database does: a recount and a reindex then find the same segments as the first indexing.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from gym_gui.core.regular_files import is_file, open_regular
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.supervisor_log import read_events
from gym_gui.telemetry.reading import Cursor, tail_hash

EVENT = "truncated"
"""Of the supervisor's log."""
TAIL_BYTES = 64
_CHUNK = 1 << 20


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of a log that was read to its end, and how reading went on."""

    worker_no: int
    worker_id: str
    attempt: int
    base: int = 0
    """Logical offset of its first byte."""
    byte_offset: int
    """Logical offset after its last byte, at which reading goes on."""
    reason: str
    """``truncated``, ``replaced`` (another file has the log's name), ``unseen`` (the same file goes on)."""
    start: int = 0
    """Where it begins in its file."""
    part: str = ""
    """The name in the folder of logs under which its file is kept; empty: it is not to be had any more."""
    tail: str = ""
    """Hash of the (at most 64) bytes of the file before its end, hexadecimal."""
    next_start: int = 0
    """Where reading goes on in the file that comes next."""
    unseen: bool = True
    """Whether something may have been printed that nobody could read."""

    @property
    def length(self) -> int:
        return self.byte_offset - self.base


Key = tuple[int, int]


def read_segments(folder: RunFolder) -> dict[Key, list[Segment]]:
    """Return what a run's supervisor log tells of each log that was read in several segments, in order.

    Raises:
        MosaicError: The log is no file.
        OSError: It cannot be read.
    """
    return segments_in(read_events(folder.supervisor_log))


def segments_in(events: Iterable[Mapping[str, Any]]) -> dict[Key, list[Segment]]:
    """Return the segments that events tell of; of several with one beginning the last counts."""
    found: dict[Key, dict[int, Segment]] = {}
    for event in events:
        if event.get("event") != EVENT:
            continue
        with contextlib.suppress(msgspec.ValidationError):
            segment = msgspec.convert(event, Segment)
            of_log = found.setdefault((segment.worker_no, segment.attempt), {})
            if "base" not in event and of_log:  # an earlier version's
                segment = msgspec.structs.replace(segment, base=max(one.byte_offset for one in of_log.values()))
            before = of_log.get(segment.base)
            if before is not None and before.length == 0 and before.unseen:
                segment = msgspec.structs.replace(segment, unseen=True)
            of_log[segment.base] = segment
    return {key: [of_log[base] for base in sorted(of_log)] for key, of_log in found.items()}


def file_of(folder: RunFolder, segment: Segment) -> Path | None:
    """Return the file that a segment can be read from again, ``None`` where there is none."""
    path = folder.logs / segment.part
    if not segment.part or "/" in segment.part or not is_file(path):
        return None
    try:
        descriptor = open_regular(path)
    except OSError:
        return None
    try:
        end = segment.start + segment.length
        count = min(TAIL_BYTES, end)
        same = tail_hash(os.pread(descriptor, count, end - count)).hex() == segment.tail
        return path if same and os.fstat(descriptor).st_size >= end else None
    finally:
        os.close(descriptor)


def readable(folder: RunFolder, segments: list[Segment]) -> list[Segment]:
    """Return the last segments, from the first one after which each can be read again."""
    first = len(segments)
    while first and file_of(folder, segments[first - 1]) is not None:
        first -= 1
    return segments[first:]


def beginning(folder: RunFolder, segments: list[Segment]) -> tuple[Cursor, int]:
    """Return where the reading of a log begins that no database knows, and what before it is lost."""
    there = readable(folder, segments)
    if there:
        return Cursor(there[0].base, there[0].base - there[0].start), there[0].base
    if segments:
        last = segments[-1]
        return Cursor(last.byte_offset, last.byte_offset - last.next_start), last.byte_offset
    return Cursor(), 0


def keep_part(path: Path, descriptor: int, part: str = "") -> str:
    """Keep a file that had a log's name, whatever becomes of the names that it has now.

    Args:
        path: The log.
        descriptor: The file, open for reading.
        part: What an earlier call returned: a copy is brought up to date.

    Returns:
        The name in the folder of logs under which it is kept; empty where the disk does not let it.
    """
    if part:
        with contextlib.suppress(OSError):
            kept = (path.parent / part).lstat()
            if kept.st_ino != os.fstat(descriptor).st_ino:
                _copy(descriptor, path.parent / part)
        return part
    number = 1
    while os.path.lexists(part_path(path, number)):
        number += 1
    target = part_path(path, number)
    try:
        link_open_file(descriptor, target)
    except OSError:  # it has no name any more, or there is no such folder of descriptors
        try:
            _copy(descriptor, target)
        except OSError:
            target.unlink(missing_ok=True)
            return ""
    return target.name


def link_open_file(descriptor: int, target: Path) -> None:
    """Give an open file one more name.

    Raises:
        OSError: It has none any more, the name is on another disk, or there is no such folder of descriptors.
    """
    opened = os.open("/proc/self/fd", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:  # without the folder's descriptor Python would link the entry itself, which is on another disk
        os.link(str(descriptor), target, src_dir_fd=opened, follow_symlinks=True)
    finally:
        os.close(opened)


def part_path(path: Path, number: int) -> Path:
    """Return where a file that had a log's name is kept."""
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
