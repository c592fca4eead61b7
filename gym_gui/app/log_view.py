"""A run's logs as a page follows them: one stream, or the two outputs of a worker in one time order."""

from __future__ import annotations

import asyncio
import dataclasses
import heapq
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from gym_gui.app.log_reader import readable_line
from gym_gui.core.terminal_text import escape_lines
from gym_gui.look import figures
from gym_gui.reading import LogLine, LogPage, LogQuery
from gym_gui.rpc import AsyncTrainerClient

BOTH = "both"
LOG_STREAMS = {
    "program output": "output", "error output": "stderr", "both outputs by time": BOTH, "supervisor": "supervisor",
    "output and telemetry": "stdout",
}  # fmt: skip
"""Streams of logs, by what they are called."""
LOG_LEVELS = {"all lines": "", "warnings and errors": "warning", "errors": "error"}
"""Levels of their lines, likewise."""
#: Before a line of the error output where both are shown.
_MARK = "! "


class LogChunk(NamedTuple):
    """Lines of one or both outputs.

    Args:
        text: The lines; empty: none.
        ends: By stream: where to go on.
        page: What else is known, of both together.
        more: There are further lines already.
    """

    text: str
    ends: dict[str, int]
    page: LogPage
    more: bool


async def read_logs(
    client: AsyncTrainerClient, run_id: str, query: LogQuery, ends: Mapping[str, int], *, active: bool
) -> LogChunk:
    """Return further lines of a run's logs, or the last ones.

    Lines of both outputs are in the order of their times. A line without one has that of the line before it; an output
    without any time comes after the other.

    Args:
        client: The daemon.
        run_id: The run.
        query: Which lines; its stream may be `BOTH`.
        ends: By stream: where to go on; empty: with the last lines.
        active: The run has not ended: a line without an end is left for later.

    Raises:
        MosaicError: As of :meth:`AsyncTrainerClient.read_log`.
    """
    streams = ("output", "stderr") if query.stream == BOTH else (query.stream,)
    queries = [dataclasses.replace(query, stream=each, after=ends.get(each)) for each in streams]
    pages = await asyncio.gather(*(client.read_log(run_id, each) for each in queries))
    found, more = dict(ends), False
    for stream, page in zip(streams, pages, strict=True):
        torn = bool(page.lines) and page.lines[-1].partial
        before = ends.get(stream)
        more = more or (not torn and page.end < page.size and (before is None or page.end > before))
        found[stream] = page.size if torn and not active else page.end
    whole = [[line for line in page.lines if not (line.partial and active)] for page in pages]
    timed = [_timed(lines, _MARK if place else "") for place, lines in enumerate(whole)]
    text = "\n".join(shown for _, shown in heapq.merge(*timed, key=lambda line: line[0]))
    return LogChunk(text, found, _together(pages), more)


def log_note(page: LogPage, *, empty: bool, filtered: bool, first: bool, active: bool) -> str:
    """Return what is said of a log: how much of it is shown, or why nothing is.

    Args:
        page: The last page.
        empty: No line is shown.
        filtered: Only some lines are asked for.
        first: It is the first page, which has the last lines.
        active: The run has not ended.
    """
    if page.dropped is not None:
        return f"this log was deleted after the run had ended: it had {page.dropped.lines:,} lines"
    if not empty:
        return f"{figures.size(page.size)}{'; earlier lines are in the file' if page.start and first else ''}"
    if filtered:
        return f"no line matches{f' in its last {figures.size(page.size - page.start)}' if page.start else ''}"
    return "nothing was printed yet" if active else "nothing was printed"


def _timed(lines: Sequence[LogLine], mark: str) -> Iterator[tuple[float, str]]:
    """Yield the lines as they are shown, each with a time that is not before that of the line before it."""
    now = next((line.time for line in lines if line.time is not None), math.inf)
    for line in lines:
        now = max(now, now if line.time is None else line.time)
        yield now, "\n".join(mark + part for part in escape_lines(readable_line(line.text, whole=True)).split("\n"))


def _together(pages: Sequence[LogPage]) -> LogPage:
    first, *others = pages
    return LogPage(
        lines=[], worker_id=first.worker_id, attempt=first.attempt, attempts=first.attempts,
        start=sum(page.start for page in pages), size=sum(page.size for page in pages),
        dropped=first.dropped if not others else None,
    )  # fmt: skip
