"""Records of a run's telemetry, one per row."""

from __future__ import annotations

from typing import Any

import msgspec


class StepRecord(msgspec.Struct, kw_only=True):
    """One environment step of one agent."""

    id: int
    """Row id (see `rowid.place`); also the cursor of the next page."""
    worker_id: str
    attempt: int
    step_index: int
    ep_index: int | None = None
    agent_id: str | None = None
    reward: float | None = None
    """May be NaN or infinite, as printed."""
    terminated: bool | None = None
    truncated: bool | None = None
    action: str | None = None
    """JSON, as printed."""
    observation: str | None = None
    """JSON, as printed."""
    timestamp: float | None = None
    """Unix time, seconds, as the worker printed it."""
    extra: dict[str, Any] = {}


class EpisodeRollup(msgspec.Struct, kw_only=True):
    """One ended episode."""

    id: int
    episode_id: str
    """``<run>-w<worker>-ep<index>``; attempt, phase and agent tell apart episodes of the same index."""
    worker_id: str
    attempt: int
    phase: str
    """``train`` or ``eval``."""
    ep_index: int
    agent_id: str | None = None
    total_reward: float | None = None
    steps: int | None = None
    terminated: bool | None = None
    truncated: bool | None = None
    success: bool | None = None
    agent_rewards: dict[str, Any] | None = None
    timestamp: float | None = None
    extra: dict[str, Any] = {}


class MetricPoint(msgspec.Struct, kw_only=True):
    """One value of one metric."""

    id: int
    worker_id: str
    attempt: int
    name: str
    step: int | None
    value: float
    """May be NaN or infinite."""
    timestamp: float | None


class EventRecord(msgspec.Struct, kw_only=True):
    """One lifecycle event of a worker, or of the supervisor (``worker_id`` empty)."""

    id: int
    worker_id: str
    attempt: int
    event: str
    timestamp: float | None
    payload: Any
    extra: dict[str, Any] = {}


class QuarantineRecord(msgspec.Struct, kw_only=True):
    """A quarantined line or object of a log, and the reason."""

    id: int
    worker_id: str
    attempt: int
    byte_offset: int
    """Logical offset in the attempt's log."""
    length: int
    """Bytes."""
    reason: str
    detail: str
    excerpt: bytes
    """The first bytes of it."""
