"""One attempt on this machine: its lock, its launcher's records, its processes."""

from __future__ import annotations

import signal
import time
from collections.abc import Mapping
from typing import Any

import msgspec

from gym_gui.core.regular_files import NotRegularFile, is_file
from gym_gui.logging_config.diagnostics import say
from gym_gui.runs import RunFolder, is_locked
from gym_gui.supervision._launcher_records import ExitRecord, read_exit, read_started
from gym_gui.supervision.decide import LAUNCHER_PATIENCE_S
from gym_gui.supervision.identity import ProcessIdentity, boot_id
from gym_gui.supervision.launcher import PAUSE, UNPAUSE
from gym_gui.supervision.processes import holding_processes, marked_processes
from gym_gui.supervision.provisioner import Attempt, ProcessFacts, Signal

#: How often the process table is searched for an attempt whose launcher is gone, seconds.
SEARCH_INTERVAL_S = 0.5
#: Seconds for which a launch lock is held by no visible process before that is reported.
UNSEEN_PATIENCE_S = 2.0


class LocalAttempt:
    """One attempt, observed again and again.

    Args:
        folder: The run's folder.
        attempt: The attempt.
    """

    def __init__(self, folder: RunFolder, attempt: Attempt) -> None:
        self._folder = folder
        self._id = attempt.worker_id, attempt.number
        self._record = attempt
        self._lock = folder.launch_lock(*self._id)
        self._logs = folder.stdout_log(*self._id), folder.stderr_log(*self._id)
        self.worker: ProcessIdentity | None = None
        self._started_launcher: ProcessIdentity | None = None
        """From the launcher's own record."""
        self._recorded_launcher: ProcessIdentity | None = None
        """From the supervisor log."""
        self._exit: ExitRecord | None = None
        self._started_at: float | None = None
        self._started: float | None = None
        """Likewise on the monotonic clock."""
        self._spawning = False
        self._elsewhere = False
        self._unseen_since: float | None = None
        self._survivors: list[ProcessIdentity] = []
        self._searched_at = float("-inf")
        self._stopped_since: float | None = None
        """Since when the launcher has been seen stopped, monotonic seconds."""

    @property
    def launcher(self) -> ProcessIdentity | None:
        """The launcher, if any record says which process it is."""
        return self._started_launcher or self._recorded_launcher

    def take(self, record: Attempt) -> None:
        """Update the record of the attempt."""
        if self._record.handle is not record.handle or self._recorded_launcher is None:
            self._recorded_launcher = _identity(record.handle)
        self._record = record

    def observe(self, now: float) -> ProcessFacts:
        """Observe the attempt's processes.

        Args:
            now: Monotonic time, seconds.
        """
        locked = self._locked()
        # It was removed, or its folder: recorded processes and their marks remain as evidence.
        lost = not locked and self._lock_is_lost()
        self._read_records()  # after the lock: what a launcher wrote before it let go is seen
        launcher, worker = self.launcher, self.worker
        self._elsewhere = locked and launcher is not None and not launcher.here
        # Of a launcher that cannot be looked up from here the lock is the only evidence, and it is enough.
        unseen = locked and (launcher is None or self._elsewhere)
        launcher_alive = unseen or ((locked or lost) and launcher is not None and launcher.alive())
        worker_alive = worker is not None and worker.alive()
        left = not launcher_alive and not worker_alive and (locked or lost or self._spawning)
        self._survivors = self._search_at_times(now, locked) if left else []
        self._spawning = self._spawning or (lost and bool(self._survivors))  # its records are gone, and it has run
        if not locked or launcher_alive or worker_alive or self._survivors:
            self._unseen_since = None
        elif self._unseen_since is None:
            self._unseen_since = now
        self._wake_launcher(now)
        return ProcessFacts(
            launcher_alive=launcher_alive,
            worker_alive=worker_alive,
            survivors=len(self._survivors),
            locked=locked,
            elsewhere=self._elsewhere,
            spawning=self._spawning,
            pid=None if worker is None or self._never_ran else worker.pid,
            stopped=self._record.paused and worker is not None and worker.stopped(),
            same_boot=launcher is None or launcher.boot_id == boot_id(),
            exit=None if self._exit is None else self._exit.facts(),
            started_at=self._started_at,
            age_s=None if self._started is None else time.monotonic() - self._started,
            handle=None if launcher is None else msgspec.to_builtins(launcher),
            obstacle=self._obstacle(now),
        )

    def signal(self, kind: Signal) -> bool:
        """Signal the attempt; return whether any process received it."""
        launcher = [] if self.launcher is None else [self.launcher]
        if kind is Signal.STOP:
            return self._stop(launcher)
        if kind is Signal.PAUSE:
            # The launcher stops the count of the wall time, and the group; the marks find those in other sessions.
            delivered = _deliver(launcher, PAUSE)
            return _deliver(self.search(), signal.SIGSTOP) or delivered
        if kind is Signal.UNPAUSE:
            delivered = _deliver(launcher, UNPAUSE)
            return _deliver(self.search(), signal.SIGCONT) or delivered
        found = self.search()
        return _deliver([*launcher, *found] if kind is Signal.KILL_ALL else found, signal.SIGKILL)

    def search(self) -> list[ProcessIdentity]:
        """Return the attempt's living processes, searched for now."""
        found = marked_processes(self._folder.run_id, *self._id)
        found += holding_processes(self._lock, self._logs)
        since = 0 if self.launcher is None or not self.launcher.here else self.launcher.start_ticks
        # Nothing of the attempt is older than its launcher, and the launcher is none of what the worker left behind.
        mine = {one.pid: one for one in found if one.start_ticks >= since and not self._is_launcher(one)}
        return list(mine.values())

    def _stop(self, launcher: list[ProcessIdentity]) -> bool:
        orphaned = bool(launcher) and not self._elsewhere and not launcher[0].alive()
        # A launcher elsewhere sees a cancellation by itself.
        targets = self.search() if orphaned else launcher
        delivered = _deliver(targets, signal.SIGTERM)
        if delivered and orphaned:
            _deliver(targets, signal.SIGCONT)
        return delivered

    def _wake_launcher(self, now: float) -> None:
        """Continue a launcher that was stopped: it could not record the worker's exit."""
        if self.launcher is None or not self.launcher.stopped():
            self._stopped_since = None
        elif self._stopped_since is None:
            self._stopped_since = now
        elif now - self._stopped_since > LAUNCHER_PATIENCE_S:
            _deliver([self.launcher], signal.SIGCONT)

    def _obstacle(self, now: float) -> str:
        if self._elsewhere and self.launcher is not None:
            place = self.launcher.place
            return f"worker {self._id[0]} runs elsewhere: {self._lock.name} is held by {place}; stop it there"
        if self._unseen_since is not None and now - self._unseen_since > UNSEEN_PATIENCE_S:
            return (
                f"worker {self._id[0]} has ended, but {self._lock.name} is held by a process that cannot be seen from"
                " here (another user's, or another container's); stop it there"
            )
        return ""

    def _locked(self) -> bool:
        try:
            return is_locked(self._lock)
        except NotRegularFile:
            return False

    def _lock_is_lost(self) -> bool:
        """Whether a launcher was started and its lock file is gone, although MOSAIC never removes one."""
        return self._record.launches > 0 and not is_file(self._lock)

    def _is_launcher(self, process: ProcessIdentity) -> bool:
        launcher = self.launcher
        return launcher is not None and (process.pid, process.start_ticks) == (launcher.pid, launcher.start_ticks)

    def _search_at_times(self, now: float, locked: bool) -> list[ProcessIdentity]:
        """Return the processes without a launcher; searched for at intervals, and before the end."""
        if self._swept and not locked:
            return []
        if now - self._searched_at >= SEARCH_INTERVAL_S:
            self._searched_at = now
            return self.search() or self.search()  # one that forks and ends all the time may be missed once
        return self._survivors

    def _read_records(self) -> None:
        if self.worker is None:
            started = read_started(self._folder.started_record(*self._id))
            # The supervisor's log knows of it, too, where the record was removed.
            self._spawning = self._spawning or started is not None or self._record.started
            if started is not None:
                self._started_launcher, self.worker = started.launcher, started.worker
                self._started_at = started.started_at
                if started.monotonic is not None and started.launcher is not None:
                    same_boot = started.launcher.boot_id == boot_id()
                    self._started = started.monotonic if same_boot else time.monotonic()
        if not self._swept:
            self._exit = read_exit(self._folder.exit_record(*self._id)) or self._exit

    @property
    def _swept(self) -> bool:
        return self._exit is not None and self._exit.swept

    @property
    def _never_ran(self) -> bool:
        return self._exit is not None and self._exit.reason == "spawn_failed"


def _identity(handle: Mapping[str, Any] | None) -> ProcessIdentity | None:
    """Return the process that a handle identifies, ``None`` if it is malformed."""
    if handle is None:
        return None
    try:
        return msgspec.convert(handle, ProcessIdentity)
    except msgspec.ValidationError:
        return None


def _deliver(targets: list[ProcessIdentity], number: int) -> bool:
    """Signal processes; return whether any received it."""
    delivered = False
    for process in targets:
        try:
            delivered = process.signal(number) or delivered
        except PermissionError as error:  # noqa: PERF203 - a handful of processes
            say(f"cannot signal process {process.pid}: {error}")
    return delivered
