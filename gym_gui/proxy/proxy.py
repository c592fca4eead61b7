"""The telemetry proxy of one run: starts its workers, tails their logs into the database, reports.

Replaceable at any time: what it knows stands in the run's folder, what it holds is a lock, and nothing waits for it.
"""

from __future__ import annotations

import errno
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Protocol, TypeVar

import msgspec

from gym_gui.logging_config.diagnostics import say
from gym_gui.runs.files import write_json_atomic
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.lock import FileLock
from gym_gui.runs.plan import RunPlan, load_plan
from gym_gui.runs.private_files import forget_secrets
from gym_gui.runs.summary import RunSummary
from gym_gui.supervision.attempt_watch import LogFacts
from gym_gui.supervision.identity import ProcessIdentity
from gym_gui.supervision.liveness import Pulse
from gym_gui.supervision.observed_clock import ObservedClock
from gym_gui.supervision.run_folders import RunFolders, make_folders
from gym_gui.supervision.supervisor import Supervisor
from gym_gui.telemetry.errors import Fenced
from gym_gui.telemetry.log_watch import LogWatch
from gym_gui.telemetry.segments import EVENT, Segment

if TYPE_CHECKING:
    from gym_gui.proxy.indexer import Indexer
    from gym_gui.supervision.usage import UsageSampler

T = TypeVar("T")
EXIT_ENDED = 0
#: Another proxy holds the run's lock, or has taken over its database.
EXIT_LOCKED = 3
#: Told to stop (SIGTERM): the workers run on and wait for the next proxy.
EXIT_DRAINED = 4
LOCK_TRIES = 10
#: Time between two looks at the logs, in seconds: while a worker starts or ends, while somebody reads the rows, while
#: somebody watches the figures, while nobody does, and at rest. Each is a transaction: the fewer, the fewer bytes are
#: written.
TICK_HURRIED_S = 0.005
TICK_STREAMED_S = 0.048
TICK_WATCHED_S = 0.05
TICK_S = 0.1
TICK_REST_S = 0.2
#: Without anything printed for so long, the logs are at rest, seconds.
REST_AFTER_S = 10.0
#: Time between two looks at processes and records, seconds.
LOOK_INTERVAL_S = 0.1
#: Time between two reports, in seconds, while somebody watches and while nobody does.
REPORT_WATCHED_S = 0.1
REPORT_UNWATCHED_S = 0.5
#: Wait before the next try on a full disk, seconds.
RETRY_S = 1.0
#: How long the last report may take to be delivered, seconds.
CLOSE_TIMEOUT_S = 5.0


class Reporter(Protocol):
    """Where a proxy's reports go."""

    def report(self, summary: RunSummary) -> None:
        """Take a report; never blocks, only the newest is kept."""

    def watched(self) -> bool:
        """Return whether somebody is looking at the run's figures."""

    def streamed(self) -> bool:
        """Return whether somebody reads the run's rows as they come in."""

    def close(self, timeout_s: float) -> None:
        """Deliver the last report, if that is possible within so many seconds."""


class NoReporter:
    """Reports to nobody."""

    def report(self, summary: RunSummary) -> None:
        """Forget the report."""

    def watched(self) -> bool:
        """Nobody is looking."""
        return False

    def streamed(self) -> bool:
        """Nobody reads."""
        return False

    def close(self, timeout_s: float) -> None:
        """There is nothing to deliver."""


class _Turns(msgspec.Struct, frozen=True):
    """What a proxy works with, turn after turn."""

    supervisor: Supervisor
    indexer: Indexer
    usage: UsageSampler


class Proxy:
    """Supervises one run and indexes its logs until the run has ended.

    Args:
        folder: The run's folder; ``run.json`` is there.
        reporter: Where reports go.
        clock: Monotonic clock, seconds; by default one that does not count what nobody observed.
        on_launched: Called once the workers have been launched, for what takes time that they need not wait for.
    """

    def __init__(
        self,
        folder: RunFolder,
        reporter: Reporter,
        *,
        clock: Callable[[], float] | None = None,
        on_launched: Callable[[], None] = lambda: None,
    ) -> None:
        self.folder = folder
        self._on_launched = on_launched
        self.reporter = reporter
        self._clock = clock or ObservedClock()
        self._draining = False
        self._number = 0
        """How many proxies the run has had, this one included."""
        self._reports = 0
        self._reported_at = float("-inf")
        self._looked_at = float("-inf")
        self._stale = True
        self._note = ""
        self._watch: LogWatch | None = None
        self._folders: RunFolders | None = None
        self._lost_locks: list[FileLock] = []
        """Locks whose files were removed with their folder: held, in case that comes back."""
        self._lock = FileLock(folder.proxy_lock)
        self._pulse = Pulse(self._lock, self._clock)

    def run(self) -> int:
        """Work until the run has ended, or another proxy has it, or SIGTERM comes.

        Returns:
            0: the run has ended and its database is finished. 3: another proxy has the run. 4: drained.

        Raises:
            MosaicError: The run's folder cannot be used.
        """
        try:
            with self._drain_on_signals():
                self._with_room(lambda: make_folders(self.folder))
                if not self._with_room(self._acquire):
                    return EXIT_DRAINED if self._draining else EXIT_LOCKED
                return self._work(load_plan(self.folder))
        except Fenced:
            return EXIT_LOCKED
        finally:
            self.reporter.close(CLOSE_TIMEOUT_S)
            for lock in (self._lock, *self._lost_locks):
                lock.release()

    def drain(self) -> None:
        """Ask :meth:`run` to return soon and leave the workers running."""
        self._draining = True

    def _acquire(self) -> bool:
        for _ in range(LOCK_TRIES):  # somebody who only looks at the lock holds it for a moment
            if self._lock.acquire():
                return True
            time.sleep(0.02)
        return False

    def _with_room(self, act: Callable[[], T]) -> T | None:
        """Do what needs room on the disk as soon as there is some; ``None`` if told to stop meanwhile."""
        while not self._draining:
            self._pulse.beat()
            try:
                return act()
            except OSError as error:
                if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                    raise
                time.sleep(RETRY_S)
        return None

    def _work(self, plan: RunPlan) -> int:
        supervisor = self._with_room(lambda: Supervisor(self.folder, plan, self._clock, self._last_checkpoint))
        if supervisor is None:
            return EXIT_DRAINED
        try:
            pid = self._write_identity()
            self._folders = RunFolders(self.folder, plan)
            self._number = supervisor.history.proxies + 1
            if not supervisor.ended:
                supervisor.journal.record("proxy", pid=pid)
            self._watch = self._watch_logs()  # before anything can rename a log
            # The workers first: the store is imported and opened while they start.
            supervisor.step(lambda _worker, _watch: LogFacts())
            self._on_launched()
            return self._index(supervisor, plan)
        finally:
            supervisor.close()
            if self._watch is not None:
                self._watch.close()

    def _last_checkpoint(self, worker_no: int) -> str | None:
        from gym_gui.proxy.ending import last_checkpoint  # SQLite: a first attempt does not wait for it

        return last_checkpoint(self.folder.database, worker_no)

    def _watch_logs(self) -> LogWatch | None:
        """Return a watch on the folder of logs; ``None`` where the system gives none: then names are looked at."""
        try:
            return LogWatch(self.folder.logs)
        except OSError as error:
            say(f"no watch on {self.folder.logs}: {error}")
            return None

    def _index(self, supervisor: Supervisor, plan: RunPlan) -> int:
        """Supervise and index until the run has ended."""
        from gym_gui.proxy.indexer import Indexer
        from gym_gui.supervision.usage import UsageSampler

        def note(segment: Segment) -> None:
            supervisor.journal.record(EVENT, **msgspec.structs.asdict(segment))

        indexer = Indexer(self.folder, plan, self._clock, self._pulse.beat, watch=self._watch, on_segment=note)
        turns = _Turns(supervisor, indexer, UsageSampler(plan.limits, self._clock))
        try:
            while not supervisor.ended:
                if self._draining:
                    return EXIT_DRAINED
                self._turn(turns)
            return self._finish(turns)
        finally:
            indexer.close()

    def _turn(self, turns: _Turns) -> None:
        """Read, look, act, report, and wait for the next turn."""
        now = self._clock()
        self._pulse.beat()
        turns.supervisor.journal.tell()
        had_room = not turns.indexer.disk_full
        read = turns.indexer.pump(turns.supervisor.history)
        self._tell_rebuilds(turns)
        if turns.supervisor.hurried or now - self._looked_at >= LOOK_INTERVAL_S:
            self._looked_at = now
            self._put_folders_back(turns)
            turns.supervisor.disk_full = turns.indexer.disk_full
            changed = turns.supervisor.step(turns.indexer.log_facts)
            sampled = turns.usage.sample(watch for _, watch in turns.supervisor.live_watches())
            note, self._note = self._note, turns.supervisor.note
            self._stale = self._stale or changed or sampled or note != self._note
        self._stale = self._stale or read > 0 or turns.indexer.disk_full is had_room
        watched = self.reporter.watched()
        # Of its end the run tells when all that belongs to it is there; only a full disk may keep that waiting.
        telling = not turns.supervisor.ended or turns.indexer.disk_full
        due = now - self._reported_at >= (REPORT_WATCHED_S if watched else REPORT_UNWATCHED_S)
        if self._stale and due and telling:
            self._report(turns)
        if not turns.supervisor.ended:
            time.sleep(self._pause_s(turns, watched))

    def _put_folders_back(self, turns: _Turns) -> None:
        """Put back what somebody removed or replaced of the run's folders, and say so."""
        assert self._folders is not None
        try:
            replaced = self._folders.put_back()
            if self._folders.put_plan_back():
                turns.supervisor.journal.record("plan_replaced")
            if self.folder.control.name in replaced:
                self._lost_locks.append(self._lock)
                self._lock = FileLock(self.folder.proxy_lock)
                self._pulse = Pulse(self._lock, self._clock)
                if not self._acquire():
                    raise Fenced("another proxy has taken the run over")
                self._write_identity()
            if self.folder.logs.name in replaced:
                turns.indexer.put_back_logs()
                if self._watch is not None:
                    self._watch.renew()
        except OSError as error:
            say(f"the folders of run {self.folder.run_id} cannot be put back: {error}")
            return
        for name in replaced:
            turns.supervisor.journal.record("folder_replaced", folder=name)

    @staticmethod
    def _tell_rebuilds(turns: _Turns) -> None:
        while turns.indexer.rebuilds:
            turns.supervisor.journal.record("database_rebuilt", cause=turns.indexer.rebuilds.pop(0))

    def _pause_s(self, turns: _Turns, watched: bool) -> float:
        if turns.indexer.behind:
            return 0.0
        if turns.supervisor.hurried and not turns.indexer.disk_full:
            return TICK_HURRIED_S
        if self.reporter.streamed():
            return TICK_STREAMED_S
        if watched:
            return TICK_WATCHED_S
        return TICK_REST_S if turns.indexer.quiet_s > REST_AFTER_S else TICK_S

    def _report(self, turns: _Turns) -> RunSummary:
        from gym_gui.proxy.summary import Supervision, summarize

        self._reports += 1
        history, indexer = turns.supervisor.history, turns.indexer
        ended = history.state.terminal  # its folder tells no more, and no less
        supervision = Supervision(
            history=history,
            report=self._number << 32 | self._reports,
            proxy_pid=None if ended else os.getpid(),
            lag_bytes=indexer.lag_bytes(),
            note=indexer.note or turns.supervisor.note,
            progressed_at=turns.supervisor.progressed_at,
            usage=turns.usage.latest,
            measured_at=None if ended else time.time(),
        )
        summary = summarize(turns.supervisor.plan, indexer.worker_rollups(), indexer.ledger(), supervision)
        self.reporter.report(summary)
        self._reported_at = self._clock()
        self._stale = False
        return summary

    def _finish(self, turns: _Turns) -> int:
        """The run has ended: index the rest, gather the manifests, finish the database, tell the end."""
        from gym_gui.proxy.manifests import merge_manifests

        plan = turns.supervisor.plan
        try:
            forget_secrets(self.folder)
        except OSError as error:
            say(f"the private files of run {plan.run_id} cannot be removed: {error}")
        if not self._complete(turns):
            return EXIT_DRAINED
        try:
            merge_manifests(self.folder, plan)
        except OSError as error:
            say(f"analytics.json of run {plan.run_id} cannot be written: {error}")
        last = self._report(turns)
        while not turns.indexer.finish():  # it was removed or replaced in the last moment
            if not self._complete(turns):
                return EXIT_DRAINED
            last = self._report(turns)
        self.reporter.report(last)
        return EXIT_ENDED

    def _complete(self, turns: _Turns) -> bool:
        """Index all that is left; return whether that is done, and not the process told to stop."""
        while True:
            self._tell_rebuilds(turns)  # before the supervisor's log is read to its end
            if turns.indexer.complete(turns.supervisor.history):
                return True
            if self._draining:
                return False
            self._pulse.beat()
            time.sleep(TICK_S if turns.indexer.disk_full else 0.0)

    def _write_identity(self) -> int:
        """Let everybody know which process supervises the run; return its pid."""
        own = ProcessIdentity.own()
        try:
            write_json_atomic(self.folder.proxy_identity, own, sync=False)
        except OSError as error:
            say(f"{self.folder.proxy_identity} cannot be written: {error}")
        return own.pid

    @contextmanager
    def _drain_on_signals(self) -> Iterator[None]:
        """SIGTERM and SIGINT drain (only the main thread may set handlers; elsewhere :meth:`drain` is called)."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def handler(_number: int, _frame: FrameType | None) -> None:
            self.drain()

        before = {number: signal.signal(number, handler) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, action in before.items():
                signal.signal(number, action)
