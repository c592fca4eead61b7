"""Observation of one attempt of a worker: its processes, logs and records."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec

from gym_gui.runs import RunFolder
from gym_gui.supervision.activity import Activity
from gym_gui.supervision.facts import AttemptFacts, StopFacts, Usage
from gym_gui.supervision.history import AttemptHistory
from gym_gui.supervision.provisioner import Attempt, ProcessFacts, Provisioner


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
    """One attempt, observed again and again.

    Args:
        folder: The run's folder.
        worker_id: The worker.
        number: Its attempt.
        record: What is on record of it.
        provisioner: Observes its processes.
    """

    def __init__(
        self, folder: RunFolder, worker_id: str, number: int, record: AttemptHistory, provisioner: Provisioner
    ) -> None:
        self.worker_id = worker_id
        self.number = number
        self.record = record
        self.stdout = folder.stdout_log(worker_id, number)
        self.stderr = folder.stderr_log(worker_id, number)
        self.activity = Activity()
        self.processes = ProcessFacts()
        """As last observed."""
        self.usage: Usage | None = None
        """The last sample."""
        self.stopped_at: float | None = None
        """When this supervisor sent the first stop signal, monotonic seconds."""
        self.killed_at = float("-inf")
        """When this supervisor last killed what was left, monotonic seconds."""
        self.paused_at = float("-inf")
        """When this supervisor last sent the signal to pause, monotonic seconds."""
        self.over = False
        """It began, and none of its processes was alive when last observed: its log is complete."""
        self.progressed_at: float | None = None
        """When anything but a heartbeat last came in, Unix time, as far as this supervisor watched."""
        self._provisioner = provisioner
        self._usage_seen: Usage | None = None
        self._progress = 0
        self._final_at: float | None = None

    @property
    def attempt(self) -> Attempt:
        """What is on record of the attempt."""
        return Attempt(
            worker_id=self.worker_id,
            number=self.number,
            launches=self.record.launches,
            handle=self.record.launcher,
            started=self.record.started_at is not None,
            paused=self.record.paused_since is not None,
        )

    @property
    def obstacle(self) -> str:
        """What keeps this supervisor from doing anything about the attempt, in words; empty: nothing."""
        if self.processes.unknown:
            return f"worker {self.worker_id} cannot be observed: {self.processes.unknown}"
        return self.processes.obstacle

    def look(self, now: float, log: LogFacts) -> AttemptFacts:
        """Observe the attempt; return its facts.

        Args:
            now: Monotonic time, seconds.
            log: What its telemetry tells.
        """
        seen = self._observe()
        unobserved = bool(seen.unknown)
        paused = self.record.paused_since is not None
        cpu_seconds = None if self.usage is None else self.usage.cpu_seconds
        sampled, self._usage_seen = self.usage is not self._usage_seen, self.usage
        sizes = _size(self.stdout), _size(self.stderr)
        self.activity.update(now, *sizes, cpu_seconds, sampled=sampled, paused=paused or unobserved or seen.elsewhere)
        if log.progress and log.progress != self._progress:
            self._progress, self.progressed_at = log.progress, time.time()
        facts = AttemptFacts(
            number=self.number,
            launches=self.record.launches,
            launcher_alive=seen.launcher_alive,
            worker_alive=seen.worker_alive,
            survivors=seen.survivors,
            locked=seen.locked,
            elsewhere=seen.elsewhere,
            unobserved=unobserved,
            spawning=seen.spawning,
            pid=seen.pid,
            stopped=seen.stopped,
            same_boot=seen.same_boot,
            exit=seen.exit,
            drained=log.drained,
            closed=log.closed,
            final_event=log.final_event,
            final_s=self._final_s(now, log.final_event, paused=paused or unobserved),
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
            age_s=self._age_s(seen),
            stop=self._stop_facts(now),
        )
        self.over = facts.begun and facts.over
        return facts

    def idle_facts(self) -> AttemptFacts:
        """Return the facts of an attempt that need not be observed any more."""
        return AttemptFacts(number=self.number)

    def ended_at(self) -> float | None:
        """Return when the worker ended, Unix time: as its launcher saw it, else when it last printed anything."""
        ended = self.processes.exit
        if ended is not None and ended.at:
            return ended.at
        times = [when for path in (self.stdout, self.stderr) if (when := _modified_at(path))]
        return max(times, default=None)

    def _observe(self) -> ProcessFacts:
        """Observe the processes; while they cannot be observed they count as alive and out of reach."""
        seen = self._provisioner.observe(self.attempt)
        if seen.unknown:
            before = self.processes
            seen = msgspec.structs.replace(before, unknown=seen.unknown, launcher_alive=True, elsewhere=True)
        self.processes = seen
        return seen

    def _final_s(self, now: float, final_event: str, *, paused: bool) -> float:
        """Return how long the attempt has been seen to live on after its last word, seconds."""
        if not final_event or paused or self._final_at is None:
            self._final_at = now if final_event and not paused else None
            return 0.0
        return now - self._final_at

    def _age_s(self, seen: ProcessFacts) -> float:
        """Return for how long it has run, seconds, without its pauses and unobserved time."""
        if seen.age_s is None:
            return 0.0
        # Not the supervisor's clock: predecessors and launchers wrote down theirs.
        paused_s = 0.0 if self.record.paused_since is None else time.monotonic() - self.record.paused_since
        return seen.age_s - self.record.uncounted_s - paused_s

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
