"""Telemetry without MOSAIC: the same lines, printed plainly."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

LIFECYCLE = (
    "run_started",
    "run_completed",
    "run_failed",
    "run_cancelled",
    "heartbeat",
    "checkpoint_saved",
    "checkpoint_loaded",
)


class PlainEmitter:
    """Prints events as JSON lines on stdout, with the methods of MOSAIC's ``TelemetryEmitter``.

    Args:
        run_id: The run.
        worker_id: The instance of the worker.
    """

    def __init__(self, run_id: str, worker_id: str | None = None) -> None:
        self._head = {"run_id": run_id, **({"worker_id": worker_id} if worker_id else {})}
        self._lock = threading.Lock()
        self._sampled = 0

    def __getattr__(self, name: str) -> Callable[..., None]:
        if name not in LIFECYCLE:
            raise AttributeError(name)

        def emit(payload: Mapping[str, Any] | None = None, **_log_record: Any) -> None:
            self._print({"event": name, "timestamp": time.time(), "payload": dict(payload or {})})

        return emit

    def phase(self, name: str) -> None:
        """Print what the worker is busy with before it takes steps; ``""`` once it goes on."""
        self.heartbeat({"phase": name})

    def step(self, step_index: int, **values: Any) -> None:
        """Print an environment step."""
        self._print({"event_type": "step", "step_index": step_index, **values})

    def episode(self, ep_index: int, **values: Any) -> None:
        """Print the end of an episode."""
        self._print({"event_type": "episode", "ep_index": ep_index, "timestamp": time.time(), **values})

    def metrics(self, step: int, values: Mapping[str, float], **extra: Any) -> None:
        """Print numbers measured during training."""
        self._print({"event_type": "metric", "step": step, "values": values, "timestamp": time.time(), **extra})

    def allows_steps(self) -> bool:
        """Return whether to print the steps of an episode that begins now: always, where nobody keeps a quota."""
        return True

    def count_sampled(self, steps: int) -> None:
        """Report steps that were left out in the next event."""
        self._sampled += steps

    def _print(self, event: dict[str, Any]) -> None:
        with self._lock:
            if self._sampled:
                event["sampled"], self._sampled = event.get("sampled", 0) + self._sampled, 0
            line = json.dumps({**self._head, **{name: value for name, value in event.items() if value is not None}})
            print(line, file=sys.stdout, flush=True)  # noqa: T201 - printing is this class's work
