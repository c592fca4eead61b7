"""Telemetry: MOSAIC's emitter, and the codes of this worker's log records."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any


def open_emitter(run_id: str, worker_id: str | None, logger: logging.Logger) -> Any:
    """Return what emits a run's telemetry."""
    from gym_gui.core.worker import TelemetryEmitter

    return TelemetryEmitter(run_id, worker_id=worker_id, logger=logger)


def log_constant(name: str) -> Any:
    """Return the constant ``LOG_WORKER_SB3_<name>``."""
    from gym_gui.logging_config import log_constants

    return getattr(log_constants, f"LOG_WORKER_SB3_{name}")


def run_folder(kind: str, run_id: str, worker_id: str | None) -> Path:
    """Return a folder of the run: ``checkpoints`` or ``tensorboard``."""
    from gym_gui.config import paths

    folder: Path = getattr(paths, f"get_{kind}_dir")(run_id, worker_id)
    return folder


@contextlib.contextmanager
def heartbeats(emitter: Any, interval_s: float, payload: Callable[[], Mapping[str, Any]]) -> Iterator[None]:
    """Emit heartbeats from a thread; none if the interval is 0."""
    if not interval_s:
        yield
        return
    from gym_gui.core.worker import HeartbeatThread

    with HeartbeatThread(emitter, interval_s, payload):
        yield
