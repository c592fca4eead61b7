"""Readers get what was printed, page by page, and are in nobody's way."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest

from gym_gui.telemetry.errors import TelemetryError
from gym_gui.telemetry.reader import RunReader, reading
from gym_gui.telemetry.row_stream import edge_of
from gym_gui.telemetry.rowid import row_place


@pytest.fixture
def reader(new_logged_run: Callable[..., Any], sdk_line: Callable[..., bytes]) -> RunReader:
    run = new_logged_run(workers=2)
    run.append(
        sdk_line("run_started", payload={"env_id": "CartPole-v1"}, timestamp=5.0)
        + sdk_line(step_index=0, ep_index=1, reward=math.nan, terminated=True, action=[1], observation=None, note="hm")
        + sdk_line("episode", ep_index=1, phase="eval", total_reward=-math.inf, agent_rewards={"a": 1.5}, success=True)
        + sdk_line("metric", step=4, values={"loss": math.nan, "lr": 0.1})
        + b'{"event_type": "step"}\n'
    )
    run.append(b"".join(sdk_line(step_index=i, agent_id="red").replace(b"000001", b"000002") for i in range(25)), 2)
    run.ingest()
    return RunReader(run.folder)


def test_steps_come_back_as_printed(reader: RunReader) -> None:
    (step,) = reader.steps(worker_no=1)
    assert (step.worker_id, step.attempt, step.step_index, step.ep_index) == ("000001", 1, 0, 1)
    assert step.reward is not None
    assert math.isnan(step.reward)
    assert (step.terminated, step.truncated, step.action, step.observation) == (True, None, "[1]", None)
    assert step.extra == {"note": "hm"}


def test_pages_go_on_from_the_last_row(reader: RunReader) -> None:
    seen: list[int] = []
    after = -1
    while page := reader.steps(worker_no=2, after=after, limit=10):
        seen += [step.step_index for step in page]
        after = page[-1].id
    assert seen == list(range(25))
    assert {step.agent_id for step in reader.steps(worker_no=2, attempt=1)} == {"red"}
    assert reader.steps(worker_no=2, attempt=2) == []


def test_episodes_metrics_events_and_quarantine_come_back(reader: RunReader) -> None:
    (episode,) = reader.episodes()
    assert (episode.phase, episode.total_reward, episode.agent_rewards) == ("eval", -math.inf, {"a": 1.5})
    assert (episode.success, episode.terminated) == (True, None)
    assert reader.metric_names() == ["loss", "lr"]
    (loss,) = reader.metrics("loss")
    assert math.isnan(loss.value)
    assert [(point.step, point.value) for point in reader.metrics("lr", worker_no=1)] == [(4, 0.1)]
    assert reader.metrics("other") == []
    (event,) = reader.events()
    assert (event.event, event.timestamp, event.payload) == ("run_started", 5.0, {"env_id": "CartPole-v1"})
    (kept,) = reader.quarantine()
    assert (kept.reason, kept.excerpt, kept.length) == ("missing_field", b'{"event_type": "step"}', 22)
    assert kept.byte_offset == row_place(kept.id).byte_offset


def test_rollups_and_ledger_are_those_of_the_writer(reader: RunReader) -> None:
    first, second = reader.worker_rollups()
    assert (first.worker_id, first.eval_episodes, second.steps) == ("000001", 1, 25)
    assert reader.ledger().lines == 30
    assert reader.ledger().balanced


def test_a_run_without_a_database_has_no_rows(logged_run: Any) -> None:
    reader = RunReader(logged_run.folder)
    assert (reader.steps(), reader.worker_rollups(), reader.ledger().lines) == ([], [], 0)
    logged_run.folder.database.touch()
    assert (reader.episodes(), reader.ledger().lines) == ([], 0)


def test_reading_while_writing_sees_whole_transactions(logged_run: Any, sdk_line: Callable[..., bytes]) -> None:
    ingestor = logged_run.ingestor()
    ingestor.add_source(1, "000001", 1, logged_run.log())
    reader = RunReader(logged_run.folder)
    for number in range(20):
        logged_run.append(sdk_line(step_index=number))
        ingestor.pump()
        assert len(reader.steps()) == reader.ledger().records == number + 1
    ingestor.finish()
    assert len(reader.steps()) == 20


def test_a_reader_that_stalls_does_not_keep_the_run_from_finishing(
    logged_run: Any, sdk_line: Callable[..., bytes]
) -> None:
    logged_run.append(sdk_line(step_index=0))
    ingestor = logged_run.ingestor()
    ingestor.pump()
    with reading(logged_run.folder.database, 60.0) as connection:
        connection.execute("BEGIN")
        connection.execute("SELECT * FROM steps").fetchone()
        assert ingestor.store.finish(timeout_s=0.2) is False
    assert len(RunReader(logged_run.folder).steps()) == 1
    assert logged_run.ingest().stored == 1


def test_a_call_past_its_deadline_is_stopped(logged_run: Any, sdk_line: Callable[..., bytes]) -> None:
    logged_run.append(sdk_line(step_index=0))
    logged_run.ingest()
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    with (
        pytest.raises(TelemetryError, match="longer than"),
        reading(logged_run.folder.database, 0.05) as connection,
    ):
        connection.execute(endless).fetchall()


def test_a_damaged_database_says_what_to_do(logged_run: Any) -> None:
    logged_run.folder.database.write_bytes(b"this is no database, is it" * 100)
    with pytest.raises(TelemetryError, match="mosaic runs reindex"):
        RunReader(logged_run.folder).ledger()


def test_damaged_counts_say_what_to_do(logged_run: Any, sdk_line: Callable[..., bytes]) -> None:
    logged_run.append(sdk_line(step_index=0))
    logged_run.ingest()
    with sqlite3.connect(logged_run.folder.database) as connection:
        connection.execute("UPDATE rollups SET state = x'01'")
    connection.close()
    with pytest.raises(TelemetryError, match="mosaic runs reindex"):
        RunReader(logged_run.folder).worker_rollups()


def test_a_damaged_column_is_shown_as_it_is_and_told(logged_run: Any, sdk_line: Any, caplog: Any) -> None:
    logged_run.append(sdk_line("step", step_index=1, hint="x") + sdk_line("run_started", payload={"a": 1}))
    logged_run.ingest()
    with sqlite3.connect(logged_run.folder.database) as connection:
        connection.execute("UPDATE steps SET extra = '{broken'")
        connection.execute("UPDATE events SET payload = '{broken'")
    connection.close()
    reader = RunReader(logged_run.folder)
    assert reader.steps()[0].extra == {"": "{broken"}
    assert reader.events()[0].payload == "{broken"
    told = [record for record in caplog.records if getattr(record, "log_code", "") == "LOG502"]
    assert [(record.run_id, record.worker_id) for record in told] == [(logged_run.folder.run_id, "000001")] * 2


def test_a_database_of_another_program_is_no_empty_one(new_logged_run: Callable[..., Any]) -> None:
    folder = new_logged_run().folder
    folder.database.unlink(missing_ok=True)
    with sqlite3.connect(folder.database) as foreign:
        foreign.execute("CREATE TABLE cookies (host)")
    foreign.close()
    for read in (RunReader(folder).worker_rollups, lambda: edge_of(folder)):
        with pytest.raises(TelemetryError, match="another program created it"):
            read()
