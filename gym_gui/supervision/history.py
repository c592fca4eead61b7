"""History of a run: the events of its supervisor log, folded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from gym_gui.core.worker.errors import MosaicError
from gym_gui.runs import ExitStatus, RunState, read_events
from gym_gui.supervision.facts import StopKind


class AttemptHistory(msgspec.Struct):
    """What is on record of one attempt."""

    launches: int = 0
    launcher: Mapping[str, Any] | None = None
    """The provisioner's handle of it."""
    launched_at: float | None = None
    stop: tuple[StopKind, str, float] | None = None
    """Kind, cause and time (Unix) of the first stop signal."""
    state: RunState = RunState.STARTING
    cause: str = ""
    started_at: float | None = None
    ended_at: float | None = None
    exit: ExitStatus | None = None
    paused_since: float | None = None
    """When the pause began that it is in, monotonic seconds."""
    uncounted_s: float = 0.0
    """Seconds of earlier pauses, and of unobserved time: no limit counts them."""


class WorkerHistory(msgspec.Struct):
    """What is on record of one worker. ``attempt`` is the one that runs or waits."""

    worker_id: str
    state: RunState = RunState.QUEUED
    cause: str = ""
    attempt: int = 1
    pid: int | None = None
    exit: ExitStatus | None = None
    started_at: float | None = None
    ended_at: float | None = None
    cpu_seconds: float | None = None
    memory_bytes: int | None = None
    attempts: dict[int, AttemptHistory] = {}

    def of(self, attempt: int) -> AttemptHistory:
        """Return the record of one attempt, a new one if there is none."""
        return self.attempts.setdefault(attempt, AttemptHistory())


class RunHistory:
    """State of a run and its workers, from the events.

    Args:
        worker_ids: The run's workers.
        events: Events of the log, in order.
    """

    def __init__(self, worker_ids: Iterable[str], events: Iterable[Mapping[str, Any]] = ()) -> None:
        self.state = RunState.QUEUED
        self.cause = ""
        self.started_at: float | None = None
        self.ended_at: float | None = None
        self.gaps = 0
        """How often output may have been lost unread."""
        self.logs_replaced = False
        """Its folder of logs was removed or replaced while it ran."""
        self.proxies = 0
        """How many proxies have supervised the run."""
        self.failure = ""
        """Why proxies that came later could not supervise it."""
        self.workers = {worker_id: WorkerHistory(worker_id) for worker_id in worker_ids}
        for event in events:
            self.apply(event)

    def apply(self, event: Mapping[str, Any]) -> None:
        """Fold one event in. Events of other names, and of workers that the run does not have, change nothing."""
        name = event["event"]
        if name == "state":
            self._apply_state(event)
        elif name == "proxy":
            self.proxies += 1
            self.failure = ""
        elif name == "proxy_failed":
            self.failure = str(event.get("cause", ""))
        elif name == "folder_replaced":
            self.logs_replaced = self.logs_replaced or event.get("folder") == "logs"
        elif name == "truncated":
            self.gaps += bool(event.get("unseen", True))
        else:
            worker = self.workers.get(event.get("worker_id", ""))
            if worker is not None:
                _apply_to_worker(worker, name, event)

    def _apply_state(self, event: Mapping[str, Any]) -> None:
        if self.state.terminal:
            return
        self.state = RunState(event["state"])
        self.cause = event.get("cause", "")
        if self.state is RunState.RUNNING and self.started_at is None:
            self.started_at = event["at"]
        if self.state.terminal:
            ends = [worker.ended_at for worker in self.workers.values() if worker.ended_at is not None]
            # It ended with its last worker, however late that was observed.
            self.ended_at = max(ends) if ends else event["at"]
            if self.started_at is not None:  # of a short run the start may be observed after the end
                self.started_at = min(self.started_at, self.ended_at)


def _moment(event: Mapping[str, Any], name: str) -> float:
    """Return when something happened: the launcher's time if recorded, else that of the event."""
    recorded = event.get(name)
    noticed = float(event["at"])
    return min(float(recorded), noticed) if isinstance(recorded, (int, float)) and recorded > 0 else noticed


def _apply_to_worker(worker: WorkerHistory, name: str, event: Mapping[str, Any]) -> None:
    number = int(event.get("attempt", worker.attempt))
    attempt = worker.of(number)
    if name == "launch":
        attempt.launches += 1
        attempt.launched_at = event["at"]
        if event.get("launcher") is not None:
            attempt.launcher = dict(event["launcher"])
        worker.pid = worker.exit = None
        worker.attempt = number
    elif name == "signal" and event.get("kind") and attempt.stop is None:
        attempt.stop = (StopKind(event["kind"]), event.get("cause", ""), event["at"])
    elif name == "paused":
        attempt.paused_since = event.get("monotonic")
    elif name == "unpaused" and attempt.paused_since is not None:
        attempt.uncounted_s += max(0.0, float(event.get("monotonic", 0.0)) - attempt.paused_since)
        attempt.paused_since = None
    elif name == "unobserved":
        attempt.uncounted_s += max(0.0, float(event.get("seconds", 0.0)))
    elif name == "started":
        worker.pid = event.get("pid")
        worker.started_at = attempt.started_at = _moment(event, "started_at")
    elif name == "exit":
        worker.exit = attempt.exit = msgspec.convert(event["exit"], ExitStatus) if event.get("exit") else None
        worker.ended_at = attempt.ended_at = max(_moment(event, "ended_at"), attempt.started_at or 0.0)
        worker.cpu_seconds = event.get("cpu_seconds") or worker.cpu_seconds
        worker.memory_bytes = event.get("max_rss_bytes") or worker.memory_bytes
    if "state" in event and not worker.state.terminal:
        worker.state = RunState(event["state"])
        worker.cause = event.get("cause", "")
        attempt.state, attempt.cause = worker.state, worker.cause
        if name == "exit" and worker.state is RunState.QUEUED:
            worker.attempt = number + 1


class UnknownEventError(MosaicError):
    """A supervisor log holds an event that this version cannot have written."""


def read_history(path: Path, worker_ids: Iterable[str]) -> RunHistory:
    """Return what a supervisor log tells of its run.

    Args:
        path: The log.
        worker_ids: The run's workers.

    Raises:
        UnknownEventError: It holds an event that this version cannot have written.
        MosaicError: It is not a file.
    """
    history = RunHistory(worker_ids)
    for number, event in enumerate(read_events(path), 1):
        try:
            history.apply(event)
        except (LookupError, TypeError, ValueError, AttributeError) as error:  # noqa: PERF203 - some dozens of events
            raise UnknownEventError(
                f"the supervisor log of run {path.parent.parent.name} cannot be read",
                where=f"{path}, event {number} ({event['event']})",
                why=f"{type(error).__name__}: {error}",
                next_step="a newer version of MOSAIC may have written it: upgrade; or restore the log from a copy",
            ) from error
    return history
