"""The lifecycle of a worker's run: events, heartbeats, manifest, exit code."""

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
from gym_gui.core.worker.signals import Cancelled, ignore_signals
from gym_gui.core.worker.telemetry import TelemetryEmitter

if TYPE_CHECKING:
    from gym_gui.logging_config.constant import LogConstant

_in_progress: RunLifecycle | None = None


def exit_code(error: BaseException | None) -> int:
    """Return the exit code of a worker process whose run has ended.

    Args:
        error: The exception that ended the run; ``None`` if it completed.

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
    """Context manager around a run's work: emits its lifecycle events exactly once.

    The work is the body of a ``with`` statement::

        with RunLifecycle(config, "mylib", dry_run=dry_run) as run:
            run.phase("importing mylib")
            ...
            if not run.dry_run:
                run.summary.update(train(run.emitter))
        return run.summary

    On entry ``run_started`` is emitted and heartbeats start. On exit heartbeats stop, the manifest is written, and the
    final event is emitted: ``run_completed`` with the summary, ``run_failed`` after an exception, or ``run_cancelled``
    after SIGTERM or SIGINT. The exception is passed on. A signal that arrives during the final event is ignored.

    Args:
        config: The worker's config; its ``worker_id`` and ``heartbeat_interval_s`` are used if it has them.
        worker_type: Name of the worker's entry point; part of ``run_started`` and of its log constants.
        dry_run: Only check: no heartbeats, no phases, no manifest; the summary's status is ``dry-run``.
        announcement: Further payload of ``run_started``.
        progress: Returns the payload of heartbeats, which ``run_cancelled`` also carries.
        write_manifest: Writes the manifest of the run's artifacts and returns its path.
        heartbeat_interval_s: Seconds between heartbeats, 0 for none; default: the config's, else 30.
        emitter: Emits the events; default: a new :class:`TelemetryEmitter`.
        logger: Gets a record of each event, and warnings.

    Attributes:
        emitter: Emits the run's telemetry.
        worker_id: The instance of the worker, if known.
        dry_run: As above.
        summary: The payload of ``run_completed``; the work adds its results.
        outcome: ``"completed"``, ``"failed"`` or ``"cancelled"``; ``None`` until the run has ended.
        exit_code: The process's exit code; ``None`` until the run has ended.
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
            self._heartbeats = HeartbeatThread(self.emitter, heartbeat_interval_s, self._progress_payload)
        self._process: int | None = None

    def __enter__(self) -> RunLifecycle:
        """Emit ``run_started`` and start heartbeats.

        Raises:
            RuntimeError: This run was started before, or another run of this process has not ended.
        """
        global _in_progress
        if self._process is not None:
            raise RuntimeError(f"run {self.run_id} was started before; make a new RunLifecycle for another run")
        if _in_progress is not None:
            raise RuntimeError(f"run {_in_progress.run_id} has not ended; a process has one run at a time")
        self._process, _in_progress = os.getpid(), self
        try:
            self._emit("run_started", self._announcement, constant=self.constant("RUNTIME_STARTED"))
            if self._heartbeats is not None:
                self._heartbeats.__enter__()
        except BaseException as error:  # a signal may arrive before the work begins
            self.__exit__(type(error), error, error.__traceback__)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write the manifest and emit the final event; does nothing if called again or in a forked process."""
        global _in_progress
        if self.outcome is not None or self._process != os.getpid():
            return
        try:
            self._close()
            with ignore_signals():
                self._end(error)
        except (Cancelled, KeyboardInterrupt) as late:  # the signal arrived during the lines above
            if isinstance(late, Cancelled):
                self._close()
            self._end(late)
            raise
        finally:
            _in_progress = None

    def phase(self, name: str) -> None:
        """Announce what the worker is busy with while it takes no steps; silent in a dry run.

        Args:
            name: A short text, such as ``"importing torch"``; ``""`` ends the phase, as the first step does.
        """
        if not self.dry_run:
            self.emitter.phase(name)

    def refuse(self, problems: Sequence[Problem]) -> None:
        """Raise an error if a check before the work found problems.

        Args:
            problems: All problems found; empty if there are none.

        Raises:
            ConfigError: There are problems.
        """
        if problems:
            raise ConfigError("The run cannot start.", problems)

    def folder(self, kind: str) -> Path:
        """Return the worker's folder for ``checkpoints``, ``tensorboard``, ``videos`` or ``frames``."""
        folder: Path = getattr(paths, f"get_{kind}_dir")(self.run_id, self.worker_id)
        return folder

    def constant(self, name: str) -> LogConstant | None:
        """Return the log constant ``LOG_WORKER_{TYPE}_<name>``; ``None`` without a worker type."""
        if not self.worker_type:
            return None
        from gym_gui.logging_config import log_constants

        kind = self.worker_type.upper().replace("-", "_")
        constant: LogConstant = getattr(log_constants, f"LOG_WORKER_{kind}_{name}")
        return constant

    def _close(self) -> None:
        """Stop heartbeats and write the manifest, each once."""
        if self._heartbeats is not None:
            self._heartbeats.__exit__()
            self._heartbeats = None
        if self._write_manifest is not None and not self.dry_run:
            self.summary["analytics_manifest"] = self._manifest(self._write_manifest)
            self._write_manifest = None

    def _manifest(self, write: Callable[[], str | Path | None]) -> str | None:
        try:
            path = write()
        except Exception as error:  # noqa: BLE001 - a missing manifest must not fail a finished training
            self.logger.warning("the analytics manifest cannot be written: %s: %s", type(error).__name__, error)
            return None
        return str(path) if path else None

    def _end(self, error: BaseException | None) -> None:
        """Emit the final event."""
        self.exit_code = exit_code(error)
        if error is None:
            self.outcome = "completed"
            self._emit("run_completed", self.summary, constant=self.constant("RUNTIME_COMPLETED"))
        elif isinstance(error, (Cancelled, KeyboardInterrupt)):
            self.outcome = "cancelled"
            name = error.signal_name if isinstance(error, Cancelled) else "SIGINT"
            self._emit("run_cancelled", {"reason": f"{name} received", "signal": name, **self._progress_payload()})
        else:
            self.outcome = "failed"
            payload: dict[str, Any] = {"error": str(error), "error_type": type(error).__name__}
            if isinstance(error, ConfigError):
                payload["problems"] = [problem.to_dict() for problem in error.problems]
            details = getattr(error, "details", None)
            payload.update(details if isinstance(details, Mapping) else {})
            unexpected = None if isinstance(error, MosaicError) else error
            self._emit("run_failed", payload, constant=self.constant("RUNTIME_FAILED"), exc_info=unexpected)

    def _progress_payload(self) -> dict[str, Any]:
        try:
            return dict(self._progress()) if self._progress is not None else {}
        except Exception as error:  # noqa: BLE001 - a broken progress callback must not change the outcome
            return {"payload_error": f"{type(error).__name__}: {error}"}

    def _emit(self, event: str, payload: Mapping[str, Any], **options: Any) -> None:
        try:
            getattr(self.emitter, event)(payload, **options)
        except Exception as error:  # noqa: BLE001 - telemetry must neither end a training nor hide its error
            self.logger.warning("%s cannot be emitted: %s: %s", event, type(error).__name__, error)


__all__ = ["RunLifecycle", "exit_code"]
