from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gym_gui.core.worker.errors import UsageError
from gym_gui.rpc.proto import mosaic_pb2 as pb
from gym_gui.rpc.row_messages import (
    DEFAULT_RATE,
    batch_from_pb,
    batch_to_pb,
    cursor_from_pb,
    query_from_pb,
    request_to_pb,
)
from gym_gui.telemetry.records import EpisodeRollup, EventRecord, MetricPoint, StepRecord
from gym_gui.telemetry.row_stream import ROW_KINDS, LogPosition, RowBatch, RowGap
from gym_gui.telemetry.step_rows import StepRows
from gym_gui.trainer import FeedQuery

integers = st.integers(-(2**63), 2**63 - 1)
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
objects = st.dictionaries(words, integers | words | st.none() | st.floats(allow_nan=False), max_size=3)
BY_TYPE: dict[str, st.SearchStrategy[Any]] = {
    "int": integers,
    "str": words,
    "float": st.floats(),
    "bool": st.booleans(),
    "dict[str, Any]": objects,
    "Any": st.none() | objects,
}


def structs(kind: type) -> st.SearchStrategy[Any]:
    """Any value of a record, every field drawn by its type."""
    fields = {}
    for name, written in kind.__annotations__.items():
        strategy = BY_TYPE[written.removesuffix(" | None")]
        fields[name] = st.none() | strategy if written.endswith(" | None") else strategy
    return st.builds(kind, **fields)


batches = st.builds(
    RowBatch,
    steps=st.lists(structs(StepRecord), max_size=3),
    episodes=st.lists(structs(EpisodeRollup), max_size=3),
    metrics=st.lists(structs(MetricPoint), max_size=3),
    events=st.lists(structs(EventRecord), max_size=3),
    gaps=st.lists(structs(RowGap), max_size=2),
    cursor=st.lists(
        st.builds(LogPosition, st.integers(0, 8191), st.integers(1, 63), st.integers(0, 2**44 - 1)), max_size=3
    ).map(tuple),
    caught_up=st.booleans(),
    lag_bytes=integers,
)


@given(batches)
def test_batches_survive_the_wire(batch: RowBatch) -> None:
    message = pb.TelemetryBatch.FromString(batch_to_pb(batch).SerializeToString())
    assert repr(batch_from_pb(message)) == repr(batch)  # as text, NaN is equal to NaN


rows = st.tuples(
    st.integers(1 << 44, 2**63 - 1),
    integers,
    st.none() | integers,
    st.none() | st.floats(),
    st.none() | st.integers(0, 1),
    st.none() | st.integers(0, 1),
    st.none() | words,
    st.none() | words,
    st.none() | st.floats(),
    st.none() | st.just(1),
    st.none() | objects.map(json.dumps) | st.just("[1]") | st.just("{damaged"),
    st.none() | words,
)


@given(st.lists(rows, max_size=3))
def test_packed_steps_become_the_same_records_at_the_other_end(steps: list[tuple[Any, ...]]) -> None:
    batch = RowBatch(step_rows=[StepRows("R", "w1", steps)])
    message = pb.TelemetryBatch.FromString(batch_to_pb(batch).SerializeToString())
    assert not message.steps
    found = batch_from_pb(message, "R")
    assert repr(found) == repr(batch.with_records())
    assert len(found.steps) == found.step_count == len(steps)


def test_a_request_says_what_is_wanted() -> None:
    request = request_to_pb("R", cursor=(LogPosition(1, 1, 5),), from_now=False, kinds=["step"], max_rate=None)
    assert query_from_pb(request) == FeedQuery("R", frozenset({"step"}), DEFAULT_RATE, packed=True)
    assert cursor_from_pb(request.cursor) == (LogPosition(1, 1, 5),)
    every = request_to_pb("R", cursor=(), from_now=True, kinds=[], max_rate=0.0)
    assert query_from_pb(every) == FeedQuery("R", frozenset(ROW_KINDS), None, packed=True)
    assert every.from_now


@pytest.mark.parametrize(
    "request_",
    [
        pb.StreamTelemetryRequest(),
        pb.StreamTelemetryRequest(run_id="R", kinds=[9]),  # type: ignore[list-item]
        pb.StreamTelemetryRequest(run_id="R", max_rate=-1.0),
        pb.StreamTelemetryRequest(run_id="R", max_rate=math.nan),
    ],
)
def test_what_cannot_be_meant_is_refused(request_: pb.StreamTelemetryRequest) -> None:
    with pytest.raises(UsageError):
        query_from_pb(request_)


@pytest.mark.parametrize("position", [(-1, 1, 0), (8192, 1, 0), (1, 0, 0), (1, 64, 0), (1, 1, -1), (1, 1, 1 << 44)])
def test_an_impossible_cursor_is_refused(position: tuple[int, int, int]) -> None:
    number, attempt, off = position
    with pytest.raises(UsageError):
        cursor_from_pb([pb.LogPosition(worker_no=number, attempt=attempt, byte_offset=off)])
