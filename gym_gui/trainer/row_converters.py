"""Rows of a run to messages and back, exactly."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

from gym_gui.core.worker.errors import Problem
from gym_gui.telemetry.records import EpisodeRollup, EventRecord, MetricPoint, StepRecord
from gym_gui.telemetry.row_stream import KINDS, Cursor, Gap, Position, RowBatch
from gym_gui.telemetry.step_rows import StepRows, unpack
from gym_gui.trainer.converters import text
from gym_gui.trainer.proto import mosaic_pb2 as pb
from gym_gui.trainer.requests import invalid

#: Steps per second that a reader gets who does not say how many it wants.
DEFAULT_RATE = 5000.0
_KIND_TO_PB = {kind: pb.TelemetryKind.Value(f"TELEMETRY_KIND_{kind.upper()}") for kind in KINDS}
_KIND_FROM_PB: dict[int, str] = {number: kind for kind, number in _KIND_TO_PB.items()}


class Query(NamedTuple):
    """What a reader asks for; those who ask for the same share a feed."""

    run_id: str
    kinds: frozenset[str]
    rate: float | None
    """Steps per second at most; ``None``: all."""
    packed: bool = False
    """Whether steps travel as MessagePack."""


def query_from_pb(request: pb.StreamTelemetryRequest) -> Query:
    """Return what a request asks for.

    Raises:
        ConfigError: It names a kind that is unknown here, no run, or an impossible rate.
    """
    unknown = [number for number in request.kinds if number not in _KIND_FROM_PB]
    if unknown:
        raise invalid(Problem("kinds", f"no kind of telemetry has the number {unknown[0]}", allowed="none: all kinds"))
    if not request.run_id:
        raise invalid(Problem("run_id", "is not a run id", allowed="a run id"))
    rate = request.max_rate if request.HasField("max_rate") else DEFAULT_RATE
    if not rate >= 0:
        allowed = "0 or more steps per second; 0 leaves none out"
        raise invalid(Problem("max_rate", f"is {rate}", value=str(rate), allowed=allowed))
    return Query(
        request.run_id,
        frozenset(_KIND_FROM_PB[number] for number in request.kinds) or frozenset(KINDS),
        rate if rate > 0 else None,
        request.packed,
    )


def request_to_pb(
    run_id: str, *, cursor: Cursor, from_now: bool, kinds: Iterable[str], max_rate: float | None
) -> pb.StreamTelemetryRequest:
    """Return the request for a run's rows.

    Raises:
        KeyError: There is no such kind.
    """
    return pb.StreamTelemetryRequest(
        run_id=run_id,
        cursor=cursor_to_pb(cursor),
        from_now=from_now,
        kinds=[_KIND_TO_PB[kind] for kind in kinds],
        max_rate=max_rate,
        packed=True,
    )


def cursor_to_pb(cursor: Cursor) -> list[pb.LogPosition]:
    """Return a cursor's messages."""
    return [pb.LogPosition(worker_no=number, attempt=attempt, byte_offset=off) for number, attempt, off in cursor]


def cursor_from_pb(messages: Iterable[pb.LogPosition]) -> Cursor:
    """Return the cursor that messages carry.

    Raises:
        ConfigError: It is no cursor that a batch could have had.
    """
    cursor = tuple(Position(each.worker_no, each.attempt, each.byte_offset) for each in messages)
    if any(
        not (0 <= number < 1 << 13 and 0 < attempt < 1 << 6 and 0 <= off < 1 << 44) for number, attempt, off in cursor
    ):
        raise invalid(Problem("cursor", "is of no batch", allowed="that of the last batch, or none"))
    return cursor


def batch_to_pb(batch: RowBatch) -> pb.TelemetryBatch:
    """Return a batch as a message: what is packed in it stays so."""
    return pb.TelemetryBatch(
        packed_steps=[pb.PackedSteps(worker_id=each.worker_id, rows=each.pack()) for each in batch.step_rows],
        steps=[_step_to_pb(row) for row in batch.steps],
        episodes=[_episode_to_pb(row) for row in batch.episodes],
        metrics=[_metric_to_pb(row) for row in batch.metrics],
        events=[_event_to_pb(row) for row in batch.events],
        gaps=[
            pb.Gap(worker_id=gap.worker_id, attempt=gap.attempt, from_id=gap.from_id, to_id=gap.to_id, count=gap.count)
            for gap in batch.gaps
        ],
        cursor=cursor_to_pb(batch.cursor),
        caught_up=batch.caught_up,
        lag_bytes=batch.lag_bytes,
    )


def batch_from_pb(message: pb.TelemetryBatch, run_id: str = "") -> RowBatch:
    """Return the batch that a message carries, its steps as records.

    Args:
        message: The message.
        run_id: The run that it is of, for the record of what is damaged.
    """
    packed = [StepRows(run_id, each.worker_id, unpack(each.rows)) for each in message.packed_steps]
    batch = RowBatch(
        steps=[_step_from_pb(row) for row in message.steps],
        step_rows=packed,
        episodes=[_episode_from_pb(row) for row in message.episodes],
        metrics=[_metric_from_pb(row) for row in message.metrics],
        events=[_event_from_pb(row) for row in message.events],
        gaps=[
            Gap(worker_id=gap.worker_id, attempt=gap.attempt, from_id=gap.from_id, to_id=gap.to_id, count=gap.count)
            for gap in message.gaps
        ],
        cursor=cursor_from_pb(message.cursor),
        caught_up=message.caught_up,
        lag_bytes=message.lag_bytes,
    )
    return batch.with_records()


def _step_to_pb(row: StepRecord) -> pb.StepRow:
    return pb.StepRow(
        id=row.id,
        worker_id=row.worker_id,
        attempt=row.attempt,
        step_index=row.step_index,
        ep_index=row.ep_index,
        agent_id=_text(row.agent_id),
        reward=row.reward,
        terminated=row.terminated,
        truncated=row.truncated,
        action_json=_encoded(row.action),
        observation_json=_encoded(row.observation),
        timestamp=row.timestamp,
        extra_json=_json(row.extra) if row.extra else b"",
    )


def _step_from_pb(row: pb.StepRow) -> StepRecord:
    return StepRecord(
        id=row.id,
        worker_id=row.worker_id,
        attempt=row.attempt,
        step_index=row.step_index,
        ep_index=_optional(row, "ep_index"),
        agent_id=_optional(row, "agent_id"),
        reward=_optional(row, "reward"),
        terminated=_optional(row, "terminated"),
        truncated=_optional(row, "truncated"),
        action=row.action_json.decode() if row.HasField("action_json") else None,
        observation=row.observation_json.decode() if row.HasField("observation_json") else None,
        timestamp=_optional(row, "timestamp"),
        extra=_object(row.extra_json),
    )


def _episode_to_pb(row: EpisodeRollup) -> pb.EpisodeRow:
    return pb.EpisodeRow(
        id=row.id,
        worker_id=row.worker_id,
        attempt=row.attempt,
        phase=row.phase,
        ep_index=row.ep_index,
        agent_id=_text(row.agent_id),
        total_reward=row.total_reward,
        steps=row.steps,
        terminated=row.terminated,
        truncated=row.truncated,
        success=row.success,
        agent_rewards_json=None if row.agent_rewards is None else _json(row.agent_rewards),
        timestamp=row.timestamp,
        extra_json=_json(row.extra) if row.extra else b"",
        episode_id=row.episode_id,
    )


def _episode_from_pb(row: pb.EpisodeRow) -> EpisodeRollup:
    return EpisodeRollup(
        id=row.id,
        episode_id=row.episode_id,
        worker_id=row.worker_id,
        attempt=row.attempt,
        phase=row.phase,
        ep_index=row.ep_index,
        agent_id=_optional(row, "agent_id"),
        total_reward=_optional(row, "total_reward"),
        steps=_optional(row, "steps"),
        terminated=_optional(row, "terminated"),
        truncated=_optional(row, "truncated"),
        success=_optional(row, "success"),
        agent_rewards=json.loads(row.agent_rewards_json) if row.HasField("agent_rewards_json") else None,
        timestamp=_optional(row, "timestamp"),
        extra=_object(row.extra_json),
    )


def _metric_to_pb(row: MetricPoint) -> pb.MetricRow:
    return pb.MetricRow(
        id=row.id,
        worker_id=row.worker_id,
        attempt=row.attempt,
        name=text(row.name),
        step=row.step,
        value=row.value,
        timestamp=row.timestamp,
    )


def _metric_from_pb(row: pb.MetricRow) -> MetricPoint:
    return MetricPoint(
        id=row.id,
        worker_id=row.worker_id,
        attempt=row.attempt,
        name=row.name,
        step=_optional(row, "step"),
        value=row.value,
        timestamp=_optional(row, "timestamp"),
    )


def _event_to_pb(row: EventRecord) -> pb.EventRow:
    return pb.EventRow(
        id=row.id,
        worker_id=row.worker_id,
        attempt=row.attempt,
        event=text(row.event),
        timestamp=row.timestamp,
        payload_json=None if row.payload is None else _json(row.payload),
        extra_json=_json(row.extra) if row.extra else b"",
    )


def _event_from_pb(row: pb.EventRow) -> EventRecord:
    return EventRecord(
        id=row.id,
        worker_id=row.worker_id,
        attempt=row.attempt,
        event=row.event,
        timestamp=_optional(row, "timestamp"),
        payload=json.loads(row.payload_json) if row.HasField("payload_json") else None,
        extra=_object(row.extra_json),
    )


def _optional(message: Any, name: str) -> Any:
    return getattr(message, name) if message.HasField(name) else None


def _text(value: str | None) -> str | None:
    return None if value is None else text(value)


def _encoded(value: str | None) -> bytes | None:
    return None if value is None else value.encode("utf-8", "replace")


def _json(value: Any) -> bytes:
    """Return a value as JSON, as Python writes it (NaN and infinities included), no larger than it was printed."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")


def _object(data: bytes) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(data) if data else {}
    return value
