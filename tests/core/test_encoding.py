"""Every encoder at hand says the same, and none of them fails."""

from __future__ import annotations

import datetime
import decimal
import enum
import json
import pathlib
import uuid
from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gym_gui.core.worker import encoding, step_line

HEAD = {"run_id": "r", "worker_id": "w"}


class Colour(enum.Enum):
    RED = "red"


@dataclass
class Point:
    x: float
    y: Any = None


class Rude:
    def __str__(self) -> str:
        raise RuntimeError

    __repr__ = __str__


class RudeArray:
    def tolist(self) -> Any:
        raise RuntimeError("device lost")

    def __str__(self) -> str:
        return "rude array"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float64(0.5), 0.5),
        (np.float32(0.5), 0.5),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (np.array([[1, 2], [3, 4]], dtype=np.uint8), [[1, 2], [3, 4]]),
        (np.array(7.0), 7.0),
        ({"position": np.zeros(2), "seen": {1}}, {"position": [0.0, 0.0], "seen": [1]}),
        (Colour.RED, "red"),
        (Point(1.0, Colour.RED), {"x": 1.0, "y": "red"}),
        (datetime.date(2024, 1, 2), "2024-01-02"),
        (decimal.Decimal("0.10"), "0.10"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (pathlib.PurePosixPath("/a/b"), "/a/b"),
        (b"ab", "YWI="),
        ((1, 2), [1, 2]),
        (deque([1]), [1]),
        (OrderedDict(a=1), {"a": 1}),
        ({1: 2}, {"1": 2}),
        ({(1, 2): 3}, {"(1, 2)": 3}),
        (1j, "1j"),
        (Rude(), "<Rude>"),
        (RudeArray(), "rude array"),
        (2**70, 2**70),
        ("\udcff", "?"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_that_json_does_not_know(value: Any, expected: Any) -> None:
    for encode in (encoding.encode_line, encoding.encode_line_standard):
        line = encode({"value": value})
        assert json.loads(line) == {"value": expected}
        assert line.endswith(b"}\n")
    assert json.loads(encoding.encode_sorted({"value": value}).encode("utf-8", "replace")) == {"value": expected}


def test_cycles_end() -> None:
    cycle: list[Any] = [1]
    cycle.append(cycle)
    for encode in (encoding.encode_line, encoding.encode_line_standard):
        assert b"nested too deeply" in encode({"value": cycle})


def test_keys_that_cannot_be_sorted() -> None:
    assert json.loads(encoding.encode_sorted({"a": {1: 2, None: 3, "b": 4}})) == {"a": {"1": 2, "None": 3, "b": 4}}


def test_arrays_with_numbers_that_are_not_finite() -> None:
    for encode in (encoding.encode_line, encoding.encode_line_standard):
        assert encode({"v": np.array([np.nan, np.inf, -np.inf])}) == b'{"v":[NaN,Infinity,-Infinity]}\n'


def test_json_without_its_c_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("json.encoder.c_make_encoder", None)
    encode = encoding._standard(sort_keys=True)
    assert encode({"b": 1, "a": [float("nan"), np.int64(1)]}) == '{"a":[NaN,1],"b":1}'


_number = st.floats() | st.integers(-(2**63), 2**63 - 1)


@given(
    step_index=st.integers(0, 2**62),
    values=st.tuples(
        st.none(),
        st.integers(0, 2**50),
        st.floats(),
        st.booleans(),
        st.booleans(),
        st.none() | st.integers(0, 100) | st.lists(_number, max_size=3),
        st.none() | st.lists(_number, max_size=4) | st.text(),
    ),
    extra=st.dictionaries(st.sampled_from(["a", "b c", "é", "5 %"]), _number, max_size=3)
    | st.dictionaries(st.sampled_from(["a", "b c", "é"]), _number | st.text() | st.none(), max_size=2),
)
def test_fast_encoders_of_steps_agree_with_the_slow_way(
    step_index: int, values: tuple[Any, ...], extra: dict[str, Any]
) -> None:
    expected: dict[str, Any] = {"event_type": "step", **HEAD, "step_index": step_index}
    expected.update((name, value) for name, value in zip(step_line.FIELDS, values, strict=True) if value is not None)
    expected.update(extra)
    for encode in (step_line._msgspec_encoder(HEAD), step_line._text_encoder(HEAD)):
        try:
            line = encode(step_index, *values, extra)
        except step_line.Unusual:
            continue
        found = json.loads(line)
        assert list(found) == list(expected)
        assert repr(found) == repr(expected)


def test_names_that_a_program_makes_up_do_not_fill_memory() -> None:
    encode = step_line._msgspec_encoder(HEAD)
    values = (None, 0, 1.0, False, False, 0, None)
    for i in range(step_line._MOST_SHAPES):
        encode(i, *values, {f"name{i}": i})
    with pytest.raises(step_line.Unusual):
        encode(0, *values, {"one more": 1})
    of_text = step_line._text_encoder(HEAD)
    for i in range(step_line._MOST_SHAPES + 1):
        assert json.loads(of_text(i, *values, {f"name{i}": i}))[f"name{i}"] == i


@pytest.mark.parametrize("name", ["run_id", "event_type", "dropped"])
def test_extras_of_reserved_names_take_the_slow_way(name: str) -> None:
    for encode in (step_line._msgspec_encoder(HEAD), step_line._text_encoder(HEAD)):
        with pytest.raises(step_line.Unusual):
            encode(0, None, 0, 1.0, False, False, 0, None, {name: 1})
