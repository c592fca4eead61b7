"""Every line becomes a record, program output, or quarantined: exactly one of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gym_gui.telemetry.batch import Batch
from gym_gui.telemetry.decode import LineDecoder
from gym_gui.telemetry.fields import FieldReader
from gym_gui.telemetry.limits import MAX_DEPTH
from gym_gui.telemetry.verify.recount import LineClassifier, RawLine

RUN_ID = "01JD3ZQ0F4M3Y1M5V9S4X1T7KQ"
many = settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


class Numbers(dict[str, int]):
    def __missing__(self, name: str) -> int:
        self[name] = len(self) + 1
        return self[name]


def decoder(**options: Any) -> LineDecoder:
    return LineDecoder(RUN_ID, "000001", Numbers(), 0, **options)


def decode(line: bytes, **options: Any) -> Batch:
    return decoder(**options).decode(line + b"\n", 0)


def verdict(batch: Batch) -> str:
    counts = batch.counts
    assert counts.lines == counts.stored + counts.log + counts.quarantined
    if counts.lines != 1:
        return str(counts)
    if counts.quarantined:
        return batch.quarantine[0][2]
    return "stored" if counts.stored else "log"


def line(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


def step(**fields: Any) -> bytes:
    return line(**{"event_type": "step", "step_index": 1, **fields})


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        (b"", "log"),
        (b"hello", "log"),
        (b"[1, 2]", "log"),
        (b"12", "log"),
        (b"{not json}", "log"),
        (b"progress {half", "log"),
        (b"\xff\xfe\x00rubbish", "log"),
        (b'{"a": {"event": "heartbeat"}} tail', "log"),
        (b'{"event_type":"step","step_index":5,"rew', "torn"),
        (b'{ "run_id": "x", "event" : "heartbeat", "payl', "torn"),
        (b'{"type": "episode", "episode": 1Killed', "torn"),
        (b'{"type": "note", "text": cut', "log"),
        (b"{'event_type': 'step', 'step_index': 5}", "log"),
        (b'{"a": 1}', "not_telemetry"),
        (line(event_type="banana"), "unknown_event"),
        (line(event_type=7), "unknown_event"),
        (line(event_type="step"), "missing_field"),
        (step(run_id="01JD3ZQ0F4M3Y1M5V9S4X1T7KZ"), "wrong_run"),
        (step(run_id=7), "wrong_run"),
        (step(reward="much"), "bad_field"),
        (step(reward=True), "bad_field"),
        (step(ep_index=1.5), "bad_field"),
        (step(ep_index=2**63), "too_large"),
        (step(ep_index=-1), "negative"),
        (step(step_index=-1), "negative"),
        (line(event_type="episode", ep_index=-1, total_reward=1.0), "negative"),
        (line(event_type="episode", ep_index=1, steps=-1), "negative"),
        (line(event_type="metric", step=-1, values={"loss": 1.0}), "negative"),
        (step(agent_id="a" * 512), "stored"),
        (step(agent_id="a" * 513), "too_long"),
        (line(event_type="metric", values={"a" * 512: 1.0}), "stored"),
        (line(event_type="metric", values={"a" * 513: 1.0}), "too_long"),
        (line(event_type="metric", values={str(i): 1.0 for i in range(4096)}), "stored"),
        (line(event_type="metric", values={str(i): 1.0 for i in range(4097)}), "too_many_values"),
        (step(reward=10**400), "too_large"),
        (step(terminated=2), "bad_field"),
        (step(agent_id=[1]), "bad_field"),
        (step(info="\ud800"), "lone_surrogate"),
        (b'{"event_type":"step","step_index":1,"action":"\xff"}', "not_utf8"),
        (line(event_type="episode"), "missing_field"),
        (line(event_type="episode", ep_index=1, phase="test"), "bad_field"),
        (line(event_type="metric", step=1), "bad_field"),
        (line(event_type="metric", step=1, values={}), "bad_field"),
        (line(event_type="metric", step=1, values={"loss": "high"}), "bad_field"),
        (b'{"event_type":"step","step_index":1,"observation":' + b"[" * 999 + b"]" * 999 + b"}", "deep_nesting"),
        (b'{"event_type":"step","step_index":1,"observation":' + b"[" * 99999, "deep_nesting"),
        (step(), "stored"),
        (step(step_index_=2.0), "stored"),
        (step(run_id=RUN_ID, worker_id="000001"), "stored"),
        (line(type="step", step_index=3.0), "stored"),
        (step(reward=float("nan")), "stored"),
        (step(reward=float("-inf")), "stored"),
        (step(terminated=1, truncated=0.0), "stored"),
        (step(agent_id=3), "stored"),
        (step(timestamp="yesterday"), "stored"),
        (step(dropped="many"), "stored"),
        (line(event_type="episode", episode=1), "stored"),
        (line(event_type="metric", values={"loss": None, "on": True}), "stored"),
        (line(event="heartbeat"), "stored"),
        (line(type="run_completed", payload=[1]), "stored"),
        (b"\xef\xbb\xbf" + step(), "stored"),
        (b"  " + step() + b" \r", "stored"),
        (b"loading..." + step() + b"50%", "stored"),
        (b"output " + line(event_type="step"), "missing_field"),
        (b"output " + line(event="note"), "unknown_event"),
    ],
)
def test_a_line_has_one_verdict(printed: bytes, expected: str) -> None:
    assert verdict(decode(printed)) == expected


def test_a_step_fills_its_row() -> None:
    batch = decode(
        step(ep_index=2, agent_id="a", reward=1, terminated=True, action=[1], timestamp="1970-01-01T00:00:01Z")
    )
    assert batch.steps == [(0, 1, 2, 1, 1.0, True, None, "[1]", None, 1.0, None, None)]


def test_what_has_no_column_is_kept() -> None:
    batch = decode(step(worker_id="mine", info={"a": 1}, ep_index=1, episode=7, timestamp="soon", note=None))
    assert json.loads(batch.steps[0][-1]) == {"worker_id": "mine", "info": {"a": 1}, "episode": 7, "timestamp": "soon"}


def test_nan_is_marked_and_infinity_is_a_number() -> None:
    batch = decode(step(reward=float("nan"), observation=[float("inf")]))
    assert batch.steps[0][4] is None
    assert batch.steps[0][10] == 1
    assert batch.steps[0][8] == "[Infinity]"
    assert decode(step(reward=float("inf"))).steps[0][4] == float("inf")


@pytest.mark.parametrize(
    "printed", [-1, -0.5, 253402300800, 1e300, 10**30, 1.7e18, "1969-12-31T23:59:59Z", float("nan"), float("inf"), True]
)
@pytest.mark.parametrize("extra", [{}, {"info": 1}], ids=["typed", "by hand"])
def test_a_time_that_no_calendar_shows_is_kept_as_printed(printed: Any, extra: dict[str, Any]) -> None:
    row = decode(step(timestamp=printed, **extra)).steps[0]
    assert row[9] is None
    assert repr(json.loads(row[-1])["timestamp"]) == repr(printed)


def test_null_is_no_value_however_it_is_read() -> None:
    assert decode(step(action=None, observation=None)).steps == decode(step(x=None)).steps == decode(step()).steps


def test_counts_of_what_is_missing_come_with_any_event() -> None:
    printed = b"\n".join(
        [step(dropped=2), line(event="heartbeat", sampled=3), line(event_type="episode", ep_index=1, sampled=4)]
    )
    batch = decoder().decode(printed + b"\n", 0)
    assert (batch.counts.dropped, batch.counts.sampled) == (2, 7)


def test_an_object_inside_a_line_has_its_own_offset() -> None:
    first, second = step(), line(event_type="episode", ep_index=1)
    batch = decode(b"noise" + first + b'"{' + second)
    assert batch.steps[0][0] == 5
    assert batch.episodes[0][0] == 5 + len(first) + 2
    assert (batch.counts.lines, batch.counts.stored, batch.counts.records) == (1, 1, 2)


def test_the_half_of_a_line_before_a_whole_one_does_not_spoil_it() -> None:
    batch = decode(step()[:20] + step(reward=2.0))
    assert [row[4] for row in batch.steps] == [2.0]


def test_a_line_with_a_bad_and_a_good_object_is_stored_and_the_bad_one_kept() -> None:
    batch = decode(line(event_type="step") + step())
    assert (verdict(batch), len(batch.quarantine), batch.counts.stored) == ("stored", 1, 1)


def test_the_last_line_of_an_attempt_is_torn_only_if_it_does_not_parse() -> None:
    assert verdict(decoder().decode(step(), 0, torn=True)) == "stored"
    assert verdict(decoder().decode(step()[:-3], 0, torn=True)) == "torn"
    assert verdict(decoder().decode(b"bye", 0, torn=True)) == "log"
    assert verdict(decoder().decode(step() + step()[:9], 0, torn=True)) == "stored"


@pytest.mark.parametrize("depth", [MAX_DEPTH - 2, MAX_DEPTH - 1, MAX_DEPTH, MAX_DEPTH + 1])
@pytest.mark.parametrize("extra", [b"", b',"x":1'], ids=["typed", "by hand"])
def test_the_depth_limit_is_the_same_however_a_line_is_read(depth: int, extra: bytes) -> None:
    printed = b'{"event_type":"step","step_index":1,"observation":' + b"[" * depth + b"]" * depth + extra + b"}"
    assert verdict(decode(printed)) == ("stored" if depth < MAX_DEPTH else "deep_nesting")


def test_the_supervisor_may_record_any_event() -> None:
    batch = decode(line(event="state", state="running", at=12.5), any_event=True)
    assert batch.events == [(0, "state", 12.5, None, '{"state":"running","at":12.5}')]


@pytest.mark.long
@many
@given(st.data())
def test_any_line_has_exactly_one_class(any_line: st.SearchStrategy[bytes], data: st.DataObject) -> None:
    printed = data.draw(any_line)
    torn = data.draw(st.booleans())
    batch = decoder().decode(printed if torn else printed + b"\n", 0, torn=torn)
    counts = batch.counts
    assert counts.lines == 1
    assert counts.stored + counts.log + counts.quarantined == 1
    assert bool(counts.records) == bool(counts.stored)


@pytest.mark.long
@many
@given(st.data())
def test_a_second_reader_agrees_on_any_line(any_line: st.SearchStrategy[bytes], data: st.DataObject) -> None:
    printed = data.draw(any_line)
    torn = data.draw(st.booleans())
    batch = decoder().decode(printed if torn else printed + b"\n", 0, torn=torn)
    records = LineClassifier(RUN_ID, "000001", supervisor=False).records(RawLine(0, len(printed), printed, torn))
    assert (records is None) == bool(batch.counts.log)
    found = {table: sorted({row[table == "metrics"] for row in getattr(batch, table)}) for table in TABLES}
    expected = {
        table: sorted(r.offset for r in records or [] if (r.table or "quarantine") == table) for table in TABLES
    }
    assert found == expected
    assert sum(record.dropped for record in records or []) == batch.counts.dropped
    assert sum(record.sampled for record in records or []) == batch.counts.sampled


TABLES = ("steps", "episodes", "metrics", "events", "quarantine")


@pytest.mark.long
@many
@given(st.data())
def test_lines_do_not_change_each_other(any_line: st.SearchStrategy[bytes], data: st.DataObject) -> None:
    lines = data.draw(st.lists(any_line, max_size=6))
    together = decoder().decode(b"".join(printed + b"\n" for printed in lines), 0)
    offset = 0
    apart: dict[str, list[Any]] = {table: [] for table in TABLES}
    one_by_one = decoder()
    for printed in lines:
        batch = one_by_one.decode(printed + b"\n", offset)
        offset += len(printed) + 1
        for table in TABLES:
            apart[table] += getattr(batch, table)
    for table in TABLES:
        assert repr(_unnamed(getattr(together, table), table)) == repr(_unnamed(apart[table], table))


def _unnamed(rows: list[Any], table: str) -> list[Any]:
    """Leave out the ids of names: they depend on the order in which names were seen."""
    if table == "metrics":
        return sorted((row[1:] for row in rows), key=repr)
    return [(*row[:3], *row[4:]) for row in rows] if table in ("steps", "episodes") else rows


@given(
    st.fixed_dictionaries(
        {"event_type": st.just("step"), "step_index": st.integers(0, 2**63 - 1)},
        optional={
            "run_id": st.just(RUN_ID),
            "worker_id": st.just("000001"),
            "ep_index": st.integers(0, 2**63 - 1),
            "reward": st.floats(allow_nan=False, allow_infinity=False),
            "terminated": st.booleans(),
            "agent_id": st.text(max_size=4),
            "action": st.lists(st.integers()),
            "observation": st.dictionaries(st.text(), st.text()),
            "timestamp": st.one_of(st.floats(0, 2e9), st.sampled_from(["2026-01-02T03:04:05", "soon"])),
        },
    )
)
def test_both_ways_of_reading_a_step_give_the_same_row(event: dict[str, Any]) -> None:
    printed = json.dumps(event, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")
    typed = decode(printed)
    by_hand = Batch()
    FieldReader(RUN_ID, "000001", Numbers()).read(json.loads(json.dumps(event)), 0, by_hand)
    assert typed.steps == by_hand.steps


def test_names_are_asked_for_once_per_new_name(sdk_line: Callable[..., bytes]) -> None:
    names = Numbers()
    reader = LineDecoder(RUN_ID, "000001", names, 0)
    reader.decode(b"".join(sdk_line(step_index=i, agent_id=f"agent_{i % 3}") for i in range(30)), 0)
    assert names == {"agent_0": 1, "agent_1": 2, "agent_2": 3}


def test_metrics_come_in_log_order_whatever_their_lines_are() -> None:
    values = [1.0, float("nan"), 2.0, float("inf"), 3.0]
    data = b"".join(line(event_type="metric", step=1, values={"a": value, "b": 0}) + b"\n" for value in values)
    rows = [row[1] for row in decoder().decode(data, 0).metrics]
    assert rows == sorted(rows)
    assert len(rows) == 10
