"""What the writer accepts every reader can read, and verify finds every stored value that was changed."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gym_gui.app.json_output import jsonable
from gym_gui.proxy.reindex import reindex_run
from gym_gui.proxy.summary import read_summary
from gym_gui.rpc.messages import summary_from_pb, summary_to_pb
from gym_gui.rpc.row_messages import batch_from_pb, batch_to_pb
from gym_gui.telemetry import row_stream
from gym_gui.telemetry.reader import RunReader
from gym_gui.telemetry.row_stream import RowBatch, read_rows
from gym_gui.telemetry.verify import verify_run

calm = settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
MAX = 2**63 - 1

floats = st.one_of(
    st.floats(),
    st.sampled_from([0.0, -0.0, 5e-324, -5e-324, 2.2250738585072014e-308, 1e308, -1e308, 1.7976931348623157e308]),
    st.sampled_from(
        [math.inf, -math.inf, math.nan, 1.0, -1.0, 3.0, 1e15, 1e16, 1e17, 2.0**53, 2.0**63, -(2.0**63), 1e22]
    ),
)
integers = st.one_of(
    st.integers(-3, 3),
    st.integers(),
    st.sampled_from([2**53 + 1, MAX, MAX - 1, 2**63, 2**64, -(2**63), 10**308, 10**309]),
)
numbers = st.one_of(floats, integers, st.booleans(), st.none())
indexes = st.one_of(
    st.integers(-2, 3), st.sampled_from([MAX, MAX + 1, -(2**63), 3.0, -1.0, -0.0, 1e18, 1e30, 2.5, True])
)
names = st.one_of(
    st.text(max_size=3),
    st.sampled_from(
        ["a\0b", "\0", "\ud800", "\U0001f600", "é", "e\u0301", "\u202e", "\x1b[31m", "x" * 512, "x" * 513, "'", '"']
    ),
    st.integers(-3, 3),
)
times = st.one_of(
    floats,
    integers,
    st.sampled_from([253402300799.0, 253402300800, "9999-12-31T23:59:59Z", "10000-01-01", "", "soon", True]),
)
values = st.recursive(
    numbers | names, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner)
)
deep = st.sampled_from([1, 200, 253, 254, 255, 300]).map(lambda depth: json.loads("[" * depth + "]" * depth))


def event(kind: str, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    key = "event_type" if kind in ("step", "episode", "metric") else "event"
    return st.fixed_dictionaries({key: st.just(kind)}, optional=fields)


anything = values | deep
metric_names = st.text(max_size=3) | st.sampled_from(["x" * 512, "x" * 513, "a\0b"])
events = st.one_of(
    event(
        "step", step_index=indexes, ep_index=indexes, reward=numbers, agent_id=names, timestamp=times,
        action=anything, observation=anything, info=anything, terminated=numbers, seed=numbers, dropped=indexes,
    ),
    event(
        "episode", ep_index=indexes, total_reward=numbers, steps=indexes, agent_id=names, timestamp=times,
        agent_rewards=st.dictionaries(st.text(max_size=3), numbers, max_size=3) | anything, success=numbers,
        seed=numbers, phase=st.sampled_from(["train", "eval", "x", None]), sampled=indexes,
    ),
    event(
        "metric", step=indexes, timestamp=times, note=values, values=st.dictionaries(metric_names, numbers, max_size=4),
    ),
    event("heartbeat", timestamp=times, payload=anything, dropped=indexes, extra=values),
    event("run_failed", timestamp=times, payload=st.fixed_dictionaries({}, optional={"error": values})),
)  # fmt: skip


def line(event: dict[str, Any]) -> bytes:
    return json.dumps(event, ensure_ascii=False).encode("utf-8", "surrogatepass")


logs = st.lists(events.map(line), min_size=1, max_size=8).map(lambda lines: b"\n".join(lines) + b"\n")


def everything(run: Any) -> list[Any]:
    """Read a run in every way there is; return what the readers gave."""
    reader = RunReader(run.folder)
    rows: list[Any] = [reader.steps(), reader.episodes(), reader.events(), reader.quarantine(), reader.worker_rollups()]
    rows += [reader.metrics(name) for name in reader.metric_names()]
    batches: list[RowBatch] = []
    while not batches or not batches[-1].caught_up:
        read = read_rows(run.folder, batches[-1].cursor if batches else ())
        batches.append(batch_from_pb(batch_to_pb(read)))
        stream = row_stream.RowStream(run.folder)
        packed = stream.read(batches[-2].cursor if len(batches) > 1 else ())
        stream.close()
        assert repr(batch_from_pb(batch_to_pb(packed), run.folder.run_id)) == repr(batches[-1])
    assert sum(batch.step_count for batch in batches) == len(reader.steps())
    assert sum(len(batch.episodes) for batch in batches) == len(reader.episodes())
    summary = read_summary(run.folder)
    assert repr(summary_from_pb(summary_to_pb(summary))) == repr(summary)
    found = [rows, batches, summary]
    json.dumps(jsonable(found[:1] + found[2:]), allow_nan=False)
    return found


@pytest.mark.long
@calm
@given(logs)
def test_what_is_stored_can_be_read_in_every_way(new_logged_run: Callable[..., Any], log: bytes) -> None:
    run = new_logged_run()
    run.append(log)
    assert run.ingest().balanced
    report = verify_run(run.folder)
    assert report.ok, report.to_dict()
    before = repr(everything(run))
    reindex_run(run.folder)
    report = verify_run(run.folder)
    assert report.ok, report.to_dict()
    assert repr(everything(run)) == before


@pytest.mark.long
@settings(calm, max_examples=60)
@given(st.lists(floats | integers, min_size=1, max_size=20))
def test_verify_balances_whatever_the_numbers(new_logged_run: Callable[..., Any], printed: list[float]) -> None:
    run = new_logged_run()
    for index, number in enumerate(printed):
        run.append(line({"event_type": "step", "step_index": index, "reward": number}) + b"\n")
        run.append(line({"event_type": "step", "step_index": index, "reward": number, "info": number}) + b"\n")
        run.append(line({"event_type": "episode", "ep_index": index, "total_reward": number, "steps": 1}) + b"\n")
        run.append(line({"event_type": "metric", "step": index, "values": {"a": number, "b": number}}) + b"\n")
    ledger = run.ingest()
    assert ledger.balanced
    report = verify_run(run.folder)
    assert report.ok, report.to_dict()
    assert all("63 bits" not in (detail or "") for (detail,) in run.query("SELECT detail FROM quarantine"))


@pytest.fixture
def full_run(logged_run: Any) -> Any:
    """A run with something in every column of every table."""
    for index in range(2):
        logged_run.append(
            line(
                {
                    "event_type": "step", "step_index": index, "ep_index": 1, "agent_id": "red", "reward": 0.5,
                    "terminated": True, "truncated": False, "action": [1], "observation": {"x": 0.5}, "timestamp": 5.5,
                    "info": {"y": 1},
                }
            ) + b"\n"
        )  # fmt: skip
        logged_run.append(line({"event_type": "step", "step_index": index, "reward": math.nan}) + b"\n")
        logged_run.append(
            line(
                {
                    "event_type": "episode", "ep_index": index, "total_reward": -0.0, "steps": 3, "agent_id": "red",
                    "terminated": True, "truncated": False, "success": True, "agent_rewards": {"red": 1.5},
                    "timestamp": 5.5, "seed": 3, "sampled": 2, "dropped": 1,
                }
            ) + b"\n"
        )  # fmt: skip
        logged_run.append(line({"event_type": "episode", "ep_index": index, "total_reward": math.nan, "phase": "eval"}))
        logged_run.append(b"\n")
        metric = {"event_type": "metric", "step": index, "values": {"a": -0.0, "b": math.nan, "c": 1e308}}
        logged_run.append(line({**metric, "timestamp": 6.5, "note": "n"}) + b"\n")
        logged_run.append(line({"event": "heartbeat", "timestamp": 7.5, "payload": {"s": 1}, "more": [1]}) + b"\n")
        logged_run.append(line({"event_type": "episode", "ep_index": -1 - index, "total_reward": 1.0}) + b"\n")
    logged_run.append(line({"event_type": "episode", "ep_index": 0, "total_reward": 1.0, "agent_id": "red"}) + b"\n")
    logged_run.ingest()
    assert verify_run(logged_run.folder).ok
    return logged_run


def columns(database: Path) -> list[tuple[str, str]]:
    tables = ("steps", "episodes", "metrics", "metric_extras", "events", "quarantine", "names", "rollups")
    with closing(sqlite3.connect(database)) as connection:
        return [
            (table, name)
            for table in tables
            for _, name, *_ in connection.execute(f"PRAGMA table_info({table})").fetchall()
        ]


def changed(value: Any) -> list[Any]:
    """Other values than this one."""
    if value is None:
        return [0, 1, "1"]
    if isinstance(value, bytes):
        return [value[:-1] + bytes([value[-1] ^ 1]), value + b"\0", b""]
    if isinstance(value, str):
        return [value + " x", value[:-1] + chr(ord(value[-1]) ^ 1), ""]
    return [value + 1, -value - 1, None] + ([math.nextafter(value, math.inf)] if isinstance(value, float) else [])


@pytest.mark.long
def test_verify_finds_any_value_that_was_changed(full_run: Any, tmp_path: Path) -> None:
    missed = []
    good = full_run.folder.database.read_bytes()
    for table, column in columns(full_run.folder.database):
        keys = "name, id" if table == "metrics" else "worker_no, attempt" if table == "rollups" else "id"
        for key, value in [(row[:-1], row[-1]) for row in full_run.query(f"SELECT {keys}, {column} FROM {table}")]:
            where = " AND ".join(f"{name} = ?" for name in keys.split(", "))
            for other in changed(value):
                full_run.folder.database.write_bytes(good)
                with closing(sqlite3.connect(full_run.folder.database)) as connection, connection:
                    try:
                        connection.execute(f"UPDATE {table} SET {column} = ? WHERE {where}", (other, *key))
                    except sqlite3.IntegrityError:
                        continue  # the database itself refuses it
                    stored = connection.execute(f"SELECT {column} FROM {table} WHERE {where}", key).fetchone()
                if stored != (value,) and verify_run(full_run.folder).ok:
                    missed.append((table, column, key, value, other))
    assert not missed


def test_a_minus_zero_is_the_zero_that_the_database_holds(logged_run: Any, sdk_line: Callable[..., bytes]) -> None:
    logged_run.append(sdk_line("metric", step=1, values={"loss": -0.0}) + sdk_line(step_index=1, reward=-0.0))
    logged_run.ingest()
    assert verify_run(logged_run.folder).ok


def test_an_older_database_with_values_that_are_not_legal_any_more_can_be_read(full_run: Any) -> None:
    with closing(sqlite3.connect(full_run.folder.database)) as connection, connection:
        connection.execute("UPDATE episodes SET ep_index = -1, timestamp = 1e300 WHERE ep_index = 1")
        connection.execute("UPDATE steps SET step_index = -5, timestamp = -1e300 WHERE step_index = 1")
        connection.execute("UPDATE metrics SET step = -5, timestamp = 253402300800.0")
        connection.execute("UPDATE events SET timestamp = 9e999")
        connection.execute("UPDATE names SET name = name || ?", ("x" * 100_000,))
        connection.execute("UPDATE meta SET value = 1 WHERE key = 'decoder'")
    rows, batches, _ = everything(full_run)
    assert {episode.ep_index for episode in rows[1]} == {-1, 0}
    assert all(row.timestamp is None for row in rows[2])
    assert sum(len(batch.episodes) for batch in batches) == 4
    report = verify_run(full_run.folder)
    assert not report.ok
    assert "made by decoder 1" in report.problems[-1]


def test_a_page_holds_no_more_text_than_a_message_carries(logged_run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_stream, "PAGE_BYTES", 10_000)
    for index in range(200):
        size = 30_000 if index % 50 == 0 else 1000
        step = {"event_type": "step", "step_index": index, "observation": "é" * size, "info": "x" * size}
        logged_run.append(line(step) + b"\n" + line({"event": "heartbeat", "payload": {"text": "é" * size}}) + b"\n")
        logged_run.append(line({"event_type": "episode", "ep_index": index, "steps": 1, "note": "y" * size}) + b"\n")
    logged_run.ingest()
    cursor: row_stream.RowCursor = ()
    found: list[RowBatch] = []
    while not found or not found[-1].caught_up:
        found.append(read_rows(logged_run.folder, cursor))
        cursor = found[-1].cursor
        assert batch_to_pb(found[-1]).ByteSize() < 200_000
    assert [row.step_index for batch in found for row in batch.steps] == list(range(200))
    assert [row.ep_index for batch in found for row in batch.episodes] == list(range(200))
    assert sum(len(batch.events) for batch in found) == 200


@pytest.mark.parametrize("many", [10, 100_000])
def test_metrics_of_ever_new_names_can_be_read(logged_run: Any, many: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_stream, "MANY_NAMES", many)
    monkeypatch.setattr(row_stream, "PAGE_ROWS", 7)
    for index in range(60):
        event = {"event_type": "metric", "step": index, "values": {f"m{index}_{n}": n for n in range(index % 12 + 1)}}
        logged_run.append(line(event) + b"\n")
    logged_run.ingest()
    cursor: row_stream.RowCursor = ()
    found: list[tuple[int | None, str]] = []
    while True:
        batch = read_rows(logged_run.folder, cursor)
        cursor = batch.cursor
        found += [(point.step, point.name) for point in batch.metrics]
        if batch.caught_up:
            break
    assert sorted(found) == sorted((i, f"m{i}_{n}") for i in range(60) for n in range(i % 12 + 1))


def test_counts_that_workers_say_cannot_overflow_their_sum(new_logged_run: Callable[..., Any]) -> None:
    run = new_logged_run(workers=2)
    for worker_no in (1, 2):
        run.append(line({"event_type": "step", "step_index": MAX, "dropped": MAX, "sampled": MAX}) + b"\n", worker_no)
        run.append(line({"event_type": "episode", "ep_index": MAX, "steps": MAX, "sampled": MAX}) + b"\n", worker_no)
    ledger = run.ingest()
    assert (ledger.dropped, ledger.sampled) == (MAX, MAX)
    assert RunReader(run.folder).ledger() == ledger
    _, _, summary = everything(run)
    assert summary.steps == MAX
    assert verify_run(run.folder).ok
