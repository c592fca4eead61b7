"""Supervisor log and history in one, so that they never disagree."""

from __future__ import annotations

import time
from typing import Any

from gym_gui.runs import RunFolder, RunPlan, SupervisorLog, clear_log_place
from gym_gui.supervision.history import read_history


class Journal:
    """Records events: folded into :attr:`history` at once, written to the log as soon as the disk takes them.

    What a full disk keeps out of the log is not lost while this process lives, and a successor reads it from the
    launchers' records. The caller holds the run's proxy lock.

    Args:
        folder: The run's folder.
        plan: The run.

    Raises:
        MosaicError: The log that is there cannot be read.
    """

    def __init__(self, folder: RunFolder, plan: RunPlan) -> None:
        clear_log_place(folder.supervisor_log)
        self.history = read_history(folder.supervisor_log, (worker.worker_id for worker in plan.workers))
        self._log = SupervisorLog(folder.supervisor_log)
        self._run_id = plan.run_id
        self._pending: list[dict[str, Any]] = []
        self._unlogged: list[dict[str, Any]] = []

    def record(self, event: str, **fields: Any) -> None:
        """Record one event; ``run_id`` and ``at`` (Unix time, seconds) are put in."""
        value = {"event": event, "run_id": self._run_id, **fields, "at": time.time()}
        self.history.apply(value)
        self._pending.append(value)
        self._unlogged.append(value)
        self.flush()

    def tell(self) -> None:
        """Log what was recorded since the last call (not at once: the first launches wait for no import)."""
        if self._unlogged:
            unlogged, self._unlogged = self._unlogged, []
            for value in unlogged:
                _log_event(value)

    def flush(self) -> bool:
        """Write what waits; return whether the log is complete."""
        while self._pending:
            try:
                self._log.append(**self._pending[0])
            except OSError:
                return False
            del self._pending[0]
        return True

    def close(self) -> None:
        """Close the log."""
        self.tell()
        self._log.close()


def _log_event(event: dict[str, Any]) -> None:
    """Write one event of a supervisor log as a structured log record, with its run and its worker."""
    import logging

    from gym_gui.logging_config.components import proxy as codes
    from gym_gui.logging_config.helpers import log_constant

    code = {
        "proxy": codes.LOG_PROXY_STARTED,
        "launch": codes.LOG_PROXY_WORKER_LAUNCHED,
        "started": codes.LOG_PROXY_WORKER_LAUNCHED,
        "exit": codes.LOG_PROXY_WORKER_ENDED,
        "withdrawn": codes.LOG_PROXY_WORKER_ENDED,
        "signal": codes.LOG_PROXY_WORKER_SIGNALLED,
        "truncated": codes.LOG_PROXY_INGEST_TRUNCATED,
        "state": codes.LOG_PROXY_RUN_STATE,
    }.get(event["event"], codes.LOG_PROXY_SUPERVISION)
    if event["event"] == "signal" and event.get("kind") == "limit":
        code = codes.LOG_PROXY_WORKER_HUNG
    log_constant(logging.getLogger(__name__), code, extra={k: value for k, value in event.items() if value is not None})
