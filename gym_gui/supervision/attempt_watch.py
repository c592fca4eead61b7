"""Looks at one attempt of a worker: its lock, its launcher's records, its processes, its logs."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec

from gym_gui.core.regular_files import NotRegularFile, is_file
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.lock import is_locked
from gym_gui.supervision.activity import Activity
from gym_gui.supervision.facts import AttemptFacts, ExitFacts, StopFacts
from gym_gui.supervision.history import AttemptHistory
from gym_gui.supervision.identity import ProcessIdentity, boot_id
from gym_gui.supervision.launcher_records import ExitRecord, read_exit, read_started
from gym_gui.supervision.processes import holding_processes, marked_processes
from gym_gui.supervision.usage import Usage

#: How often the process table is searched for an attempt whose launcher is gone, seconds.
SEARCH_INTERVAL_S = 0.5

#: A launch lock that is held for so long, seconds, by no process that can be seen is told of.
UNSEEN_PATIENCE_S = 2.0


class LogFacts(msgspec.Struct, frozen=True):
    """What the telemetry of an attempt tells its supervisor."""

    drained: bool = False
    closed: bool = False
    heartbeat_seen: bool = False
    progress: int = 0
    """How many records but heartbeats there are."""
    final_event: str = ""
    run_started: bool = False
    steps: int = 0
    target_steps: int | None = None
    error: str = ""
    log_fault: str = ""
    disk_full: bool = False


class AttemptWatch:
    """One attempt, looked at again and again.

    Args:
        folder: The run's folder.
        worker_id: The worker.
        number: Its attempt.
        record: What is on record of it.
    """

    def __init__(self, folder: RunFolder, worker_id: str, number: int, record: AttemptHistory) -> None:
        self.folder = folder
        self.worker_id = worker_id
        self.number = number
        self.record = record
        self.activity = Activity()
        self.usage: Usage | None = None
        """The last sample."""
        self.exit: ExitRecord | None = None
        """The exit record as the launcher wrote it."""
        self.stopped_at: float | None = None
        """When this supervisor sent the first stop signal, monotonic seconds."""
        self.killed_at = float("-inf")
        """When this supervisor last killed what was left, monotonic seconds."""
        self.paused_at = float("-inf")
        """When this supervisor last told it to stand still, monotonic seconds."""
        self.started_at: float | None = None
        """When the launcher started the worker, Unix time."""
        self.launcher_stopped_at: float | None = None
        """Since when its launcher has been seen to stand still, monotonic seconds."""
        self.worker: ProcessIdentity | None = None
        self.elsewhere = False
        """Its launch lock is held, by a launcher in another container or on another machine."""
        self.held_unseen = False
        """Its launch lock is held, and by no process that can be seen from here."""
        self.over = False
        """It began, and at the last look nothing of it lived: its log is complete."""
        self._launcher: ProcessIdentity | None = None
        self._usage_seen: Usage | None = None
        self.progressed_at: float | None = None
        """When anything but a heartbeat last came in, Unix time, as far as this supervisor watched."""
        self._progress = 0
        self._final_at: float | None = None
        self._spawning = False
        self._started_at: float | None = None
        self._unseen_since: float | None = None
        self._survivors: list[ProcessIdentity] = []
        self._searched_at = float("-inf")

    @property
    def stdout(self) -> Path:
        return self.folder.stdout_log(self.worker_id, self.number)

    @property
    def stderr(self) -> Path:
        return self.folder.stderr_log(self.worker_id, self.number)

    @property
    def launcher(self) -> ProcessIdentity | None:
        """The launcher, as far as anybody wrote down which process it is."""
        return self._launcher or self.record.launcher

    @property
    def obstacle(self) -> str:
        """What keeps this supervisor from doing anything about the attempt, in words; empty: nothing."""
        lock = self.folder.launch_lock(self.worker_id, self.number).name
        if self.elsewhere and self.launcher is not None:
            return f"worker {self.worker_id} runs elsewhere: {lock} is held by {self.launcher.place}; stop it there"
        if self.held_unseen:
            return (
                f"worker {self.worker_id} has ended, but {lock} is held by a process that cannot be seen from here"
                " (another user's, or another container's); stop it there"
            )
        return ""

    def look(self, now: float, log: LogFacts) -> AttemptFacts:
        """Return all that is known of the attempt.

        Args:
            now: Monotonic time, seconds.
            log: What its telemetry tells.
        """
        locked = self._locked()
        # Somebody removed it, or its folder: the processes that are on record, and their marks, tell the rest.
        lost = not locked and self._lock_is_lost()
        self._read_records()  # after the lock: what a launcher wrote before it let go is seen
        self.elsewhere = locked and self.launcher is not None and not self.launcher.here
        # Of a launcher that cannot be looked up from here the lock is all that tells, and it is enough.
        unseen = locked and (self.launcher is None or self.elsewhere)
        launcher_alive = unseen or ((locked or lost) and self.launcher is not None and self.launcher.alive())
        worker_alive = self.worker is not None and self.worker.alive()
        left = not launcher_alive and not worker_alive and (locked or lost or self._spawning)
        self._survivors = self._search(now, locked) if left else []
        self._spawning = self._spawning or (lost and bool(self._survivors))  # its records are gone, and it has run
        if not locked or launcher_alive or worker_alive or self._survivors:
            self._unseen_since = None
        elif self._unseen_since is None:
            self._unseen_since = now
        self.held_unseen = self._unseen_since is not None and now - self._unseen_since > UNSEEN_PATIENCE_S
        paused = self.record.held_at is not None
        cpu_seconds = None if self.usage is None else self.usage.cpu_seconds
        sampled, self._usage_seen = self.usage is not self._usage_seen, self.usage
        sizes = _size(self.stdout), _size(self.stderr)
        self.activity.update(now, *sizes, cpu_seconds, sampled=sampled, paused=paused)
        if log.progress and log.progress != self._progress:
            self._progress, self.progressed_at = log.progress, time.time()
        facts = AttemptFacts(
            number=self.number,
            launches=self.record.launches,
            launcher_alive=launcher_alive,
            worker_alive=worker_alive,
            survivors=len(self._survivors),
            locked=locked,
            elsewhere=self.elsewhere,
            spawning=self._spawning,
            pid=None if self.worker is None or self._never_ran else self.worker.pid,
            stopped=paused and self.worker is not None and self.worker.stopped(),
            same_boot=self.launcher is None or self.launcher.boot_id == boot_id(),
            exit=self._exit_facts(),
            drained=log.drained,
            closed=log.closed,
            final_event=log.final_event,
            final_s=self._final_s(now, log.final_event, paused=paused),
            run_started=log.run_started,
            steps=log.steps,
            target_steps=log.target_steps,
            error=log.error,
            log_fault=log.log_fault,
            disk_full=log.disk_full,
            heartbeat_seen=log.heartbeat_seen,
            output_seen=self.activity.output_seen,
            quiet_s=self.activity.quiet_s,
            idle_s=self.activity.idle_s,
            age_s=self._age_s(),
            stop=self._stop_facts(now),
        )
        self.over = facts.begun and facts.over
        return facts

    def _final_s(self, now: float, final_event: str, *, paused: bool) -> float:
        """Return how long the attempt has been seen to live on after its last word, seconds."""
        if not final_event or paused or self._final_at is None:
            self._final_at = now if final_event and not paused else None
            return 0.0
        return now - self._final_at

    def ended_at(self) -> float | None:
        """Return when the worker ended, Unix time: as its launcher saw it, else when it last printed anything."""
        if self.exit is not None and self.exit.ended_at:
            return self.exit.ended_at
        times = [when for path in (self.stdout, self.stderr) if (when := _modified_at(path))]
        return max(times, default=None)

    def idle_facts(self) -> AttemptFacts:
        """Return the facts of an attempt that nobody needs to look at any more."""
        return AttemptFacts(number=self.number)

    def search(self) -> list[ProcessIdentity]:
        """Return the attempt's living processes, searched for now."""
        found = marked_processes(self.folder.run_id, self.worker_id, self.number)
        lock = self.folder.launch_lock(self.worker_id, self.number)
        found += holding_processes(lock, (self.stdout, self.stderr))
        since = 0 if self.launcher is None or not self.launcher.here else self.launcher.start_ticks
        # Nothing of the attempt is older than its launcher, and the launcher is none of what the worker left behind.
        mine = {one.pid: one for one in found if one.start_ticks >= since and not self._is_launcher(one)}
        return list(mine.values())

    def _locked(self) -> bool:
        try:
            return is_locked(self.folder.launch_lock(self.worker_id, self.number))
        except NotRegularFile:
            return False

    def _lock_is_lost(self) -> bool:
        """Whether a launcher was started and there is no lock of it any more, though nothing of MOSAIC removes one."""
        return self.record.launches > 0 and not is_file(self.folder.launch_lock(self.worker_id, self.number))

    def _is_launcher(self, process: ProcessIdentity) -> bool:
        launcher = self.launcher
        return launcher is not None and (process.pid, process.start_ticks) == (launcher.pid, launcher.start_ticks)

    def _search(self, now: float, locked: bool) -> list[ProcessIdentity]:
        """Return the processes that no launcher sees to any more; searched for now and then, and before the end."""
        if self._swept and not locked:
            return []
        if now - self._searched_at >= SEARCH_INTERVAL_S:
            self._searched_at = now
            return self.search() or self.search()  # one that forks and ends all the time may be missed once
        return self._survivors

    def _read_records(self) -> None:
        if self.worker is None:
            started = read_started(self.folder.started_record(self.worker_id, self.number))
            # The supervisor's log knows of it, too, where the record was removed.
            self._spawning = self._spawning or started is not None or self.record.started_at is not None
            if started is not None:
                self._launcher, self.worker = started.launcher, started.worker
                self.started_at = started.started_at
                if started.monotonic is not None and self._launcher is not None:
                    same_boot = self._launcher.boot_id == boot_id()
                    self._started_at = started.monotonic if same_boot else time.monotonic()
        if not self._swept:
            self.exit = read_exit(self.folder.exit_record(self.worker_id, self.number)) or self.exit

    @property
    def _swept(self) -> bool:
        return self.exit is not None and self.exit.swept

    @property
    def _never_ran(self) -> bool:
        return self.exit is not None and self.exit.reason == "spawn_failed"

    def _exit_facts(self) -> ExitFacts | None:
        if self.exit is None:
            return None
        return ExitFacts(
            code=self.exit.code,
            signal=self.exit.signal,
            reason=self.exit.reason,
            error=self.exit.error,
            signalled=self.exit.signalled_at is not None,
            at=self.exit.ended_at or 0.0,
        )

    def _age_s(self) -> float:
        """Return for how long it has run, seconds, without its pauses and what nobody observed."""
        if self._started_at is None:
            return 0.0
        now = time.monotonic()  # not the supervisor's clock: predecessors and launchers wrote down theirs
        held_s = 0.0 if self.record.held_at is None else now - self.record.held_at
        return now - self._started_at - self.record.held_s - held_s

    def _stop_facts(self, now: float) -> StopFacts | None:
        if self.record.stop is None:
            return None
        kind, cause, at = self.record.stop
        return StopFacts(kind, cause, None if self.stopped_at is None else now - self.stopped_at, at)


def _modified_at(path: Path) -> float:
    """Return when a log that is not empty was last written, 0 if there is none."""
    try:
        status = path.stat()
    except OSError:
        return 0.0
    return status.st_mtime if status.st_size else 0.0


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0
