"""A database that is held open sees every commit, follows a replaced file, and is let go of when it is closed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gym_gui.telemetry.errors import TelemetryError
from gym_gui.telemetry.kept_database import KeptDatabase


@pytest.fixture
def database(logged_run: Any) -> Iterator[KeptDatabase]:
    kept = KeptDatabase(logged_run.folder.database, 5.0)
    yield kept
    kept.close()


def steps(database: KeptDatabase) -> int | None:
    with database.reading() as connection:
        return None if connection is None else int(connection.execute("SELECT count(*) FROM steps").fetchone()[0])


def test_it_sees_what_is_committed_meanwhile_and_the_mark_tells(
    logged_run: Any, database: KeptDatabase, sdk_line: Callable[..., bytes], drain_logs: Callable[..., int]
) -> None:
    assert steps(database) is None
    assert database.mark() is None
    ingestor = logged_run.ingestor()
    ingestor.add_source(1, "000001", 1, logged_run.log())
    assert steps(database) == 0
    for step in range(3):
        before = database.mark()
        logged_run.append(sdk_line(step_index=step))
        drain_logs(ingestor)
        assert database.mark() not in (None, before)
        assert steps(database) == step + 1
    database.close()
    ingestor.close_source(1, 1)
    ingestor.finish()  # as one plain file, which needs that nobody holds it open
    assert database.mark() is None
    assert logged_run.query("PRAGMA journal_mode") == [("delete",)]
    assert steps(database) == 3


def test_another_file_of_the_same_name_is_read_from_then_on(
    logged_run: Any, database: KeptDatabase, sdk_line: Callable[..., bytes]
) -> None:
    logged_run.append(sdk_line(step_index=0))
    logged_run.ingest()
    assert steps(database) == 1
    path = logged_run.folder.database
    other = path.with_suffix(".other")
    with sqlite3.connect(path) as old, sqlite3.connect(other) as new:
        old.backup(new)
        new.execute("DELETE FROM steps")
    old.close()
    new.close()
    other.replace(path)
    assert steps(database) == 0
    path.unlink()
    assert steps(database) is None


def test_one_that_is_damaged_is_said_to_be_and_read_again_once_it_is_whole(
    logged_run: Any, database: KeptDatabase, sdk_line: Callable[..., bytes]
) -> None:
    logged_run.append(sdk_line(step_index=0))
    logged_run.ingest()
    path = logged_run.folder.database
    whole = path.read_bytes()
    path.write_bytes(b"nothing of a database" * 100)
    with pytest.raises(TelemetryError, match="damaged"):
        steps(database)
    path.write_bytes(whole)
    assert steps(database) == 1
