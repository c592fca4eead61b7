"""A worker's run from its first event to its last."""

from __future__ import annotations

import logging
import os
import signal
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable, Mapping, Sequence

from gym_gui.config import paths
from gym_gui.constants import WORKER_HEARTBEAT_INTERVAL_S
from gym_gui.core.worker.errors import ConfigError, MosaicError, Problem
from gym_gui.core.worker.heartbeat import HeartbeatThread
from gym_gui.core.worker.signals import Cancelled, ignore_requests
from gym_gui.core.worker.telemetry import TelemetryEmitter

if TYPE_CHECKING:
    from gym_gui.logging_config.constant import LogConstant

_in_progress: RunLifecycle | None = None


def exit_code(error: BaseException | None) -> int:
    """Return what a worker's process exits with after its run ended.

    Args:
        error: What ended the run; ``None`` if it completed.

    Returns:
        0 completed, 1 failed, 2 wrong usage, 130 or 143 cancelled by SIGINT or SIGTERM.
    """
    if error is None:
        return 0
    if isinstance(error, (Cancelled, MosaicError)):
        return error.exit_code
    if isinstance(error, SystemExit) and isinstance(error.code, int):
        return error.code
    return 128 + signal.SIGINT if isinstance(error, KeyboardInterrupt) else 1


class RunLifecycle:
    """One run: its first event, heartbeats, its manifest, exactly one last event.

    The work is the body of a ``with`` statement::

        with RunLifecycle(config, "mylib", dry_run=dry_run) as run:
            run.phase("importing mylib")
            ...
            if not run.dry_run:
                run.summary.update(train(run.emitter))
        return run.summary

    ``run_started`` is emitted at the beginning. At the end heartbeats stop, the manifest is written, and the last event
    follows: ``run_completed`` with the summary, ``run_failed`` after an exception, ``run_cancelled`` after a request to
    end. The exception goes on to the caller. A request to end that arrives while the last event is emitted is too late.

    Args:
        config: The worker's config; its ``worker_id`` and ``heartbeat_interval_s`` count where it has them.
        worker_type: The kind of worker, as its entry point is named: in ``run_started`` and in its log constants.
        dry_run: Whether this run only checks: it has no heartbeats, phases and manifest, and its summary says so.
        announcement: What else ``run_started`` says.
        progress: Called in heartbeats and when the run is cancelled: how far it is.
        write_manifest: Writes the manifest of what the run left behind, and returns its path.
        heartbeat_interval_s: Seconds between heartbeats; 0 for none.
        emitter: Emits the events; default: a new one.
        logger: Takes a record of each event, and what else is to be said.

    Attributes:
        emitter: Emits the run's telemetry.
        worker_id: The instance of the worker, if known.
        dry_run: As above.
        summary: The payload of ``run_completed``; the work puts in what it came to.
        outcome: ``"completed"``, ``"failed"`` or ``"cancelled"``; ``None`` until the run has ended.
        exit_code: What the process exits with; ``None`` until the run has ended.
    """

    def __init__(
        self,
        config: Any,
        worker_type: str = "",
        *,
        dry_run: bool = False,
        announcement: Mapping[str, Any] | None = None,
        progress: Callable[[], Mapping[str, Any]] | None = None,
        write_manifest: Callable[[], str | Path | None] | None = None,
        heartbeat_interval_s: float | None = None,
        emitter: Any = None,
        logger: logging.Logger | None = None,
    ) -> None:
        self.run_id = str(config.run_id)
        self.worker_type = worker_type
        self.dry_run = dry_run
        self.logger = logger or logging.getLogger(__name__)
        worker_id = getattr(config, "worker_id", None) or None
        self.emitter = emitter or TelemetryEmitter(self.run_id, worker_id=worker_id, logger=self.logger)
        self.worker_id: str | None = getattr(self.emitter, "worker_id", worker_id)
        self.summary: dict[str, Any] = {"status": "completed"}
        if dry_run:
            self.summary = {"status": "dry-run", "config": config.to_dict()}
        self.outcome: str | None = None
        self.exit_code: int | None = None
        self._announcement = {"dry_run": dry_run, **(announcement or {})}
        if worker_type:
            self._announcement["worker_type"] = worker_type
        self._progress = progress
        self._write_manifest = write_manifest
        if heartbeat_interval_s is None:
            heartbeat_interval_s = getattr(config, "heartbeat_interval_s", WORKER_HEARTBEAT_INTERVAL_S)
        self._heartbeats: HeartbeatThread | None = None
        if (heartbeat_interval_s or 0) > 0 and not dry_run:
            self._heartbeats = HeartbeatThread(self.emitter, heartbeat_interval_s, self._how_far)
        self._process: int | None = None

    def __enter__(self) -> RunLifecycle:
        """Begin the run.

        Raises:
            RuntimeError: It has begun before, or another one has not ended in this process.
        """
        global _in_progress
        if self._process is not None:
            raise RuntimeError(f"run {self.run_id} has begun before: a run has one lifecycle")
        if _in_progress is not None:
            raise RuntimeError(f"run {_in_progress.run_id} has not ended: a process has one run at a time")
        self._process, _in_progress = os.getpid(), self
        try:
            self._emit("run_started", self._announcement, constant=self.constant("RUNTIME_STARTED"))
            if self._heartbeats is not None:
                self._heartbeats.__enter__()
        except BaseException as error:  # a request to end may arrive before the work has begun
            self.__exit__(type(error), error, error.__traceback__)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the run; further calls, and those in forked processes, do nothing."""
        global _in_progress
        if self.outcome is not None or self._process != os.getpid():
            return
        try:
            self._close()
            with ignore_requests():
                self._end(error)
        except (Cancelled, KeyboardInterrupt) as request:  # it came while the run was being closed
            if isinstance(request, Cancelled):
                self._close()
            self._end(request)
            raise
        finally:
            _in_progress = None

    def phase(self, name: str) -> None:
        """Say what the worker is busy with while it takes no steps; nothing in a dry run.

        Args:
            name: A short text, such as ``"importing torch"``; ``""`` ends the phase, as the first step does.
        """
        if not self.dry_run:
            self.emitter.phase(name)

    def refuse(self, problems: Sequence[Problem]) -> None:
        """End the run before its work begins, if there is a reason to.

        Args:
            problems: Every reason why it cannot start; none lets it go on.

        Raises:
            ConfigError: There is a reason.
        """
        if problems:
            raise ConfigError("The run cannot start.", problems)

    def folder(self, kind: str) -> Path:
        """Return this worker's folder in the run: of ``checkpoints``, ``tensorboard``, ``videos`` or ``frames``."""
        folder: Path = getattr(paths, f"get_{kind}_dir")(self.run_id, self.worker_id)
        return folder

    def constant(self, name: str) -> LogConstant | None:
        """Return the worker's log constant ``LOG_WORKER_{TYPE}_<name>``; ``None`` where the type is not known."""
        if not self.worker_type:
            return None
        from gym_gui.logging_config import log_constants

        kind = self.worker_type.upper().replace("-", "_")
        constant: LogConstant = getattr(log_constants, f"LOG_WORKER_{kind}_{name}")
        return constant

    def _close(self) -> None:
        """Do what comes before the last event; what has been done is not done again."""
        if self._heartbeats is not None:
            self._heartbeats.__exit__()
            self._heartbeats = None
        if self._write_manifest is not None and not self.dry_run:
            self.summary["analytics_manifest"] = self._manifest(self._write_manifest)
            self._write_manifest = None

    def _manifest(self, write: Callable[[], str | Path | None]) -> str | None:
        try:
            path = write()
        except Exception as error:  # noqa: BLE001 - a training that succeeded must not fail for its table of contents
            self.logger.warning("the analytics manifest cannot be written: %s: %s", type(error).__name__, error)
            return None
        return str(path) if path else None

    def _end(self, error: BaseException | None) -> None:
        """Emit the last event."""
        self.exit_code = exit_code(error)
        if error is None:
            self.outcome = "completed"
            self._emit("run_completed", self.summary, constant=self.constant("RUNTIME_COMPLETED"))
        elif isinstance(error, (Cancelled, KeyboardInterrupt)):
            self.outcome = "cancelled"
            name = error.signal_name if isinstance(error, Cancelled) else "SIGINT"
            self._emit("run_cancelled", {"reason": f"{name} received", "signal": name, **self._how_far()})
        else:
            self.outcome = "failed"
            payload: dict[str, Any] = {"error": str(error), "error_type": type(error).__name__}
            if isinstance(error, ConfigError):
                payload["problems"] = [problem.to_dict() for problem in error.problems]
            details = getattr(error, "details", None)
            payload.update(details if isinstance(details, Mapping) else {})
            unexpected = None if isinstance(error, MosaicError) else error
            self._emit("run_failed", payload, constant=self.constant("RUNTIME_FAILED"), exc_info=unexpected)

    def _how_far(self) -> dict[str, Any]:
        try:
            return dict(self._progress()) if self._progress is not None else {}
        except Exception as error:  # noqa: BLE001 - a fault in the report must not end the run otherwise than it ended
            return {"payload_error": f"{type(error).__name__}: {error}"}

    def _emit(self, event: str, payload: Mapping[str, Any], **options: Any) -> None:
        try:
            getattr(self.emitter, event)(payload, **options)
        except Exception as error:  # noqa: BLE001 - telemetry must not end a training, nor hide what ended it
            self.logger.warning("%s cannot be emitted: %s: %s", event, type(error).__name__, error)


__all__ = ["RunLifecycle", "exit_code"]
