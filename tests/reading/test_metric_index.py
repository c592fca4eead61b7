"""Last values of metrics are read once a run's report, and kept of ended runs, whatever happens to the file."""

from __future__ import annotations

import math
import sqlite3
from pathlib import Path

import msgspec
import pytest
from run_entries import entry

from gym_gui.reading.metric_index import MetricIndex
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.states import RunState
from gym_gui.runs.summary import RunSummary
from gym_gui.telemetry.schema import SCHEMA_VERSION, TABLES


def run(home: Path, number: int, values: list[float | None], *, state: str = "completed") -> RunSummary:
    """Return a run whose metric `loss` had these values; ``None``: NaN."""
    summary = entry(number, state=state, report=1).run
    folder = RunFolder.of(home, summary.run_id)
    folder.create()
    with sqlite3.connect(folder.database) as database:
        database.executescript(TABLES)
        database.execute("INSERT INTO meta VALUES ('schema', ?)", (SCHEMA_VERSION,))
        database.execute("INSERT INTO names VALUES (1, 'loss')")
        rows = [(1, number, number, value, None) for number, value in enumerate(values)]
        database.executemany("INSERT INTO metrics VALUES (?, ?, ?, ?, ?)", rows)
    database.close()
    return summary


def change(home: Path, summary: RunSummary, value: float) -> None:
    with sqlite3.connect(RunFolder.of(home, summary.run_id).database) as database:
        database.execute("UPDATE metrics SET value = ?", (value,))
    database.close()


def test_ended_runs_are_read_once_a_report(tmp_path: Path) -> None:
    ended, active = run(tmp_path, 1, [1.0, 2.0]), run(tmp_path, 2, [3.0], state="running")
    assert MetricIndex(tmp_path).values([ended, active], "loss") == {ended.run_id: 2.0, active.run_id: 3.0}
    for each in (ended, active):
        change(tmp_path, each, 9.0)
    assert MetricIndex(tmp_path).values([ended, active], "loss") == {ended.run_id: 2.0, active.run_id: 9.0}
    newer = msgspec.structs.replace(ended, report=2)
    assert MetricIndex(tmp_path).values([newer], "loss") == {ended.run_id: 9.0}


def test_nan_and_missing_metrics_are_kept_as_such(tmp_path: Path) -> None:
    diverged = run(tmp_path, 1, [1.0, None])
    for _ in range(2):
        value = MetricIndex(tmp_path).values([diverged], "loss")[diverged.run_id]
        assert value is not None
        assert math.isnan(value)
        assert MetricIndex(tmp_path).values([diverged], "other") == {diverged.run_id: None}
        change(tmp_path, diverged, 5.0)


def test_thousands_of_runs_are_read_from_the_file(tmp_path: Path) -> None:
    some = [run(tmp_path, number, [float(number)]) for number in range(3)]
    others = [entry(number, state="completed").run for number in range(1000, 1600)]  # without folders
    for _ in range(2):
        found = MetricIndex(tmp_path).values([*some, *others], "loss")
        assert [found[each.run_id] for each in some] == [0.0, 1.0, 2.0]
        assert all(found[each.run_id] is None for each in others)


def test_a_deleted_run_is_forgotten(tmp_path: Path) -> None:
    gone = run(tmp_path, 1, [1.0])
    index = MetricIndex(tmp_path)
    index.values([gone], "loss")
    index.forget(gone.run_id)
    with sqlite3.connect(index.path) as database:
        assert database.execute("SELECT count(*) FROM metrics").fetchone() == (0,)
    database.close()


@pytest.mark.parametrize("content", [b"no database", b""])
def test_a_damaged_file_is_built_again(tmp_path: Path, content: bytes) -> None:
    index = MetricIndex(tmp_path)
    index.path.parent.mkdir()
    index.path.write_bytes(content)
    kept = run(tmp_path, 1, [4.0])
    assert index.values([kept], "loss") == index.values([kept], "loss") == {kept.run_id: 4.0}
    assert kept.state is RunState.COMPLETED
