"""Whole objects come out of spoiled lines, with an amount of work that has a bound."""

from __future__ import annotations

import contextlib
import json
import random
import time

import pytest

from gym_gui.telemetry.errors import InvalidTelemetry
from gym_gui.telemetry.salvage import object_end, salvage_objects


def found(line: bytes) -> list[tuple[int, object]]:
    return [(piece.start, piece.value) for piece in salvage_objects(line)]


def test_objects_are_found_at_their_own_offsets() -> None:
    assert found(b'a{"x":1}b{ "y":[{"z":"}"}]}') == [(1, {"x": 1}), (9, {"y": [{"z": "}"}]})]


def test_what_is_inside_a_whole_object_is_not_found_again() -> None:
    assert found(b'.{"x":{"event":"heartbeat"}}') == [(1, {"x": {"event": "heartbeat"}})]


def test_a_torn_object_does_not_hide_the_next() -> None:
    whole = b'{"event_type":"step","step_index":1}'
    for cut in range(len(whole)):
        assert (cut, json.loads(whole)) in found(whole[:cut] + whole + whole[:cut])


def test_an_object_that_is_not_utf8_is_found_without_its_value() -> None:
    (piece,) = salvage_objects(b'x{"event":"\xff"}')
    assert piece.value is None
    assert list(piece.keys) == ["event"]


@pytest.mark.parametrize("line", [b'{"a":' * 300, b'x{"a":' + b"[" * 300])
def test_nesting_too_deep_ends_the_search(line: bytes) -> None:
    with pytest.raises(InvalidTelemetry, match="deep_nesting"):
        found(line)


def test_where_brackets_close() -> None:
    assert object_end(b'{"a":"}"} tail', 0) == 9
    assert object_end(b'{"a":"}', 0) is None
    assert object_end(b'{"a" word}', 0) is None
    assert object_end(b'{"a\\', 0) is None


def test_lines_of_many_writers_glued_in_any_way_are_recovered() -> None:
    chance = random.Random(3)
    events = [
        json.dumps({"event_type": "step", "step_index": i, "observation": "x" * chance.randrange(3000)}).encode()
        for i in range(300)
    ]
    line = b"".join(
        event + chance.choice([b"", b" ", b"\r", b"50%", b"Traceback {", b'{"event_type":"st', b"\x00\xff"])
        for event in events
    )
    assert [value["step_index"] for _, value in found(line)] == list(range(300))  # type: ignore[index]


@pytest.mark.parametrize(
    "line",
    [
        b"{" * (1 << 20),
        b'{"' * (1 << 19),
        b'{"a":"' * (1 << 18),
        b'{"a":"\\"' * (1 << 17),
        b'["{"' + b',"{"' * (1 << 18),
        b'{"a":1,' * (1 << 17),
        (b'{"a":' * 250 + b"1,") * 1000,
        b'{"a":"' + b'\\"' * (1 << 19),
        b'"' * (1 << 20) + b'{"a',
    ],
    ids=lambda line: repr(line[:12]),
)
def test_the_worst_lines_take_seconds_at_most(line: bytes) -> None:
    started = time.process_time()
    with contextlib.suppress(InvalidTelemetry):
        list(salvage_objects(line))
    assert time.process_time() - started < 30, "the work is not bounded: a quadratic search would take hours"
