"""Lines of a run's logs: by pages in both directions, filtered, each with its place and its time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec

from gym_gui.core.regular_files import NotRegularFile
from gym_gui.core.worker.errors import ConfigError, MosaicError, Problem, UsageError, nearest
from gym_gui.reading.line_patterns import check_pattern, matching_lines
from gym_gui.reading.log_lines import LINE_BYTES, is_of_level, is_record_of, is_telemetry, shown_text, time_of
from gym_gui.runs import RunFolder, load_plan
from gym_gui.telemetry.logs import dropped_record, log_size, open_log

STREAMS = ("output", "stdout", "stderr", "supervisor")
LEVELS = ("error", "warning")
MAX_LINES = 2000
#: Bytes of a log that one page looks at.
SCANNED_BYTES = 4 << 20
#: Lines before an output line in which a time is looked for.
_TIME_LINES = 50
_ATTEMPT = re.compile(r"\.a(\d+)\.")


@dataclass(frozen=True)
class LogQuery:
    """Which lines of a run's logs.

    Without ``before`` and ``after``, the last ones. A page looks at 4 MiB at most, and may have no lines at all though
    there are more: :attr:`LogPage.start` and :attr:`LogPage.end` say where to go on.

    Args:
        stream: ``output``: what the worker printed beside its telemetry; ``stdout``: all it printed; ``stderr``;
            ``supervisor``: launches, exits, signals, states.
        worker_id: Whose; empty: the first worker's.
        attempt: Of which attempt; 0: of the last.
        before: Lines that begin before this byte.
        after: Lines from this byte on.
        limit: Maximum number of lines.
        pattern: Only lines in which this regular expression occurs.
        level: ``error``: only lines with words of errors, and structured records of that level; ``warning``: those of
            warnings too.
        component: Only structured records of this component or subcomponent, such as ``Worker``.
        code: Only structured records with this code, such as ``LOG431``.
    """

    stream: str = "output"
    worker_id: str = ""
    attempt: int = 0
    before: int | None = None
    after: int | None = None
    limit: int = 200
    pattern: str = ""
    level: str = ""
    component: str = ""
    code: str = ""


class LogLine(msgspec.Struct, kw_only=True):
    """One line of a log."""

    offset: int
    """Byte at which it begins: it identifies the line."""
    text: str
    """Without its end; bytes that are not UTF-8 as escapes."""
    truncated: bool = False
    """It is longer than the text."""
    partial: bool = False
    """It has no end yet; the next page after this one has it again."""
    time: float | None = None
    """Unix time, seconds: its own, or that of the telemetry printed before it."""


class DroppedLog(msgspec.Struct, kw_only=True):
    """A log that was deleted once its run had ended, as its config asked for."""

    at: float
    """When, Unix time."""
    lines: int
    bytes: int
    sha256: str


class LogPage(msgspec.Struct, kw_only=True):
    """Some lines of a log."""

    lines: list[LogLine]
    worker_id: str = ""
    attempt: int = 0
    attempts: list[int] = []
    """The attempts that have logs."""
    start: int = 0
    """For the page before: its ``before``. 0: there is none."""
    end: int = 0
    """For the page after, now or once more was printed: its ``after``."""
    size: int = 0
    """Bytes of the log, uncompressed."""
    dropped: DroppedLog | None = None


@dataclass(frozen=True)
class Log:
    """One log file.

    Args:
        path: Where it is; it may not exist yet.
        worker_id: Whose it is; empty for the supervisor's.
        attempt: Of which attempt; 0 for the supervisor's.
        attempts: The attempts that have logs.
    """

    path: Path
    worker_id: str
    attempt: int
    attempts: tuple[int, ...] = ()


class _Raw(NamedTuple):
    offset: int
    data: bytes
    partial: bool = False
    truncated: bool = False


def find_log(folder: RunFolder, *, stream: str, worker_id: str | None, attempt: int | None) -> Log:
    """Return the log that a user means.

    Args:
        folder: The run's folder.
        stream: ``stderr``, ``supervisor``, or anything else for stdout.
        worker_id: Which worker; the first if ``None``.
        attempt: Which attempt; the last if ``None``.

    Raises:
        UsageError: The run has no such worker or attempt.
    """
    run_id = folder.run_id
    if stream == "supervisor":
        return Log(folder.supervisor_log, "", 0)
    workers = [worker.worker_id for worker in load_plan(folder).workers]
    wanted = workers[0] if worker_id is None else worker_id
    if wanted not in workers:
        near = nearest(wanted, workers)
        raise UsageError(
            f"run {run_id} has no worker {wanted!r}" + (f"; did you mean {near!r}?" if near else ""),
            why=f"its workers: {', '.join(workers)}",
            next_step=f"see them: mosaic runs show {run_id}",
        )
    path_of = folder.stderr_log if stream == "stderr" else folder.stdout_log
    there = sorted(
        {int(found[1]) for path in folder.logs.glob(f"{wanted}.a*") if (found := _ATTEMPT.search(path.name))}
    )
    if attempt is None:
        attempt = there[-1] if there else 1
    elif attempt not in there:
        raise UsageError(
            f"worker {wanted} of run {run_id} has no attempt {attempt}",
            why=f"attempts: {', '.join(map(str, there))}" if there else "it has not been started",
            next_step="leave --attempt out for the last one",
        )
    return Log(path_of(wanted, attempt), wanted, attempt, tuple(there))


def read_log(folder: RunFolder, query: LogQuery) -> LogPage:
    """Return a page of a run's log; of one that does not exist yet, an empty one.

    Args:
        folder: The run's folder.
        query: Which lines.

    Raises:
        ConfigError: The query is not valid, or its pattern takes too long.
        UsageError: The run has no such worker or attempt.
        MosaicError: The log cannot be read.
    """
    _check(query)
    log = find_log(folder, stream=query.stream, worker_id=query.worker_id or None, attempt=query.attempt or None)
    page = LogPage(lines=[], worker_id=log.worker_id, attempt=log.attempt, attempts=list(log.attempts))
    page.dropped = dropped_log(log.path)
    try:
        with open_log(log.path) as stream:
            page.size = log_size(log.path)
            raw = _forward(stream, query.after, page) if query.after is not None else _backward(stream, query, page)
    except FileNotFoundError:
        return page
    except NotRegularFile as error:
        raise not_a_file(log.path, error, folder.run_id) from error
    except (OSError, EOFError) as error:
        raise MosaicError(
            f"{log.path.name} cannot be read: {error}",
            where=str(log.path),
            next_step=f"see what of it was stored: mosaic runs tail {folder.run_id}",
        ) from error
    chosen = _filtered(raw, query)
    if len(chosen) > query.limit:
        if query.after is not None:
            page.end = raw[chosen[query.limit]].offset
            chosen = chosen[: query.limit]
        else:
            chosen = chosen[-query.limit :]
            page.start = raw[chosen[0]].offset
    times = _times(raw, chosen)
    for index, time in zip(chosen, times, strict=True):
        text, cut = shown_text(raw[index].data)
        page.lines.append(
            LogLine(
                offset=raw[index].offset,
                text=text,
                truncated=cut or raw[index].truncated,
                partial=raw[index].partial,
                time=time,
            )
        )
    return page


def dropped_log(path: Path) -> DroppedLog | None:
    """Return what is on record of a log that was dropped, ``None`` of any other."""
    record = dropped_record(path)
    if record is None:
        return None
    return DroppedLog(at=record.at, lines=record.lines, bytes=record.bytes, sha256=record.sha256)


def not_a_file(path: Path, error: NotRegularFile, run_id: str) -> MosaicError:
    """Return the error about something else in a log's place."""
    return MosaicError(
        f"{path.name} {error.strerror}",
        where=str(path),
        why="something was put in the log's place",
        next_step=f"see what of it was stored: mosaic runs tail {run_id}",
    )


def _check(query: LogQuery) -> None:
    problems = []
    for path, value, known in (("stream", query.stream, STREAMS), ("level", query.level, ("", *LEVELS))):
        if value not in known:
            allowed = ", ".join(each for each in known if each)
            problems.append(Problem(path, "is unknown", value=value, allowed=allowed, nearest=nearest(value, known)))
    if not 0 < query.limit <= MAX_LINES:
        problems.append(Problem("limit", "is out of range", value=query.limit, allowed=f"1 to {MAX_LINES}"))
    if query.before is not None and query.after is not None:
        problems.append(Problem("before", "excludes after", value=query.before, allowed="one of them"))
    for path, offset in (("before", query.before), ("after", query.after), ("attempt", query.attempt)):
        if offset is not None and not 0 <= offset < 1 << 62:
            problems.append(Problem(path, "is out of range", value=offset, allowed="0 or more"))
    pattern = check_pattern(query.pattern)
    if pattern is not None:
        problems.append(pattern)
    if problems:
        raise ConfigError("the log cannot be searched", problems, next_step="correct these values")


def _forward(stream: BinaryIO, after: int, page: LogPage) -> list[_Raw]:
    """Return the lines that begin at a byte or later, as far as one page looks."""
    start = min(after, page.size)
    data = _read(stream, max(start - 1, 0), SCANNED_BYTES + 1)
    ended = len(data) <= SCANNED_BYTES
    base = max(start - 1, 0)
    # Within a line: the page before has shown it.
    position = 0 if start == 0 else data.find(b"\n") + 1 or len(data)
    page.start, page.end = start, base + len(data)
    lines: list[_Raw] = []
    while position < len(data):
        end = data.find(b"\n", position)
        if end < 0:
            if ended:
                lines.append(_Raw(base + position, data[position:], partial=True))
                page.end = base + position
            elif not lines:
                lines.append(_Raw(base + position, data[position : position + LINE_BYTES], truncated=True))
            else:
                page.end = base + position
            break
        lines.append(_Raw(base + position, data[position:end]))
        position = end + 1
    page.size = max(page.size, base + len(data))
    return lines


def _backward(stream: BinaryIO, query: LogQuery, page: LogPage) -> list[_Raw]:
    """Return the lines that begin before a byte, as far as one page looks."""
    before = page.size if query.before is None else min(query.before, page.size)
    lowest = max(before - SCANNED_BYTES, 0)
    base = max(lowest - 1, 0)
    data = _read(stream, base, before - base + LINE_BYTES)
    ended = base + len(data) < before + LINE_BYTES
    page.start, page.end = lowest, before
    starts = [0] if lowest == 0 and before > 0 and data else []
    position = data.find(b"\n")
    while 0 <= position < before - base - 1:
        starts.append(position + 1)
        position = data.find(b"\n", position + 1)
    lines = []
    for start, following in zip_longest(starts, starts[1:]):
        end = following - 1 if following is not None else data.find(b"\n", start)
        if end >= 0:
            lines.append(_Raw(base + start, data[start:end]))
        else:
            lines.append(_Raw(base + start, data[start:], partial=ended, truncated=not ended))
            if ended:
                page.end = base + start
    if lines:
        page.start = lines[0].offset
    return lines


def _read(stream: BinaryIO, offset: int, count: int) -> bytes:
    stream.seek(offset)
    return stream.read(count)


def _filtered(raw: Sequence[_Raw], query: LogQuery) -> list[int]:
    """Return the indices of the wanted lines."""
    chosen: Iterable[int] = range(len(raw))
    if query.stream == "output":
        chosen = [index for index in chosen if not is_telemetry(raw[index].data)]
    if query.component or query.code:
        chosen = [index for index in chosen if is_record_of(raw[index].data, query.component, query.code)]
    if query.level:
        chosen = [index for index in chosen if is_of_level(raw[index].data, query.level)]
    chosen = list(chosen)
    if query.pattern:
        found = matching_lines(query.pattern, [shown_text(raw[index].data)[0] for index in chosen])
        chosen = [chosen[index] for index in found]
    return chosen


def _times(raw: Sequence[_Raw], chosen: Sequence[int]) -> Iterator[float | None]:
    """Yield the time of each chosen line: its own, or that of the telemetry just before it."""
    known: dict[int, float | None] = {}
    for index in chosen:
        time = None
        for place in range(index, max(index - _TIME_LINES, -1), -1):
            if place not in known:
                known[place] = time_of(raw[place].data)
            time = known[place]
            if time is not None:
                break
        yield time
