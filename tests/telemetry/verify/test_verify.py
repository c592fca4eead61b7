"""The recount finds whatever is wrong with a database."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from gym_gui.telemetry.errors import TelemetryError
from gym_gui.telemetry.verify import verify_run


@pytest.fixture
def indexed_run(logged_run: Any, sdk_line: Callable[..., bytes]) -> Any:
    for number in range(20):
        logged_run.append(sdk_line(step_index=number, reward=1.5))
        logged_run.append(sdk_line("episode", ep_index=number, total_reward=1.0))
        logged_run.append(sdk_line("metric", step=number, values={"loss": 0.5, "lr": 1e-3}))
    logged_run.append(b'{"a": 1}\nplain output\n' + sdk_line("heartbeat"))
    logged_run.ingest()
    return logged_run


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("DELETE FROM steps WHERE step_index = 7", "steps: no row"),
        ("DELETE FROM steps WHERE step_index >= 7", "steps: no row"),
        ("UPDATE steps SET id = id + 1 WHERE step_index = 7", "steps"),
        ("UPDATE steps SET reward = 2 WHERE step_index = 7", "holds"),
        (
            "INSERT INTO steps SELECT id + 1, 99, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 FROM steps WHERE step_index = 19",
            "does not have",
        ),
        ("DELETE FROM metrics WHERE step = 3", "metrics"),
        ("UPDATE metrics SET value = 0.25 WHERE step = 3", "metrics"),
        ("UPDATE episodes SET ep_index = 100 WHERE ep_index = 3", "episodes"),
        ("DELETE FROM events", "events: no row"),
        ("DELETE FROM quarantine", "quarantine: no row"),
        ("UPDATE rollups SET stored = stored - 1, log = log + 1", "stored: the log has"),
        ("UPDATE rollups SET sampled = 1", "sampled"),
        ("UPDATE rollups SET lines = lines + 1", "balance"),
        ("DELETE FROM cursors", "not in the database"),
    ],
)
def test_a_changed_database_is_found_out(indexed_run: Any, change: str, found: str) -> None:
    assert verify_run(indexed_run.folder).ok
    with closing(sqlite3.connect(indexed_run.folder.database)) as connection, connection:
        connection.execute(change)
    report = verify_run(indexed_run.folder)
    assert not report.ok
    problems = [*report.problems, *(problem for log in report.logs for problem in log.problems)]
    assert any(found in problem for problem in problems), problems


def test_a_shortened_log_is_found_out(indexed_run: Any) -> None:
    log = indexed_run.log()
    log.write_bytes(log.read_bytes()[:-10])
    (report,) = verify_run(indexed_run.folder).logs
    assert "10 bytes shorter" in report.problems[0]


def test_a_log_that_grew_after_its_end_is_found_out(indexed_run: Any) -> None:
    indexed_run.append(b"a stray process\n")
    report = verify_run(indexed_run.folder)
    assert not report.ok
    assert "grew by 16 bytes" in report.logs[0].problems[0]


def test_a_log_nobody_read_is_found_out(indexed_run: Any) -> None:
    indexed_run.append(b"x\n", attempt=2)
    assert "000001.a2.stdout.jsonl" in verify_run(indexed_run.folder).problems[0]


def test_a_run_that_goes_on_is_verified_as_far_as_it_was_read(logged_run: Any, sdk_line: Callable[..., bytes]) -> None:
    logged_run.append(sdk_line(step_index=0) * 3)
    ingestor = logged_run.ingestor()
    ingestor.pump()
    logged_run.append(sdk_line(step_index=1) + b'{"event_ty')
    report = verify_run(logged_run.folder)
    assert (report.ok, report.complete, report.ledger.lines) == (True, False, 3)
    assert report.logs[0].unread_bytes == len(sdk_line(step_index=1)) + 10
    ingestor.close()


def test_the_report_is_json(indexed_run: Any) -> None:
    assert json.loads(json.dumps(verify_run(indexed_run.folder).to_dict()))["ok"] is True


def test_a_run_without_a_database_says_what_to_do(logged_run: Any) -> None:
    with pytest.raises(TelemetryError, match="mosaic runs reindex"):
        verify_run(logged_run.folder)


def test_progress_is_told(indexed_run: Any) -> None:
    told: list[tuple[int, int]] = []
    verify_run(indexed_run.folder, progress=lambda done, total: told.append((done, total)))
    assert told
    assert all(done <= total for done, total in told)
