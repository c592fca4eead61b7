"""Compressed and dropped logs: whatever reads a run reads them, or says what became of them."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gym_gui.core.worker.errors import UsageError
from gym_gui.proxy.reindex import reindex_run
from gym_gui.retention.logs import are_logs_retained, describe_logs, retain_logs, why_not_dropped
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.lock import FileLock
from gym_gui.runs.plan import load_plan, save_plan
from gym_gui.telemetry.errors import TelemetryError
from gym_gui.telemetry.logs.logfile import compressed_path, log_size, logs_of, open_log, read_record, record_path
from gym_gui.telemetry.reindex import open_ingestor
from gym_gui.telemetry.verify import verify_run

KEEP = (
    "import sys; from pathlib import Path; from gym_gui.runs.folder import RunFolder;"
    "from gym_gui.retention.logs import retain_logs; retain_logs(RunFolder(Path(sys.argv[1])), 1)"
)


@pytest.fixture
def ended_run(new_logged_run: Callable[..., Any], sdk_line: Callable[..., bytes]) -> Callable[..., Any]:
    """Make an ended run of two workers; one of them was tried twice, its first log was truncated once."""

    def make(*, persist: bool = True, lines: int = 50, truncated: bool = True) -> Any:
        run = new_logged_run(workers=2)
        plan = msgspec.structs.replace(run.plan, config={"artifacts": {"persist_logs": persist}})
        save_plan(run.folder, plan)
        ingestor = run.ingestor()
        ingestor.add_source(2, "000002", 1, run.log(2, 1))
        second = {"worker_id": "000002"}
        run.append(sdk_line("episode", ep_index=0, total_reward=1.0, **second) * 2, worker_no=2)
        ingestor.pump()
        if truncated:
            run.log(2, 1).write_bytes(sdk_line("episode", ep_index=1, total_reward=1.0, **second))
        ingestor.pump()
        ingestor.pump()
        ingestor.close()
        for number, attempt in ((1, 1), (2, 2)):
            who = {"worker_id": f"{number:06d}"}
            run.append(b"".join(sdk_line(step_index=n, reward=1.0, **who) for n in range(lines)), number, attempt)
            run.append(sdk_line("episode", ep_index=0, total_reward=1.0, **who), number, attempt)
            run.append(sdk_line("metric", step=1, values={"loss": 0.5}, **who) + b"noise\n", number, attempt)
            run.append(b'{"a": 1}\n' + sdk_line("heartbeat", **who) + b'{"torn', number, attempt)
        run.ingest()
        assert verify_run(run.folder).ok
        return run

    return make


def contents(folder: RunFolder) -> dict[str, bytes]:
    found = {}
    for path in logs_of(folder):
        with open_log(path) as stream:
            found[path.name] = stream.read()
        assert log_size(path) == len(found[path.name])
    return found


def test_a_compressed_log_is_read_as_it_was_written(ended_run: Callable[..., Any]) -> None:
    run = ended_run()
    folder, before, rows = run.folder, contents(run.folder), run.tables()
    assert not are_logs_retained(folder, 1)
    assert are_logs_retained(folder, 0)
    done = retain_logs(folder, 1)
    assert done.compressed == sorted(before)
    assert are_logs_retained(folder, 1)
    assert retain_logs(folder, 1).compressed == []
    assert not any(path.exists() for path in logs_of(folder))
    assert contents(folder) == before
    for path in logs_of(folder):
        record = read_record(path)
        assert record is not None
        assert record.sha256 == hashlib.sha256(before[path.name]).hexdigest()
        assert record.compressed_sha256 == hashlib.sha256(compressed_path(path).read_bytes()).hexdigest()
        assert record.lines == len(before[path.name].splitlines())
    report = verify_run(folder)
    assert (report.ok, report.complete) == (True, False), report
    assert [log.gaps for log in report.logs] == [0, 1, 0]
    assert all(log.compressed for log in report.logs)
    assert reindex_run(folder).kept_segments == 1
    assert repr(run.tables()) == repr(rows)
    assert verify_run(folder).ok
    assert "compressed: 3 logs" in describe_logs(folder)
    assert not list(folder.logs.glob(".*"))


def test_a_log_that_was_truncated_is_not_dropped(ended_run: Callable[..., Any]) -> None:
    run = ended_run(persist=False)
    before = contents(run.folder)
    assert "renamed or truncated" in retain_logs(run.folder, 0).why_not_dropped
    assert contents(run.folder) == before
    assert "renamed or truncated" in describe_logs(run.folder)


def test_small_logs_stay_as_they_are(ended_run: Callable[..., Any]) -> None:
    run = ended_run()
    small = run.log(2, 1)
    retain_logs(run.folder, small.stat().st_size + 1)
    assert [path.name for path in logs_of(run.folder) if path.exists()] == [small.name]


def test_a_changed_compressed_log_is_found_out(ended_run: Callable[..., Any]) -> None:
    run = ended_run()
    retain_logs(run.folder, 1)
    packed = compressed_path(run.log())
    good = packed.read_bytes()
    with gzip.open(packed, "wb") as stream:
        stream.write(gzip.decompress(good).replace(b"1.0", b"2.0"))
    (problem, *_) = verify_run(run.folder).logs[0].problems
    assert "hash differs" in problem
    packed.write_bytes(good[:-20])
    problems = verify_run(run.folder).logs[0].problems
    assert any("is damaged" in problem for problem in problems), problems
    with pytest.raises((OSError, EOFError)):
        reindex_run(run.folder)


def test_logs_are_dropped_after_a_recount(ended_run: Callable[..., Any]) -> None:
    run = ended_run(persist=False, truncated=False)
    folder, before, rows = run.folder, contents(run.folder), run.tables()
    ledger = verify_run(folder).ledger
    assert retain_logs(folder, 1).dropped == sorted(before)
    assert are_logs_retained(folder, 1)
    assert retain_logs(folder, 1).dropped == []
    assert logs_of(folder) == []
    report = verify_run(folder)
    assert (report.ok, report.complete, report.ledger) == (True, True, ledger), report
    for log in report.logs:
        assert log.dropped is not None
        data = before[Path(log.path).name]
        assert (log.dropped.sha256, log.dropped.bytes) == (hashlib.sha256(data).hexdigest(), len(data))
    json.dumps(report.to_dict())
    again = reindex_run(folder)
    assert sorted(again.gone) == [f"logs/{name}" for name in sorted(before)]
    assert repr(run.tables()) == repr(rows)
    assert verify_run(folder).ok
    assert "3 logs" in describe_logs(folder)


def test_a_changed_database_of_dropped_logs_is_found_out(ended_run: Callable[..., Any]) -> None:
    run = ended_run(persist=False, truncated=False)
    retain_logs(run.folder, 1)
    with closing(sqlite3.connect(run.folder.database)) as connection, connection:
        connection.execute("DELETE FROM steps WHERE step_index = 3")
        connection.execute("UPDATE rollups SET lines = lines + 1, log = log + 1 WHERE worker_no = 2 AND attempt = 2")
    report = verify_run(run.folder)
    problems = [problem for log in report.logs for problem in log.problems]
    assert "steps: there were 50 rows when the log was dropped, now 49" in problems
    assert any(problem.startswith("lines: the log had") for problem in problems)


def test_logs_that_disagree_with_the_database_are_kept_with_the_reason(ended_run: Callable[..., Any]) -> None:
    run = ended_run(persist=False)
    with closing(sqlite3.connect(run.folder.database)) as connection, connection:
        connection.execute("DELETE FROM steps WHERE step_index = 3")
    before = contents(run.folder)
    done = retain_logs(run.folder, 0)
    assert done.dropped == []
    assert "no row for byte" in done.why_not_dropped
    assert why_not_dropped(run.folder) == done.why_not_dropped
    assert "kept though" in describe_logs(run.folder)
    assert contents(run.folder) == before
    assert are_logs_retained(run.folder, 0)  # not tried again and again


def test_a_lost_database_of_dropped_logs_cannot_be_rebuilt(ended_run: Callable[..., Any]) -> None:
    run = ended_run(persist=False, truncated=False)
    retain_logs(run.folder, 1)
    run.folder.database.write_bytes(b"not a database" * 100)
    with pytest.raises(TelemetryError, match="cannot be rebuilt") as raised:
        reindex_run(run.folder)
    assert "persist_logs" in raised.value.why
    assert run.folder.database.read_bytes().startswith(b"not a database")


def test_a_database_of_an_earlier_schema_is_migrated_where_the_logs_were_dropped(ended_run: Callable[..., Any]) -> None:
    """Columns that there were not then have nothing in them; all other rows are as they were."""
    run = ended_run(persist=False, truncated=False)
    retain_logs(run.folder, 1)
    rows = run.tables()
    with closing(sqlite3.connect(run.folder.database)) as connection, connection:
        connection.execute("UPDATE meta SET value = 0 WHERE key = 'schema'")
        connection.execute("ALTER TABLE steps DROP COLUMN extra")
        connection.execute("ALTER TABLE rollups DROP COLUMN sampled")
    open_ingestor(run.folder, load_plan(run.folder)).finish()
    assert verify_run(run.folder).ok
    assert repr(run.tables()) == repr(rows)


@pytest.mark.process
def test_nothing_goes_while_something_may_write(ended_run: Callable[..., Any]) -> None:
    run = ended_run(persist=False)
    before = contents(run.folder)
    for lock in (run.folder.launch_lock("000001", 1), run.folder.control / "logs.lock"):
        held = FileLock(lock)
        assert held.acquire()
        with pytest.raises(UsageError, match="are in use"):
            retain_logs(run.folder, 1)
        held.release()
    marked = subprocess.Popen(["sleep", "60"], env={**os.environ, "MOSAIC_RUN_ID": run.folder.run_id})
    try:
        with pytest.raises(UsageError, match="are in use") as raised:
            retain_logs(run.folder, 1)
        assert str(marked.pid) in raised.value.why
    finally:
        marked.kill()
        marked.wait()
    assert contents(run.folder) == before


def test_what_one_that_was_killed_left_half_written_is_removed(ended_run: Callable[..., Any]) -> None:
    run = ended_run()
    before = contents(run.folder)
    left = [run.folder.logs / name for name in (".000001.a1.record.json.7.8.tmp", ".of-a-log-that-is-gone.gz.partial")]
    for path in left:
        path.write_bytes(b"half")
    retain_logs(run.folder, 0)
    assert not any(path.exists() for path in left)
    assert contents(run.folder) == before


@pytest.mark.process
@pytest.mark.parametrize(("persist", "lines", "step_s"), [(True, 30_000, 0.005), (False, 3_000, 0.02)])
def test_killed_at_any_moment_it_leaves_every_log_whole(
    ended_run: Callable[..., Any], persist: bool, lines: int, step_s: float
) -> None:
    """SIGKILL after longer and longer whiles, until one of them gets through."""
    run = ended_run(persist=persist, lines=lines)
    folder, before = run.folder, contents(run.folder)
    first: float | None = None
    kills = 0
    for number in range(200):
        process = subprocess.Popen([sys.executable, "-c", KEEP, str(folder.path)])
        begun = time.monotonic()
        if first is None:  # what it takes to begin differs from machine to machine
            while not (folder.control / "logs.lock").exists() and process.poll() is None:
                time.sleep(0.001)
            first = time.monotonic() - begun
        pause = first + step_s * 1.5**number
        while process.poll() is None and time.monotonic() - begun < pause:
            time.sleep(0.001)
        ended = process.poll() == 0
        process.send_signal(signal.SIGKILL)
        process.wait()
        kills += not ended
        now = contents(folder)
        gone = {path.name for path in (folder.logs / name for name in before) if path.name not in now}
        assert all(read_record(folder.logs / name) is not None for name in gone)
        assert not (persist and gone)
        assert {**before, **now} == before
        if ended:
            break
    assert kills > 0
    assert verify_run(folder).ok
    assert are_logs_retained(folder, 1)
    assert not list(folder.logs.glob(".*"))
    assert all(record_path(folder.logs / name).exists() for name in before)
