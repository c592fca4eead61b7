"""Reads a log by pages: of a run with a daemon elsewhere."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator

from gym_gui.analysis import RunSource
from gym_gui.reading import MAX_LINES, LogLine, LogPage, LogQuery

_POLL_S = 0.5


class PagedLog:
    """Lines of a log that may still grow.

    Args:
        source: The runs.
        run_id: The run.
        query: Which log, and which of its lines.
    """

    def __init__(self, source: RunSource, run_id: str, query: LogQuery) -> None:
        self._source = source
        self._run_id = run_id
        self._query = dataclasses.replace(query, limit=MAX_LINES)
        self._end = 0

    def last(self, count: int | None) -> tuple[LogPage, list[LogLine]]:
        """Return the last page, and the last lines there are now, a torn one included; ``None``: all.

        Raises:
            ConfigError: The query is not valid.
            UsageError: The run has no such worker or attempt.
            MosaicError: The log cannot be read.
        """
        last = page = self._page()
        self._end = page.end
        # A new attempt that begins meanwhile is another log.
        self._query = dataclasses.replace(self._query, attempt=page.attempt if page.attempts else 0)
        pages = [page.lines]
        while page.start and (count is None or sum(map(len, pages)) < count):
            page = self._page(before=page.start)
            pages.append(page.lines)
        lines = [line for lines in reversed(pages) for line in lines]
        return last, lines if count is None else lines[max(len(lines) - count, 0) :]

    def follow(self) -> Iterator[LogLine]:
        """Yield further lines until the run has ended and all is read; a torn one once it is whole, or the last.

        Raises:
            MosaicError: The log cannot be read.
        """
        while True:
            ended = self._source.get(self._run_id).state.terminal
            while True:
                page = self._page(after=self._end)
                yield from (line for line in page.lines if ended or not line.partial)
                if page.end <= self._end or page.end >= page.size or any(line.partial for line in page.lines):
                    break
                self._end = page.end
            self._end = page.end
            if ended:
                return
            time.sleep(_POLL_S)

    def _page(self, *, before: int | None = None, after: int | None = None) -> LogPage:
        return self._source.read_log(self._run_id, dataclasses.replace(self._query, before=before, after=after))
