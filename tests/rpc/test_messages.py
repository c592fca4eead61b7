from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gym_gui.core.worker.errors import Problem
from gym_gui.rpc import messages
from gym_gui.rpc.converter import Converter, state_from_pb
from gym_gui.rpc.proto import mosaic_pb2 as pb
from gym_gui.runs.states import RunState
from gym_gui.runs.summary import AgentSummary, CurvePoint, ExitStatus, Ledger, RunSummary, WorkerSummary
from gym_gui.workers.record import RECORD_SCHEMA, WorkerRecord

integers = st.integers(-(2**63), 2**63 - 1)
numbers = st.floats(allow_nan=True, allow_infinity=True)
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
states = st.sampled_from(RunState)
exits = st.builds(ExitStatus, code=st.none() | integers, signal=st.none() | integers, reason=words)
points = st.builds(
    CurvePoint, step=integers, episodes=integers, mean_return=numbers, min_return=numbers, max_return=numbers
)
ledgers = st.builds(Ledger, **dict.fromkeys(Ledger.__struct_fields__, integers))


def structs(kind: type, **given_fields: Any) -> st.SearchStrategy[Any]:
    """Any value of a struct: every field drawn by its type, but for those given."""
    by_type = {
        "str": words,
        "int": integers,
        "RunState": states,
        "list[str]": st.lists(words, max_size=3),
        "int | None": st.none() | integers,
        "str | None": st.none() | words,
        "float | None": st.none() | numbers,
        "ExitStatus | None": st.none() | exits,
    }
    return st.builds(
        kind, **{**{name: by_type[t] for name, t in kind.__annotations__.items() if t in by_type}, **given_fields}
    )


objects = st.dictionaries(words, st.none() | words | integers, max_size=3)
agents = structs(AgentSummary)
workers = structs(WorkerSummary, curve=st.lists(points, max_size=3), agents=st.lists(agents, max_size=2))
runs = structs(RunSummary, workers=st.lists(workers, max_size=3), ledger=ledgers)


def same(left: Any, right: Any) -> bool:
    """Equality that takes NaN for equal to NaN."""
    if isinstance(left, float) and isinstance(right, float):
        return left == right or (math.isnan(left) and math.isnan(right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return type(left) is type(right) and left == right


@given(runs)
def test_a_summary_comes_back_as_it_was_sent(run: RunSummary) -> None:
    wire = messages.summary_to_pb(run).SerializeToString()
    back = messages.summary_from_pb(pb.RunSummary.FromString(wire))
    assert same(msgspec.to_builtins(run), msgspec.to_builtins(back))


@given(structs(WorkerRecord, **dict.fromkeys(("metadata", "capabilities"), objects), schema=st.none() | objects))
def test_a_workers_record_comes_back_as_it_was_sent(record: WorkerRecord) -> None:
    record = msgspec.structs.replace(record, location="", project="", package_hash="", record_schema=RECORD_SCHEMA)
    back = messages.record_from_pb(messages.record_to_pb(record))
    if record.schema == {}:
        back.schema = {}
    assert same(msgspec.to_builtins(back), msgspec.to_builtins(record))
    bare = msgspec.structs.replace(record, schema=None)
    assert messages.record_from_pb(messages.record_to_pb(bare)).schema is None


def test_a_field_without_a_counterpart_is_refused() -> None:
    """A value that would be lost on its way is found when the program starts, not when somebody misses it."""
    with pytest.raises(TypeError, match="differ in: location, package_hash, project, record_schema"):
        Converter(WorkerRecord, pb.WorkerRecord)
    with pytest.raises(TypeError, match=r"differ in: .*run_name"):
        Converter(WorkerSummary, pb.RunSummary)


@given(runs)
def test_curves_can_be_left_out(run: RunSummary) -> None:
    assert all(not worker.curve for worker in messages.summary_to_pb(run, curves=False).workers)


def test_text_that_is_no_utf8_is_shown_with_question_marks() -> None:
    run = RunSummary(run_id="R", cause="bad \ud800 text", tags=["\udfff"])
    back = messages.summary_from_pb(messages.summary_to_pb(run))
    assert back.cause == "bad ? text"
    assert back.tags == ["?"]


def test_an_unknown_state_is_refused() -> None:
    with pytest.raises(ValueError, match="99"):
        state_from_pb(99)


@pytest.mark.parametrize("value", [1, "x", None, float("inf"), [1, {"a": None}], 2**100, True])
def test_a_problem_comes_back_as_it_was_sent(value: Any) -> None:
    problem = Problem("a.b", "is wrong", value=value, allowed="less", nearest="c")
    back = messages.problem_from_pb(messages.problem_to_pb(problem))
    assert back.to_dict() == problem.to_dict()


def test_a_problem_of_any_value_can_be_sent() -> None:
    endless = messages.problem_from_pb(messages.problem_to_pb(Problem("a", "is long", value="x" * 10_000)))
    assert len(endless.value) < 500
    lone = messages.problem_from_pb(messages.problem_to_pb(Problem("a", "is no text", value="\ud800" * 10_000)))
    assert len(lone.value) < 500
    odd = messages.problem_from_pb(messages.problem_to_pb(Problem("a", "is odd", value={1, 2})))
    assert odd.value == "{1, 2}"
