"""Looks at one attempt of a worker: its lock, its launcher's records, its processes, its logs."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import msgspec

from gym_gui.runs.folder import RunFolder
from gym_gui.runs.lock import is_locked
from gym_gui.telemetry.activity import Activity
from gym_gui.telemetry.facts import AttemptFacts, ExitFacts, StopFacts
from gym_gui.telemetry.history import AttemptHistory
from gym_gui.telemetry.identity import ProcessIdentity, boot_id
from gym_gui.telemetry.processes import marked_processes
from gym_gui.telemetry.usage import Usage

#: How often the process table is searched for an attempt whose launcher is gone, seconds.
SEARCH_INTERVAL_S = 0.5


class LogFacts(msgspec.Struct, frozen=True):
    """What the telemetry of an attempt tells its supervisor."""

    drained: bool = False
    closed: bool = False
    heartbeat_seen: bool = False
    final_event: str = ""
    error: str = ""
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
        self.exit: dict[str, Any] = {}
        """The exit record as the launcher wrote it; empty while there is none."""
        self.stopped_at: float | None = None
        """When this supervisor sent the first stop signal, monotonic seconds."""
        self.killed_at = float("-inf")
        """When this supervisor last killed what was left, monotonic seconds."""
        self.paused_at = float("-inf")
        """When this supervisor last told it to stand still, monotonic seconds."""
        self.launcher_stopped_at: float | None = None
        """Since when its launcher has been seen to stand still, monotonic seconds."""
        self.worker: ProcessIdentity | None = None
        self.over = False
        """It began, and at the last look nothing of it lived: its log is complete."""
        self._launcher: ProcessIdentity | None = None
        self._usage_seen: Usage | None = None
        self._spawning = False
        self._started_at: float | None = None
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
    def survivors(self) -> list[ProcessIdentity]:
        """Processes of the attempt, as last searched for."""
        return self._survivors

    def look(self, now: float, log: LogFacts) -> AttemptFacts:
        """Return all that is known of the attempt.

        Args:
            now: Monotonic time, seconds.
            log: What its telemetry tells.
        """
        locked = is_locked(self.folder.launch_lock(self.worker_id, self.number))
        self._read_records()  # after the lock: what a launcher wrote before it let go is seen
        launcher_alive = locked and (self.launcher is None or self.launcher.alive())
        worker_alive = self.worker is not None and self.worker.alive()
        if self._spawning and not launcher_alive and not worker_alive:
            worker_alive = self._search(now)
        paused = self.record.held_at is not None
        cpu_seconds = None if self.usage is None else self.usage.cpu_seconds
        sampled, self._usage_seen = self.usage is not self._usage_seen, self.usage
        sizes = _size(self.stdout), _size(self.stderr)
        self.activity.update(now, *sizes, cpu_seconds, sampled=sampled, paused=paused)
        facts = AttemptFacts(
            number=self.number,
            launches=self.record.launches,
            launcher_alive=launcher_alive,
            worker_alive=worker_alive,
            survivors=len(self._survivors) if not launcher_alive else 0,
            spawning=self._spawning,
            pid=None if self.worker is None else self.worker.pid,
            stopped=paused and self.worker is not None and self.worker.stopped(),
            same_boot=self.launcher is None or self.launcher.boot_id == boot_id(),
            exit=self._exit_facts(),
            drained=log.drained,
            closed=log.closed,
            final_event=log.final_event,
            error=log.error,
            disk_full=log.disk_full,
            heartbeat_seen=log.heartbeat_seen,
            output_seen=self.activity.output_seen,
            quiet_s=self.activity.quiet_s,
            idle_s=self.activity.idle_s,
            age_s=0.0 if self._started_at is None else now - self._started_at - self._held_s(now),
            stop=self._stop_facts(now),
        )
        self.over = facts.begun and facts.over
        return facts

    def idle_facts(self) -> AttemptFacts:
        """Return the facts of an attempt that nobody needs to look at any more."""
        return AttemptFacts(number=self.number)

    def search(self) -> list[ProcessIdentity]:
        """Return the attempt's living processes, searched for now."""
        self._survivors = marked_processes(self.folder.run_id, self.worker_id, self.number)
        return self._survivors

    def _search(self, now: float) -> bool:
        """Look for processes that no launcher sees to any more; return whether the worker itself is among them."""
        if self.exit.get("swept"):
            self._survivors = []
            return False
        if now - self._searched_at >= SEARCH_INTERVAL_S:
            self._searched_at = now
            self.search()
            if self.worker is None and self._survivors:
                self.worker = self._survivors[0]  # its launcher died before it could write the pid down
                return True
        return False

    def _read_records(self) -> None:
        if self.worker is None:
            started = _read(self.folder.started_record(self.worker_id, self.number))
            if started:
                self._spawning = True
                self._launcher = _identity(started.get("launcher"))
                self.worker = _identity(started.get("worker"))
                if started.get("monotonic") is not None and self._launcher is not None:
                    same_boot = self._launcher.boot_id == boot_id()
                    self._started_at = float(started["monotonic"]) if same_boot else time.monotonic()
        if not self.exit.get("swept"):
            self.exit = _read(self.folder.exit_record(self.worker_id, self.number)) or self.exit

    def _exit_facts(self) -> ExitFacts | None:
        if not self.exit:
            return None
        return ExitFacts(
            code=self.exit.get("code"),
            signal=self.exit.get("signal"),
            reason=str(self.exit.get("reason", "")),
            error=str(self.exit.get("error", "")),
            signalled=self.exit.get("signalled_at") is not None,
            at=float(self.exit.get("ended_at") or 0.0),
        )

    def _held_s(self, now: float) -> float:
        """How long it has stood still in all its pauses, seconds."""
        return self.record.held_s + (0.0 if self.record.held_at is None else now - self.record.held_at)

    def _stop_facts(self, now: float) -> StopFacts | None:
        if self.record.stop is None:
            return None
        kind, cause, at = self.record.stop
        return StopFacts(kind, cause, None if self.stopped_at is None else now - self.stopped_at, at)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _read(path: Path) -> dict[str, Any]:
    """Return a launcher's record, empty where there is none (or a power cut left half of one)."""
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _identity(value: object) -> ProcessIdentity | None:
    return None if value is None else msgspec.convert(value, ProcessIdentity)
