"""The seven lifecycle events of a worker."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from gym_gui.core.worker.encoding import encode_sorted


class LifecycleEventType(str, Enum):
    """What happened to a worker."""

    RUN_STARTED = "run_started"
    RUN_COMPLETED = "run_completed"
    RUN_FAILED = "run_failed"
    RUN_CANCELLED = "run_cancelled"
    HEARTBEAT = "heartbeat"
    CHECKPOINT_SAVED = "checkpoint_saved"
    CHECKPOINT_LOADED = "checkpoint_loaded"

    def __str__(self) -> str:
        return str(self.value)


@dataclass(frozen=True)
class LifecycleEvent:
    """One event of a worker's life.

    Args:
        event: What happened.
        run_id: The run it happened to.
        timestamp: When, Unix time in seconds.
        payload: What else is to be said, JSON-ready.
        worker_id: The instance of the worker, if known.

    Raises:
        ValueError: ``event`` is none of the seven.
    """

    event: LifecycleEventType
    run_id: str
    timestamp: float
    payload: dict[str, Any] = field(default_factory=dict)
    worker_id: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "event", LifecycleEventType(self.event))

    def to_dict(self) -> dict[str, Any]:
        """Return the event as it is printed."""
        event = {
            "event": self.event.value,
            "run_id": self.run_id,
            "timestamp": self.timestamp,
            "payload": self.payload,
        }
        if self.worker_id:
            event["worker_id"] = self.worker_id
        return event

    def to_json(self) -> str:
        """Return the event as one line of JSON: compact, keys sorted, without a newline."""
        return encode_sorted(self.to_dict())

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> LifecycleEvent:
        """Build an event from what was printed.

        Raises:
            KeyError: A key of the four is missing.
            ValueError: The event is none of the seven.
        """
        return cls(
            event=LifecycleEventType(data["event"]),
            run_id=data["run_id"],
            timestamp=data["timestamp"],
            payload=data.get("payload") or {},
            worker_id=data.get("worker_id"),
        )


__all__ = ["LifecycleEvent", "LifecycleEventType"]
