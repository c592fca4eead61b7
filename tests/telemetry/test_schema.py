"""Databases of every schema that there has been: each opens, or says what to do."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from pathlib import Path

import pytest

from gym_gui.proxy.proxy import EXIT_ENDED, Proxy
from gym_gui.proxy.reindex import reindex_run
from gym_gui.proxy.reporter import NoReporter
from gym_gui.proxy.summary import read_summary
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.plan import load_plan
from gym_gui.telemetry.errors import OldSchema, TelemetryError
from gym_gui.telemetry.reader import RunReader
from gym_gui.telemetry.reindex import open_ingestor
from gym_gui.telemetry.schema import SCHEMA_VERSION, TABLES
from gym_gui.telemetry.verify import verify_run

SCHEMAS = sorted(Path(__file__).with_name("schemas").glob("v*"), key=lambda path: int(path.name[1:]))
NEWEST = SCHEMAS[-1]
RUN_ID = "01JD3ZQ0F4M3Y1M5V9S4X1T7KQ"
COMPARED = ("steps", "episodes", "metrics", "metric_extras", "events", "quarantine", "names")


def run_of(home: Path, schema: Path, *changes: str) -> RunFolder:
    """Put a run of an earlier time into a home."""
    folder = RunFolder.of(home, RUN_ID)
    shutil.copytree(schema, folder.path)
    folder.control.mkdir()
    script = (folder.path / "telemetry.sql").read_text()
    with contextlib.closing(sqlite3.connect(folder.database)) as connection:
        connection.executescript(script)
        for change in changes:
            connection.execute(change)
        connection.commit()
    (folder.path / "telemetry.sql").unlink()
    return folder


def rows(folder: RunFolder) -> dict[str, list[tuple[object, ...]]]:
    with contextlib.closing(sqlite3.connect(folder.database)) as connection:
        return {table: connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall() for table in COMPARED}


def version_of(folder: RunFolder) -> int:
    with contextlib.closing(sqlite3.connect(folder.database)) as connection:
        return int(connection.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone()[0])


def aged(home: Path) -> RunFolder:
    """Make a run whose database is of a schema before the first, without columns that there are now."""
    return run_of(
        home,
        NEWEST,
        "UPDATE meta SET value = 0 WHERE key = 'schema'",
        "ALTER TABLE steps DROP COLUMN extra",
        "ALTER TABLE rollups DROP COLUMN sampled",
    )


def test_the_tables_are_those_of_their_version() -> None:
    """A change of the tables needs a new version, and a dump of it: see ``schemas/make.py``."""
    assert NEWEST.name == f"v{SCHEMA_VERSION}"
    with (
        contextlib.closing(sqlite3.connect(":memory:")) as now,
        contextlib.closing(sqlite3.connect(":memory:")) as then,
    ):
        now.executescript(TABLES)
        then.executescript((NEWEST / "telemetry.sql").read_text())
        tables = "SELECT name, sql FROM sqlite_master ORDER BY name"
        assert now.execute(tables).fetchall() == then.execute(tables).fetchall()


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda path: path.name)
def test_the_lock_holder_opens_every_version(home: Path, schema: Path) -> None:
    folder = run_of(home, schema)
    ingestor = open_ingestor(folder, load_plan(folder))
    ledger = ingestor.ledger()
    ingestor.finish()
    assert version_of(folder) == SCHEMA_VERSION
    assert verify_run(folder).ok
    first = rows(folder)
    assert all(first.values())
    report = reindex_run(folder)
    assert report.ledger == ledger
    assert rows(folder) == first


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda path: path.name)
def test_a_run_of_every_version_is_told_rightly(home: Path, schema: Path) -> None:
    folder = run_of(home, schema)
    assert Proxy(folder, NoReporter()).run() == EXIT_ENDED
    run = read_summary(folder)
    assert run.state.value == "completed"
    assert [(worker.worker_id, worker.attempt, worker.episodes, worker.steps) for worker in run.workers] == [
        ("000001", 1, 4, 20),
        ("left_arm", 2, 8, 20),
    ]


def test_an_earlier_one_is_rebuilt_by_whoever_takes_the_run(home: Path) -> None:
    good = rows(run_of(home / "good", NEWEST))
    folder = aged(home)
    with pytest.raises(OldSchema, match="schema 0") as raised:
        RunReader(folder).steps()
    assert raised.value.next_step.endswith(f"mosaic runs reindex {RUN_ID}")
    assert Proxy(folder, NoReporter()).run() == EXIT_ENDED
    assert version_of(folder) == SCHEMA_VERSION
    assert rows(folder) == good
    assert verify_run(folder).ok


def test_an_earlier_one_is_rebuilt_on_demand(home: Path) -> None:
    folder = aged(home)
    reindex_run(folder)
    assert version_of(folder) == SCHEMA_VERSION
    assert verify_run(folder).ok


def test_an_earlier_one_whose_logs_are_gone_is_kept(home: Path) -> None:
    folder = aged(home)
    folder.stdout_log("left_arm", 1).unlink()
    before = folder.database.read_bytes()
    with pytest.raises(TelemetryError, match=r"cannot be rebuilt") as raised:
        open_ingestor(folder, load_plan(folder))
    assert "left_arm.a1.stdout.jsonl" in raised.value.why
    assert version_of(folder) == 0
    assert len(folder.database.read_bytes()) == len(before)


def test_a_later_one_is_refused_and_kept(home: Path) -> None:
    folder = run_of(home, NEWEST, f"UPDATE meta SET value = {SCHEMA_VERSION + 1} WHERE key = 'schema'")
    for act in (
        lambda: RunReader(folder).steps(),
        lambda: verify_run(folder),
        lambda: reindex_run(folder),
        lambda: open_ingestor(folder, load_plan(folder)),
        lambda: Proxy(folder, NoReporter()).run(),
    ):
        with pytest.raises(TelemetryError, match=f"schema {SCHEMA_VERSION + 1}") as raised:
            act()
        assert "upgrade" in raised.value.next_step
    assert version_of(folder) == SCHEMA_VERSION + 1
