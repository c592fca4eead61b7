"""The telemetry proxy of one run: starts its workers, indexes their logs, reports.

It can be replaced at any time: its state is in the run's folder, it owns only a lock, and no process waits for it.
"""

from __future__ import annotations

import errno
import os
import signal
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, TypeVar

import msgspec

from gym_gui.logging_config.diagnostics import say
from gym_gui.proxy._pace import TICK_HURRIED_S, TICK_S, is_flood, next_pause_s
from gym_gui.proxy.reporter import Reporter
from gym_gui.proxy.usage_log import UsageLog
from gym_gui.runs import (
    LINGER_S,
    FileLock,
    RunFolder,
    RunPlan,
    RunSummary,
    forget_secrets,
    load_plan,
    write_json_atomic,
)
from gym_gui.supervision import (
    LogFacts,
    NoProvisioner,
    ObservedClock,
    ProcessIdentity,
    Provisioner,
    ProvisionerFactory,
    ProxyPulse,
    RunFolders,
    Supervisor,
    make_folders,
    make_provisioner,
)
from gym_gui.telemetry import Fenced
from gym_gui.telemetry.logs import TRUNCATED_EVENT, LogWatch, Segment

if TYPE_CHECKING:
    from gym_gui.proxy.indexer import Indexer
    from gym_gui.supervision import UsageSampler

T = TypeVar("T")
EXIT_ENDED = 0
#: Another proxy holds the run's lock, or has taken over its database.
EXIT_LOCKED = 3
#: Stopped by SIGTERM: the workers keep running and wait for the next proxy.
EXIT_DRAINED = 4
LOCK_TRIES, LOCK_RETRY_S = 10, 0.02
#: Seconds between two checks of processes and records.
CHECK_INTERVAL_S = 0.1
#: Seconds between two reports: while a client watches, while it watches a flood, and while none does.
REPORT_WATCHED_S = 0.1
REPORT_FLOOD_S = 0.3
REPORT_UNWATCHED_S = 0.5
#: Seconds before the next try on a full disk.
RETRY_S = 1.0
#: Seconds for which the end of a run waits for readers that have its database open.
MERGE_S = LINGER_S - 2.0
#: Seconds for the delivery of the last report.
CLOSE_TIMEOUT_S = 5.0


class _Parts(msgspec.Struct, frozen=True):
    """The parts of a proxy at work."""

    supervisor: Supervisor
    indexer: Indexer
    usage: UsageSampler
    usage_log: UsageLog
    provisioner: Provisioner


class Proxy:
    """Supervises one run and indexes its logs until the run has ended.

    Args:
        folder: The run's folder, with ``run.json``.
        reporter: Receives the reports.
        clock: Monotonic clock, seconds; by default one that does not count unobserved time.
        provisioner: Makes the provisioner, which starts, observes and signals the workers' processes; by default
            that which is recorded with the run.
        on_launched: Called once the workers have been launched, for slow work that must not delay them.
        watching_logs: Notice files that have a log's name for a moment only: not needed where no process of this
            machine prints to the logs.
    """

    def __init__(
        self,
        folder: RunFolder,
        reporter: Reporter,
        *,
        clock: Callable[[], float] | None = None,
        provisioner: ProvisionerFactory = make_provisioner,
        on_launched: Callable[[], None] = lambda: None,
        watching_logs: bool = True,
    ) -> None:
        self.folder = folder
        self.report_s = REPORT_UNWATCHED_S
        """Seconds between two reports while no client watches."""
        self._watching_logs = watching_logs
        self._signs: list[str] = []
        self._make_provisioner = provisioner
        self._on_launched = on_launched
        self.reporter = reporter
        self._clock = clock or ObservedClock()
        self._draining = False
        self._number = 0
        """Number of proxies that the run has had, including this one."""
        self._reports = 0
        self._reported_at = float("-inf")
        self._checked_at = float("-inf")
        self._turned_at = float("-inf")
        self._flood = False
        """The last turn read a flood of lines."""
        self._stale = True
        self._note = ""
        self._watch: LogWatch | None = None
        self._folders: RunFolders | None = None
        self._lost_locks: list[FileLock] = []
        """Locks whose files were removed with their folder: kept in case the folder comes back."""
        self._lock = FileLock(folder.proxy_lock)
        self._pulse = ProxyPulse(self._lock, self._clock)

    def run(self) -> int:
        """Work until the run has ended, another proxy has it, or SIGTERM arrives.

        Returns:
            0: the run has ended and its database is finished. 3: another proxy has the run. 4: drained.

        Raises:
            MosaicError: The run's folder cannot be used.
        """
        with self._drain_on_signals():
            turns = self.turns()
            while True:
                try:
                    pause_s = next(turns)
                except StopIteration as end:
                    return int(end.value)
                time.sleep(pause_s)

    def turns(self) -> Generator[float, None, int]:
        """Work as :meth:`run` does, for a caller that does other things between the turns.

        Yields:
            The seconds until the next turn.

        Raises:
            MosaicError: The run's folder cannot be used.
        """
        try:
            yield from self._when_space(lambda: make_folders(self.folder))
            if not (yield from self._acquire()):
                return EXIT_DRAINED if self._draining else EXIT_LOCKED
            return (yield from self._work(load_plan(self.folder)))
        except Fenced:
            return EXIT_LOCKED
        finally:
            try:
                self.reporter.close(CLOSE_TIMEOUT_S)
            finally:
                for lock in (self._lock, *self._lost_locks):
                    lock.release()

    def signs(self) -> tuple[int, ...]:
        """Return what changes with every new line, record, request and order, for callers of :meth:`turns`.

        Times, processes and answers of the daemon are not among it.
        """
        return tuple(map(_changed_at, self._signs))

    @property
    def called(self) -> bool:
        """Whether a client asks for turns in quick succession: it watches the run, or has requested its end."""
        return self.reporter.watched() or self.reporter.streamed() or self.reporter.urgent()

    def drain(self) -> None:
        """Ask :meth:`run` to return soon and leave the workers running."""
        self._draining = True

    def _acquire(self) -> Generator[float, None, bool]:
        for _ in range(LOCK_TRIES):  # a process that only tests the lock holds it for a moment
            if (yield from self._when_space(self._lock.acquire)):
                return True
            if self._draining:
                return False
            yield LOCK_RETRY_S
        return False

    def _when_space(self, act: Callable[[], T]) -> Generator[float, None, T | None]:
        """Retry an action until the disk has space for it; ``None`` if drained meanwhile."""
        while not self._draining:
            self._pulse.beat()
            try:
                return act()
            except OSError as error:
                if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                    raise
            yield RETRY_S
        return None

    def _work(self, plan: RunPlan) -> Generator[float, None, int]:
        provisioner = self._provisioner(plan)
        if provisioner is None:
            return EXIT_ENDED
        supervisor = yield from self._when_space(
            lambda: Supervisor(self.folder, plan, provisioner, self._clock, self._last_checkpoint)
        )
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
            return (yield from self._index(supervisor, plan, provisioner))
        finally:
            supervisor.close()
            if self._watch is not None:
                self._watch.close()

    def _provisioner(self, plan: RunPlan) -> Provisioner | None:
        """Return the run's provisioner; ``None``: it has none, and has failed for that.

        Raises:
            NoProvisioner: It has none, and its workers may be alive.
        """
        try:
            return self._make_provisioner(self.folder, plan, self._clock)
        except NoProvisioner as error:
            from gym_gui.proxy._no_provisioner import fail_run
            from gym_gui.proxy.summary import read_state

            if read_state(self.folder).terminal:  # nothing is left to start or to observe, only to index
                return make_provisioner(self.folder, msgspec.structs.replace(plan, provisioner=""), self._clock)
            if fail_run(self.folder, plan, error):
                return None
            raise

    def _last_checkpoint(self, worker_no: int) -> str | None:
        from gym_gui.proxy._ending import last_checkpoint  # SQLite: a first attempt does not wait for it

        return last_checkpoint(self.folder.database, worker_no)

    def _watch_logs(self) -> LogWatch | None:
        """Return a watch on the folder of logs; ``None`` if the system has none, or there is none to be."""
        if not self._watching_logs:
            return None
        try:
            return LogWatch(self.folder.logs)
        except OSError as error:
            say(f"cannot watch {self.folder.logs}: {error}")
            return None

    def _index(self, supervisor: Supervisor, plan: RunPlan, provisioner: Provisioner) -> Generator[float, None, int]:
        """Supervise and index until the run has ended."""
        from gym_gui.proxy.indexer import Indexer
        from gym_gui.supervision import UsageSampler

        def note(segment: Segment) -> None:
            supervisor.journal.record(TRUNCATED_EVENT, **msgspec.structs.asdict(segment))

        indexer = Indexer(self.folder, plan, self._clock, self._pulse.beat, watch=self._watch, on_segment=note)
        usage = UsageSampler(plan.limits, self._clock, provisioner)
        parts = _Parts(supervisor, indexer, usage, UsageLog(self.folder), provisioner)
        self._note_signs(parts)
        try:
            while not supervisor.ended:
                if self._draining:
                    return EXIT_DRAINED
                pause_s = self._turn(parts)
                if not supervisor.ended:
                    yield pause_s
            return (yield from self._finish(parts))
        finally:
            indexer.close()

    def _turn(self, parts: _Parts) -> float:
        """Index, supervise and report; return the seconds until the next turn."""
        now = self._clock()
        self._pulse.beat()
        parts.supervisor.journal.tell()
        had_space = not parts.indexer.disk_full
        read = parts.indexer.pump(parts.supervisor.history)
        self._flood = is_flood(read, now - self._turned_at)
        self._turned_at = now
        self._record_rebuilds(parts)
        urgent = self.reporter.urgent()
        if parts.supervisor.hurried or urgent or now - self._checked_at >= CHECK_INTERVAL_S:
            self._checked_at = now
            self._restore_folders(parts)
            parts.supervisor.disk_full = parts.indexer.disk_full
            changed = parts.supervisor.step(parts.indexer.log_facts)
            if changed:
                self._note_signs(parts)
            sampled = parts.usage.sample(watch for _, watch in parts.supervisor.live_watches())
            if sampled:
                parts.usage_log.add(time.time(), parts.usage.sampled)
            note, self._note = self._note, parts.supervisor.note
            self._stale = self._stale or changed or sampled or note != self._note
        self._stale = self._stale or read > 0 or parts.indexer.disk_full is had_space
        watched = self.reporter.watched()
        # The end is reported once everything is indexed; only a full disk delays that, and is reported meanwhile.
        reporting = not parts.supervisor.ended or parts.indexer.disk_full
        interval = (REPORT_FLOOD_S if self._flood else REPORT_WATCHED_S) if watched or urgent else self.report_s
        if self._stale and now - self._reported_at >= interval and reporting:
            self._report(parts)
        return next_pause_s(
            behind=parts.indexer.behind,
            hurried=parts.supervisor.hurried and not parts.indexer.disk_full,
            flood=self._flood,
            streamed=self.reporter.streamed(),
            watched=watched or urgent,
            quiet_s=parts.indexer.quiet_s,
        )

    def _restore_folders(self, parts: _Parts) -> None:
        """Restore removed or replaced folders of the run, and record it."""
        assert self._folders is not None
        try:
            replaced = self._folders.put_back()
            if self._folders.put_plan_back():
                parts.supervisor.journal.record("plan_replaced")
            if self.folder.control.name in replaced:
                self._lost_locks.append(self._lock)
                self._lock = FileLock(self.folder.proxy_lock)
                self._pulse = ProxyPulse(self._lock, self._clock)
                if not self._take_new_lock():
                    raise Fenced("another proxy has taken the run over")
                self._write_identity()
            if self.folder.logs.name in replaced:
                parts.indexer.restore_log_names()
                if self._watch is not None:
                    self._watch.renew()
        except OSError as error:
            say(f"the folders of run {self.folder.run_id} cannot be restored: {error}")
            return
        for name in replaced:
            parts.supervisor.journal.record("folder_replaced", folder=name)

    @staticmethod
    def _record_rebuilds(parts: _Parts) -> None:
        while parts.indexer.rebuilds:
            parts.supervisor.journal.record("database_rebuilt", cause=parts.indexer.rebuilds.pop(0))

    def _report(self, parts: _Parts) -> RunSummary:
        from gym_gui.proxy.summary import Supervision, summarize

        self._reports += 1
        history, indexer = parts.supervisor.history, parts.indexer
        ended = history.state.terminal  # then the summary equals that of the run's folder
        supervision = Supervision(
            history=history,
            report=self._number << 32 | self._reports,
            proxy_pid=None if ended else os.getpid(),
            lag_bytes=indexer.lag_bytes(),
            note=indexer.note or parts.supervisor.note,
            progressed_at=parts.supervisor.progressed_at,
            usage=parts.usage.latest,
            measured_at=None if ended else time.time(),
        )
        summary = summarize(parts.supervisor.plan, indexer.worker_rollups(), indexer.ledger(), supervision)
        self.reporter.report(summary)
        self._reported_at = self._clock()
        self._stale = False
        return summary

    def _take_new_lock(self) -> bool:
        """Take the lock of a folder that has just been replaced; this proxy holds the old one."""
        for _ in range(LOCK_TRIES):
            if self._lock.acquire():
                return True
            time.sleep(LOCK_RETRY_S)
        return False

    def _finish(self, parts: _Parts) -> Generator[float, None, int]:
        """Index the rest of an ended run, merge the manifests, finish the database, report."""
        from gym_gui.proxy.manifests import merge_manifests

        plan = parts.supervisor.plan
        try:
            forget_secrets(self.folder)
        except OSError as error:
            say(f"the private files of run {plan.run_id} cannot be removed: {error}")
        if not (yield from self._complete(parts)):
            return EXIT_DRAINED
        try:
            merge_manifests(self.folder, plan)
        except OSError as error:
            say(f"analytics.json of run {plan.run_id} cannot be written: {error}")
        last = self._report(parts)
        while not (yield from self._merge(parts)):  # the database was removed or replaced meanwhile
            if not (yield from self._complete(parts)):
                return EXIT_DRAINED
            last = self._report(parts)
        self.reporter.report(last)
        return EXIT_ENDED

    def _merge(self, parts: _Parts) -> Generator[float, None, bool]:
        """Merge the database, unless readers keep it open, and close it; return whether it is intact."""
        deadline = self._clock() + MERGE_S
        while not parts.indexer.merge() and self._clock() < deadline:
            self._pulse.beat()
            yield TICK_HURRIED_S
        return parts.indexer.finish()

    def _complete(self, parts: _Parts) -> Generator[float, None, bool]:
        """Index the remaining lines; return ``False`` if drained before."""
        while True:
            self._record_rebuilds(parts)  # before the supervisor's log is read to its end
            if parts.indexer.complete(parts.supervisor.history):
                return True
            if self._draining:
                return False
            self._pulse.beat()
            yield TICK_S if parts.indexer.disk_full else 0.0

    def _note_signs(self, parts: _Parts) -> None:
        """Note which files and folders tell of something new."""
        logs = [path for _, watch in parts.supervisor.live_watches() for path in (watch.stdout, watch.stderr)]
        places = (self.folder.supervisor_log, self.folder.control, *parts.provisioner.signs(), *logs)
        self._signs = [os.fspath(path) for path in places]

    def _write_identity(self) -> int:
        """Publish the identity of this process in the run's folder; return its pid."""
        own = ProcessIdentity.own()
        try:
            write_json_atomic(self.folder.proxy_identity, own, sync=False)
        except OSError as error:
            say(f"{self.folder.proxy_identity} cannot be written: {error}")
        return own.pid

    @contextmanager
    def _drain_on_signals(self) -> Iterator[None]:
        """Drain on SIGTERM and SIGINT (in the main thread, which alone may set handlers)."""
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


def _changed_at(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns  # noqa: PTH116 - asked for thousands of files a second
    except OSError:
        return 0
