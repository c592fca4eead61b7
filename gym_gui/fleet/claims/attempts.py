"""Leases on attempts that programs claimed by HTTP, and what they report of these. All calls may come from threads."""

from __future__ import annotations

import logging
import os
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from gym_gui.fleet.claims.figures import Figures
from gym_gui.fleet.claims.journal import AttemptJournal, Notes
from gym_gui.fleet.claims.messages import Report
from gym_gui.fleet.claims.spool import FigureSpool
from gym_gui.fleet.held_attempts import HeldAttempt, HeldAttempts
from gym_gui.fleet.lease import EXPIRED, FAILED, RELEASED, Lease, Refused
from gym_gui.fleet.orders import AttemptKey, OrderBox
from gym_gui.logging_config.helpers import log_constant
from gym_gui.logging_config.log_constants import LOG_FLEET_LEASE_GRANTED
from gym_gui.runs import RunFolder, write_grant, write_json_atomic
from gym_gui.supervision import FAILED_FOR_GOOD, ObservedClock, make_folders, read_exit

logger = logging.getLogger(__name__)

#: What became of a message.
STORED, SPOOLED, REPEATED, LATE = "stored", "spooled", "repeated", "late"
#: Exit code of a program whose memory ran out, which is to be started again.
OUT_OF_MEMORY = 42
#: Seconds between a program's last word and the end of its attempt: what was sent before may arrive after it.
FINISH_GRACE_S = 1.0
#: Seconds for which log lines wait for earlier ones: programs send several batches at a time.
ORDER_S = 1.0
#: Seconds and bytes after which the spool of figures begins again.
SPOOL_S, SPOOL_BYTES = 60.0, 8 << 20


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
        clock: Monotonic, seconds; ``None``: one that does not count the time in which this process stands still.
    """

    def __init__(self, home: Path, lease_s: float, clock: Callable[[], float] | None = None) -> None:
        super().__init__(home, lease_s, clock or ObservedClock())
        self._figures: dict[AttemptKey, Figures] = {}
        self._spool = FigureSpool(home / "fleet")
        self._spool_begun_at = self._clock()
        self._left = self._spool.read()
        """What an earlier daemon took of attempts that this one has not taken up yet."""

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
            ``stored``; ``spooled``: it is once :meth:`commit` has succeeded; ``repeated``: it came before; ``late``: no
            machine has the attempt any more, nothing was stored.

        Raises:
            OSError: The disk refuses.
        """
        each = self._attempts.get(key) or self._on_record(key)
        if each is None:
            return LATE
        with each.lock:
            if not each.lease.held:
                return LATE
            each.renewed_at = self._clock()
            figures = self._figures_of(key, each)
            stored = figures.seen.get(batch)
            if stored is not None and stored >= len(report.lines):
                return REPEATED
            notes = figures.noted(report, time.time())
            if not report.is_kept_whole:
                figures.journal.message(message, late=False)
            if report.lines:
                figures.hold(report.lines, batch, self._clock())
            figures.keep(report, failed=bool(notes.fatal or notes.memory_error or notes.failed))
            if not report.figures and report.percent is None:  # lines are stored, whatever becomes of earlier figures
                return STORED
            figures.write(self._clock())
            if not figures.waiting:
                return STORED
            self._spool.add(figures.spooled(key))
        return SPOOLED

    def commit(self) -> None:
        """Make sure that a daemon after this one has all that :meth:`report` has taken.

        Raises:
            OSError: The disk refuses.
        """
        self._spool.commit()

    def finish_due(self, *, now: bool = False, machine: str = "") -> None:
        """End the attempts whose programs have said their last word, and those that are to be cancelled.

        Args:
            now: Do not wait for what may be under way.
            machine: Those of this machine; empty: of all.
        """
        for key in list(self._left):
            if key not in self._attempts and self._on_record(key) is None:  # it has ended
                self._left.pop(key, None)
        renewing = self._spool.bytes > SPOOL_BYTES or self._clock() - self._spool_begun_at > SPOOL_S
        if renewing and not machine:
            self._renew_spool()
        for key, each in list(self._attempts.items()):
            if machine and each.lease.machine != machine:
                continue
            try:
                self._finish_if_due(key, each, now=now)
            except (OSError, ValueError) as error:  # the others are to go on
                logger.warning("what was reported of attempt %s cannot be stored: %s", key, error)

    def _finish_if_due(self, key: AttemptKey, each: HeldAttempt, *, now: bool) -> None:
        with each.lock:
            if not each.lease.held:
                return
            figures = self._figures_of(key, each)
        journal = figures.journal
        if any(map(os.path.exists, figures.ends)):
            with each.lock:
                self._flush(key, journal)
                journal.exit(code=None, reason="cancelled", signalled=True)
            self.end(key, RELEASED, "cancelled")
            return
        with each.lock:
            figures.write(self._clock())
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
                    self._flush(key, self._figures_of(key, each).journal)
                except (OSError, ValueError) as error:
                    logger.warning("the last lines of attempt %s cannot be stored: %s", key, error)
            return super()._write_end(key, each, state, why)

    def _flush(self, key: AttemptKey, journal: AttemptJournal) -> None:
        """Write what waits of an attempt: before its end is on record, after which its logs are not read again."""
        journal.held.write()
        figures = self._figures.get(key)
        if figures is not None:
            figures.write(self._clock(), now=True)

    def _figures_of(self, key: AttemptKey, each: HeldAttempt) -> Figures:
        """Return the figures of an attempt, with what an earlier daemon left of them; for those who hold its lock.

        Raises:
            OSError: They cannot be read.
        """
        figures = self._figures.get(key)
        if figures is None:
            journal = AttemptJournal(each.folder, key)
            commands = OrderBox(each.folder).commands_path(key.worker_id, key.attempt)
            ends = os.fspath(each.folder.cancel_intent), os.fspath(commands)
            figures = Figures(journal, ends, seen=journal.held.recall())
            journal.end_line()
            left = self._left.get(key)
            if left is not None:
                figures.take_up(left)
            self._figures[key] = figures
            self._left.pop(key, None)
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

    def _renew_spool(self) -> None:
        """Begin a new file of the spool: all figures that wait are written, or spooled again."""
        self._spool_begun_at = self._clock()
        try:
            self._spool.begin()
            for key, each in list(self._attempts.items()):
                with each.lock:
                    if each.lease.held:
                        self._write_or_spool(key, each)
            self._spool.commit()
        except OSError as error:
            logger.warning("figures of programs stay in the spool: %s", error)
        else:
            self._spool.drop()

    def _write_or_spool(self, key: AttemptKey, each: HeldAttempt) -> None:
        try:
            self._figures_of(key, each).write(self._clock(), now=True)
        except (OSError, ValueError) as error:  # the others are to go on
            logger.warning("figures of attempt %s cannot be written: %s", key, error)
            figures = self._figures.get(key)
            left = self._left.get(key) if figures is None else figures.spooled(key)
            if left is not None:
                self._spool.add(left)
