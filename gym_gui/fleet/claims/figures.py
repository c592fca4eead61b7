"""What a program reported of one attempt, on its way to the attempt's logs."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from gym_gui.fleet.claims.held_lines import REMEMBERED
from gym_gui.fleet.claims.journal import AttemptJournal, Notes
from gym_gui.fleet.claims.messages import LogLine, Report
from gym_gui.fleet.claims.spool import Spooled
from gym_gui.fleet.orders import AttemptKey

#: Seconds between two values of one figure; the last one is always kept.
FIGURE_S = 1.0
#: Before its end is known an attempt has no more percent than this.
UNFINISHED_PERCENT = 99


@dataclass
class Figures:
    """Figures and lines of one attempt: what was written, and what waits to be. For the thread that holds its lock."""

    journal: AttemptJournal
    ends: tuple[str, str]
    """Files that are there once the attempt is to be ended: a request, or a signal."""
    percent: int = 0
    written_at: float = float("-inf")
    """Monotonic seconds."""
    held_since: float | None = 0.0
    """Since when log lines are held, monotonic seconds; at first an earlier daemon may have held some."""
    waiting: dict[str, float] = field(default_factory=dict)
    seen: dict[str, int] = field(default_factory=dict)
    """How many lines came of each of the last batches, by its id."""
    notes: Notes | None = None
    """As they are on disk, once they were read."""

    def spooled(self, key: AttemptKey) -> Spooled:
        """Return what waits."""
        return Spooled(key, self.percent, dict(self.waiting), self.journal.size())

    def take_up(self, left: Spooled) -> None:
        """Take what an earlier daemon left, as far as it did not write it.

        Raises:
            OSError: What it wrote cannot be read.
        """
        written = self.journal.figures_since(left.log_bytes)
        self.waiting = {name: value for name, value in left.values.items() if name not in written}
        self.percent = left.percent

    def keep(self, report: Report, *, failed: bool) -> None:
        """Take the figures of a report.

        Args:
            report: The report.
            failed: The program has failed; it tells of 100 % as well then.
        """
        self.waiting.update(report.figures)
        if report.percent is None or failed:
            return
        self.percent = min(int(report.percent), UNFINISHED_PERCENT)
        self.waiting["overall_progress"] = min(report.percent, float(UNFINISHED_PERCENT))

    def write(self, at: float, *, now: bool = False) -> None:
        """Write the figures that wait, unless some were written a moment ago.

        Args:
            at: Monotonic seconds.
            now: Write them whenever that was.

        Raises:
            OSError: The disk refuses; they wait on.
        """
        if self.waiting and (now or at - self.written_at >= FIGURE_S):
            self.journal.figures(self.percent, self.waiting)
            self.waiting, self.written_at = {}, at

    def hold(self, lines: list[LogLine], batch: str, at: float) -> None:
        """Take those lines of a batch that did not come before.

        Args:
            lines: All lines of the batch.
            batch: Tells it from others; empty: it does not come again.
            at: Monotonic seconds.

        Raises:
            OSError: The disk refuses; nothing was taken.
        """
        self.journal.held.hold(lines, batch, self.seen.get(batch, 0))
        self.held_since = self.held_since or at
        if batch:
            self.seen[batch] = len(lines)
            while len(self.seen) > REMEMBERED:
                self.seen.pop(next(iter(self.seen)))

    def noted(self, report: Report, at: float) -> Notes:
        """Write down what decides how the attempt ends; return all that is noted.

        Args:
            report: What a message tells.
            at: Unix time.

        Raises:
            OSError: The disk refuses.
        """
        before = self.notes or self.journal.notes()
        notes = before
        if report.fatal or report.memory_error:
            fatal, memory_error = before.fatal or report.fatal, before.memory_error or report.memory_error
            notes = msgspec.structs.replace(before, fatal=fatal, memory_error=memory_error)
        if report.finished is not None and before.finished is None:
            notes = msgspec.structs.replace(notes, finished=report.finished, failed=report.failed, finished_at=at)
        if notes != before:
            self.journal.note(notes)
        self.notes = notes
        return notes
