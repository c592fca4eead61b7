"""A database rebuilt from the logs equals the one before it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gym_gui.core.worker.errors import UsageError
from gym_gui.proxy.reindex import reindex_run
from gym_gui.runs.lock import FileLock
from gym_gui.telemetry.ingest import Ingestor
from gym_gui.telemetry.verify import verify_run


@pytest.mark.long
@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.data())
def test_rows_are_equal(
    new_logged_run: Callable[..., Any], any_log: st.SearchStrategy[bytes], data: st.DataObject
) -> None:
    run = new_logged_run(workers=2)
    run.append(data.draw(any_log), worker_no=1)
    run.append(data.draw(any_log), worker_no=2)
    run.append(data.draw(any_log), worker_no=2, attempt=2)
    ledger = run.ingest()
    before = run.tables()
    received = run.query("SELECT * FROM batches ORDER BY id")
    report = reindex_run(run.folder)
    assert report.ledger == ledger
    assert repr(run.tables()) == repr(before)
    assert run.query("SELECT * FROM batches ORDER BY id") == received


@pytest.mark.parametrize("lost", [b"", b"not a database at all" * 100], ids=["removed", "damaged"])
def test_a_lost_database_is_built_anew(logged_run: Any, sdk_line: Callable[..., bytes], lost: bytes) -> None:
    logged_run.append(b"".join(sdk_line(step_index=i) for i in range(50)) + b'{"torn')
    logged_run.ingest()
    before = logged_run.tables()
    logged_run.folder.database.unlink()
    if lost:
        logged_run.folder.database.write_bytes(lost)
    logged_run.folder.launch_lock("000001", 1).touch()  # its launcher has been, and is gone
    report = reindex_run(logged_run.folder)
    assert (report.logs, report.ledger.lines, report.old_decoder) == (1, 51, None)
    assert repr(logged_run.tables()) == repr(before)
    assert verify_run(logged_run.folder).ok


def test_rows_of_truncated_logs_are_kept(
    logged_run: Any, sdk_line: Callable[..., bytes], drain_logs: Callable[..., int]
) -> None:
    ingestor = logged_run.ingestor()
    ingestor.add_source(1, "000001", 1, logged_run.log())
    for part in range(3):
        logged_run.log().write_bytes(
            b"".join(
                sdk_line("episode", ep_index=10 * part + i, agent_id=f"a{part}", total_reward=1.0) for i in range(8)
            )
            + sdk_line("metric", step=1, values={f"loss{part}": 1.0})
            + b"noise" * part
            + b"\n"
        )
        drain_logs(ingestor)
    ingestor.close_source(1, 1)
    ingestor.finish()
    before = logged_run.tables()
    assert reindex_run(logged_run.folder).kept_segments == 2
    assert repr(logged_run.tables()) == repr(before)
    assert len(logged_run.query("SELECT * FROM segments")) == 2
    report = verify_run(logged_run.folder)
    assert report.ok, report.to_dict()
    assert reindex_run(logged_run.folder).kept_segments == 2
    assert repr(logged_run.tables()) == repr(before)


def test_a_database_in_use_is_left_alone(logged_run: Any, sdk_line: Callable[..., bytes]) -> None:
    logged_run.append(sdk_line(step_index=0))
    logged_run.ingest()
    lock = FileLock(logged_run.folder.proxy_lock)
    assert lock.acquire()
    with pytest.raises(UsageError, match="is being indexed"):
        reindex_run(logged_run.folder)
    lock.release()
    assert reindex_run(logged_run.folder).ledger.stored == 1


def test_a_run_that_goes_on_is_not_closed(logged_run: Any, sdk_line: Callable[..., bytes]) -> None:
    logged_run.append(sdk_line(step_index=0) + b"half")
    launcher = FileLock(logged_run.folder.launch_lock("000001", 1))
    assert launcher.acquire()
    assert reindex_run(logged_run.folder).ledger.lines == 1
    logged_run.append(b" a line\n")
    ingestor = Ingestor(logged_run.folder, logged_run.plan)
    assert ingestor.pump().lines == 1
    ingestor.close()
    launcher.release()


def test_progress_goes_to_the_end_and_nothing_is_left_beside(logged_run: Any, sdk_line: Callable[..., bytes]) -> None:
    logged_run.append(sdk_line(step_index=0) * 10)
    told: list[tuple[int, int]] = []
    reindex_run(logged_run.folder, progress=lambda done, total: told.append((done, total)))
    assert told[-1][0] == told[-1][1] > 0
    assert sorted(path.name for path in logged_run.folder.path.glob("telemetry*")) == ["telemetry.db"]
