"""Leases on attempts that programs claimed by HTTP, and what they report of these. All calls may come from threads."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from gym_gui.fleet.claims.held_lines import REMEMBERED
from gym_gui.fleet.claims.journal import AttemptJournal, Notes
from gym_gui.fleet.claims.messages import LogLine, Report
from gym_gui.fleet.held_attempts import HeldAttempt, HeldAttempts
from gym_gui.fleet.lease import EXPIRED, FAILED, RELEASED, Lease, Refused
from gym_gui.fleet.orders import AttemptKey, OrderBox
from gym_gui.logging_config.helpers import log_constant
from gym_gui.logging_config.log_constants import LOG_FLEET_LEASE_GRANTED
from gym_gui.runs import RunFolder, write_grant, write_json_atomic
from gym_gui.supervision import FAILED_FOR_GOOD, make_folders, read_exit

logger = logging.getLogger(__name__)

#: What became of a message.
STORED, REPEATED, LATE = "stored", "repeated", "late"
#: Exit code of a program whose memory ran out, which is to be started again.
OUT_OF_MEMORY = 42
#: Seconds between a program's last word and the end of its attempt: what was sent before may arrive after it.
FINISH_GRACE_S = 1.0
#: Seconds between two values of one figure; the last one is always kept.
FIGURE_S = 1.0
#: Seconds for which log lines wait for earlier ones: programs send several batches at a time.
ORDER_S = 1.0
#: Before its end is known an attempt has no more percent than this.
UNFINISHED_PERCENT = 99


@dataclass
class _Figures:
    """The figures of one attempt: what was written, and what waits to be."""

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


class Standing(NamedTuple):
    """The last attempt of a worker that was claimed, and how it stands."""

    attempt: int
    lease: Lease
    exit_code: int | None = None
    """Of an attempt that has ended with an exit record."""


class ClaimedAttempts(HeldAttempts):
    """Grants attempts to machines that ask for a certain run, and stores what these report.

    Args:
        home: The home.
        lease_s: Seconds after which a machine that says nothing loses its attempts.
        clock: Monotonic, seconds.
    """

    def __init__(self, home: Path, lease_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(home, lease_s, clock)
        self._figures: dict[AttemptKey, _Figures] = {}

    def standing(self, folder: RunFolder, worker_id: str) -> Standing | None:
        """Return how the newest claimed attempt of a worker stands; ``None``: none was claimed."""
        box = OrderBox(folder)
        attempts = [attempt for worker, attempt in box.leases() if worker == worker_id]
        if not attempts:
            return None
        lease = box.lease(worker_id, attempts[-1])
        if lease is None:
            return None
        ended = None if lease.held else read_exit(folder.exit_record(worker_id, attempts[-1]))
        return Standing(attempts[-1], lease, None if ended is None else ended.code)

    def grant(self, folder: RunFolder, worker_id: str, machine: str, peer: str = "") -> AttemptKey:
        """Give the next attempt of a worker to a machine.

        Args:
            folder: The run's folder.
            worker_id: The worker.
            machine: Id of the machine.
            peer: Address that it was claimed from.

        Raises:
            Refused: A machine has it.
            OSError: The disk refuses; nothing was given.
        """
        with self._lock:
            box = self._boxes.setdefault(folder.run_id, OrderBox(folder))
            last = self.standing(folder, worker_id)
            if last is not None and last.lease.held:
                raise Refused(f"machine {last.lease.machine} has it")
            key = AttemptKey(folder.run_id, worker_id, 1 if last is None else last.attempt + 1)
            make_folders(folder)
            AttemptJournal(folder, key).begin(machine)
            write_grant(folder, {}, machine=machine)  # the machine that is shown with the run
            token = secrets.token_urlsafe(24)
            lease = Lease(machine=machine, session=peer, token=token, granted_at=time.time())
            path = box.lease_path(worker_id, key.attempt)
            try:
                write_json_atomic(path, lease)
            except OSError:
                path.unlink(missing_ok=True)  # it may be there, and only not be safe
                raise
            self._attempts[key] = HeldAttempt(folder, lease, self._clock())
        values = {"run_id": key.run_id, "attempt": str(key), "machine": machine}
        log_constant(logger, LOG_FLEET_LEASE_GRANTED, extra=values)
        return key

    def machine_of(self, run_id: str) -> str:
        """Return the machine that has an attempt of a run; empty: none has."""
        return next((each.lease.machine for key, each in list(self._attempts.items()) if key.run_id == run_id), "")

    def claimed_from(self, machine: str) -> dict[AttemptKey, str]:
        """Return the attempts that a machine has, and the address that each was claimed from."""
        held = ((key, self._attempts.get(key)) for key in self.of_machine(machine))
        return {key: each.lease.session for key, each in held if each is not None}

    def renew(self, keys: Iterable[AttemptKey]) -> None:
        """Renew the leases on some attempts."""
        for key in keys:
            each = self._attempts.get(key)
            if each is not None:
                each.renewed_at = self._clock()

    def renew_run(self, run_id: str) -> None:
        """Renew the lease on a run's attempt: there was a sign of its program."""
        for key, each in list(self._attempts.items()):
            if key.run_id == run_id:
                each.renewed_at = self._clock()

    def report(self, key: AttemptKey, message: Mapping[str, Any], report: Report, batch: str = "") -> str:
        """Store what a message tells of an attempt; return what became of it.

        Args:
            key: The attempt.
            message: The message.
            report: What it tells.
            batch: Tells copies of it from other messages; empty: there are none.

        Returns:
            ``stored``; ``repeated``: it came before; ``late``: no machine has the attempt any more, nothing was stored.

        Raises:
            OSError: The disk refuses.
        """
        each = self._attempts.get(key) or self._on_record(key)
        if each is None:
            return LATE
        journal = AttemptJournal(each.folder, key)
        with each.lock:
            if not each.lease.held:
                return LATE
            each.renewed_at = self._clock()
            figures = self._figures_of(key, journal)
            stored = figures.seen.get(batch)
            if stored is not None and stored >= len(report.lines):
                return REPEATED
            notes = self._noted(journal, figures, report)
            if not report.is_kept_whole:
                journal.message(message, late=False)
            if report.lines:
                self._hold(journal, figures, report.lines, batch)
            self._keep(figures, report, failed=bool(notes.fatal or notes.memory_error or notes.failed))
            if report.figures or report.percent is not None:  # lines are stored, whatever becomes of earlier figures
                self._write_figures(journal, figures)
        return STORED

    def finish_due(self, *, now: bool = False, machine: str = "") -> None:
        """End the attempts whose programs have said their last word, and those that are to be cancelled.

        Args:
            now: Do not wait for what may be under way.
            machine: Those of this machine; empty: of all.
        """
        for key, each in list(self._attempts.items()):
            if machine and each.lease.machine != machine:
                continue
            try:
                self._finish_if_due(key, each, now=now)
            except (OSError, ValueError) as error:  # the others are to go on
                logger.warning("what was reported of attempt %s cannot be stored: %s", key, error)

    def _finish_if_due(self, key: AttemptKey, each: HeldAttempt, *, now: bool) -> None:
        journal = AttemptJournal(each.folder, key)
        if each.folder.cancel_intent.exists() or OrderBox(each.folder).commands(key.worker_id, key.attempt):
            with each.lock:
                self._flush(key, journal)
                journal.exit(code=None, reason="cancelled", signalled=True)
            self.end(key, RELEASED, "cancelled")
            return
        with each.lock:
            figures = self._figures_of(key, journal)
            self._write_figures(journal, figures)
            if figures.held_since is not None and self._clock() - figures.held_since >= ORDER_S:
                figures.held_since = None
                journal.held.write()
            notes = figures.notes = figures.notes or journal.notes()
        waited = now or time.time() - notes.finished_at >= FINISH_GRACE_S
        if notes.finished is not None and waited:
            self._finish(key, each, notes)

    def give_up(self, key: AttemptKey, why: str) -> None:
        """End an attempt whose program ended without a word: it is to be tried again."""
        self.end(key, EXPIRED, why)

    def end(self, key: AttemptKey, state: str, why: str) -> None:
        super().end(key, state, why)
        if key not in self._attempts:
            self._figures.pop(key, None)

    def _write_end(self, key: AttemptKey, each: HeldAttempt, state: str, why: str) -> bool:
        """Write what is held of an attempt, then the end of its lease: what comes after that is late."""
        with each.lock:
            if each.folder.path.exists():
                try:
                    self._flush(key, AttemptJournal(each.folder, key))
                except (OSError, ValueError) as error:
                    logger.warning("the last lines of attempt %s cannot be stored: %s", key, error)
            return super()._write_end(key, each, state, why)

    def _flush(self, key: AttemptKey, journal: AttemptJournal) -> None:
        """Write what waits of an attempt: before its end is on record, after which its logs are not read again."""
        journal.held.write()
        figures = self._figures.get(key, _Figures())
        if figures.waiting:
            journal.figures(figures.percent, figures.waiting)
            figures.waiting = {}

    def _figures_of(self, key: AttemptKey, journal: AttemptJournal) -> _Figures:
        figures = self._figures.get(key)
        if figures is None:
            figures = self._figures[key] = _Figures(seen=journal.held.recall())
        return figures

    def last_percent(self, key: AttemptKey) -> int:
        """Return how many percent of an attempt that a machine has are done."""
        figures = self._figures.get(key)
        return 0 if figures is None else figures.percent

    def _finish(self, key: AttemptKey, each: HeldAttempt, notes: Notes) -> None:
        """End an attempt as its program's last word and its lines tell."""
        journal = AttemptJournal(each.folder, key)
        with each.lock:
            if not each.lease.held:
                return
            self._flush(key, journal)
            if notes.memory_error:
                journal.event("run_failed", {"error": notes.memory_error, "error_type": "MemoryError"})
                journal.exit(code=OUT_OF_MEMORY, error=notes.memory_error)
            elif notes.fatal or notes.failed:
                error = notes.fatal or notes.finished or ""
                journal.event("run_failed", {"error": error, "error_type": "Fatal" if notes.fatal else "Errors"})
                journal.exit(code=1, reason=FAILED_FOR_GOOD, error=error)
            else:
                journal.figures(100, {"overall_progress": 100.0})
                journal.event("run_completed", {"message": notes.finished})
                journal.exit(code=0)
        self.end(key, FAILED if notes.memory_error else RELEASED, notes.memory_error or notes.finished or "")

    @staticmethod
    def _noted(journal: AttemptJournal, figures: _Figures, report: Report) -> Notes:
        """Write down what decides how the attempt ends; return all that is noted."""
        before = figures.notes or journal.notes()
        fatal, memory_error = before.fatal or report.fatal, before.memory_error or report.memory_error
        notes = msgspec.structs.replace(before, fatal=fatal, memory_error=memory_error)
        if report.finished is not None and before.finished is None:
            notes = msgspec.structs.replace(
                notes, finished=report.finished, failed=report.failed, finished_at=time.time()
            )
        if notes != before:
            journal.note(notes)
        figures.notes = notes
        return notes

    def _hold(self, journal: AttemptJournal, figures: _Figures, lines: list[LogLine], batch: str) -> None:
        """Take those lines of a batch that did not come before."""
        journal.held.hold(lines, batch, figures.seen.get(batch, 0))
        figures.held_since = figures.held_since or self._clock()
        if batch:
            figures.seen[batch] = len(lines)
            while len(figures.seen) > REMEMBERED:
                figures.seen.pop(next(iter(figures.seen)))

    @staticmethod
    def _keep(figures: _Figures, report: Report, *, failed: bool) -> None:
        figures.waiting.update(report.figures)
        if report.percent is None or failed:
            return  # a program that failed tells of 100 % as well
        figures.percent = min(int(report.percent), UNFINISHED_PERCENT)
        figures.waiting["overall_progress"] = min(report.percent, float(UNFINISHED_PERCENT))

    def _write_figures(self, journal: AttemptJournal, figures: _Figures) -> None:
        """Write the figures that wait, unless some were written a moment ago."""
        now = self._clock()
        if figures.waiting and now - figures.written_at >= FIGURE_S:
            journal.figures(figures.percent, figures.waiting)
            figures.waiting, figures.written_at = {}, now
