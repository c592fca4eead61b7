"""Rows of a run to messages and back, exactly."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from gym_gui.core.worker.errors import Problem
from gym_gui.rpc.converter import Converter
from gym_gui.rpc.proto import mosaic_pb2 as pb
from gym_gui.rpc.requests import invalid
from gym_gui.telemetry import (
    ROW_KINDS,
    EpisodeRollup,
    EventRecord,
    LogPosition,
    MetricPoint,
    RowBatch,
    RowCursor,
    RowGap,
    StepRecord,
    StepRows,
    unpack_steps,
)

if TYPE_CHECKING:
    from gym_gui.trainer import FeedQuery

#: Steps per second that a reader gets who does not say how many it wants.
DEFAULT_RATE = 5000.0
_STEP = Converter(StepRecord, pb.StepRow)
_EPISODE = Converter(EpisodeRollup, pb.EpisodeRow)
_METRIC = Converter(MetricPoint, pb.MetricRow)
_EVENT = Converter(EventRecord, pb.EventRow)
_GAP = Converter(RowGap, pb.Gap)
_KIND_TO_PB = {kind: pb.TelemetryKind.Value(f"TELEMETRY_KIND_{kind.upper()}") for kind in ROW_KINDS}
_KIND_FROM_PB: dict[int, str] = {number: kind for kind, number in _KIND_TO_PB.items()}


def query_from_pb(request: pb.StreamTelemetryRequest) -> FeedQuery:
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
    from gym_gui.trainer import FeedQuery

    return FeedQuery(
        request.run_id,
        frozenset(_KIND_FROM_PB[number] for number in request.kinds) or frozenset(ROW_KINDS),
        rate if rate > 0 else None,
        request.packed,
    )


def step_to_pb(step: StepRecord) -> pb.StepRow:
    """Return a step as a message."""
    return _STEP.encode(step)


def step_from_pb(message: pb.StepRow) -> StepRecord:
    """Return a message's step."""
    return _STEP.decode(message)


def request_to_pb(
    run_id: str, *, cursor: RowCursor, from_now: bool, kinds: Iterable[str], max_rate: float | None
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


def cursor_to_pb(cursor: RowCursor) -> list[pb.LogPosition]:
    """Return a cursor's messages."""
    return [pb.LogPosition(worker_no=number, attempt=attempt, byte_offset=off) for number, attempt, off in cursor]


def cursor_from_pb(messages: Iterable[pb.LogPosition]) -> RowCursor:
    """Return the cursor that messages carry.

    Raises:
        ConfigError: It is no cursor that a batch could have had.
    """
    cursor = tuple(LogPosition(each.worker_no, each.attempt, each.byte_offset) for each in messages)
    if any(
        not (0 <= number < 1 << 13 and 0 < attempt < 1 << 6 and 0 <= off < 1 << 44) for number, attempt, off in cursor
    ):
        raise invalid(Problem("cursor", "is not a batch's cursor", allowed="the cursor of the last batch, or none"))
    return cursor


def batch_to_pb(batch: RowBatch) -> pb.TelemetryBatch:
    """Return a batch as a message: what is packed in it stays so."""
    return pb.TelemetryBatch(
        packed_steps=[pb.PackedSteps(worker_id=each.worker_id, rows=each.pack()) for each in batch.step_rows],
        steps=[_STEP.encode(row) for row in batch.steps],
        episodes=[_EPISODE.encode(row) for row in batch.episodes],
        metrics=[_METRIC.encode(row) for row in batch.metrics],
        events=[_EVENT.encode(row) for row in batch.events],
        gaps=[_GAP.encode(gap) for gap in batch.gaps],
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
    packed = [StepRows(run_id, each.worker_id, unpack_steps(each.rows)) for each in message.packed_steps]
    batch = RowBatch(
        steps=[_STEP.decode(row) for row in message.steps],
        step_rows=packed,
        episodes=[_EPISODE.decode(row) for row in message.episodes],
        metrics=[_METRIC.decode(row) for row in message.metrics],
        events=[_EVENT.decode(row) for row in message.events],
        gaps=[_GAP.decode(gap) for gap in message.gaps],
        cursor=cursor_from_pb(message.cursor),
        caught_up=message.caught_up,
        lag_bytes=message.lag_bytes,
    )
    return batch.with_records()
