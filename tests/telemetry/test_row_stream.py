"""Reading on from a cursor gives every row once, or says which steps it left out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gym_gui.telemetry import row_stream
from gym_gui.telemetry.reader import RunReader
from gym_gui.telemetry.row_stream import LogPosition, RowBatch, RowCursor, edge_of, is_cursor_behind, read_rows

STEPS = 120


@pytest.fixture
def run(new_logged_run: Callable[..., Any], sdk_line: Callable[..., bytes]) -> Any:
    """Two workers: steps, an episode after every tenth, a metric of two names after every sixth; not closed."""
    run = new_logged_run(workers=2)
    for worker_no in (1, 2):
        lines = [sdk_line("run_started", payload={})]
        for index in range(STEPS):
            lines.append(sdk_line(step_index=index, ep_index=index // 10))
            if index % 10 == 9:
                lines.append(sdk_line("episode", ep_index=index // 10, total_reward=float(index)))
            if index % 6 == 0:
                lines.append(sdk_line("metric", step=index, values={"loss": 0.5, "lr": float(index)}))
        run.append(b"".join(lines).replace(b"000001", b"%06d" % worker_no), worker_no)
    run.ingest()
    return run


def pages(run: Any, cursor: RowCursor = (), **options: Any) -> list[RowBatch]:
    found = [read_rows(run.folder, cursor, **options)]
    while not found[-1].caught_up:
        found.append(read_rows(run.folder, found[-1].cursor, **options))
    return found


def ids(batches: list[RowBatch], table: str) -> list[int]:
    return [row.id for batch in batches for row in getattr(batch, table)]


@pytest.mark.parametrize("page_rows", [1, 7, 50, 2000])
def test_every_row_comes_once_whatever_the_page(run: Any, page_rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_stream, "PAGE_ROWS", page_rows)
    reader = RunReader(run.folder)
    found = pages(run)
    assert ids(found, "steps") == [row.id for row in reader.steps()]
    assert ids(found, "episodes") == [row.id for row in reader.episodes()]
    assert ids(found, "events") == [row.id for row in reader.events()]
    expected = sorted([*reader.metrics("loss"), *reader.metrics("lr")], key=lambda point: point.id)
    assert ids(found, "metrics") == [point.id for point in expected]
    assert {(point.name, point.step) for batch in found for point in batch.metrics} == {
        (point.name, point.step) for point in expected
    }
    assert all(not batch.gaps for batch in found)
    assert found[-1].cursor == edge_of(run.folder)
    assert read_rows(run.folder, found[-1].cursor).empty


@pytest.mark.parametrize("page_rows", [5, 2000])
@pytest.mark.parametrize("max_steps", [0, 1, 33, 10_000])
def test_steps_in_excess_are_told_and_nothing_else_is_left_out(
    run: Any, max_steps: int, page_rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_stream, "PAGE_ROWS", page_rows)
    found = pages(run, max_steps=max_steps)
    kept = ids(found, "steps")
    gaps = [gap for batch in found for gap in batch.gaps]
    assert len(kept) + sum(gap.count for gap in gaps) == 2 * STEPS
    everything = [row.id for row in RunReader(run.folder).steps()]
    left_out = [row for gap in gaps for row in everything if gap.from_id <= row <= gap.to_id]
    assert sorted(kept + left_out) == everything
    assert len(ids(found, "episodes")) == 2 * STEPS // 10
    assert len(ids(found, "metrics")) == 2 * 2 * STEPS // 6
    assert len(ids(found, "events")) == 2
    if max_steps == 33 and page_rows == 2000:  # the newest of both workers, in equal shares
        assert [step.step_index for step in found[0].steps if step.worker_id == "000001"] == list(range(104, 120))
        assert [step.step_index for step in found[0].steps if step.worker_id == "000002"] == list(range(103, 120))


def test_kinds_and_an_upper_cursor_narrow_it(run: Any) -> None:
    assert {len(batch.steps) for batch in pages(run, kinds=["episode"])} == {0}
    middle = tuple(LogPosition(number, attempt, off // 2) for number, attempt, off in edge_of(run.folder))
    lower = pages(run, until=middle)
    upper = pages(run, lower[-1].cursor)
    assert ids(lower, "steps")
    assert sorted(ids(lower, "steps") + ids(upper, "steps")) == [row.id for row in RunReader(run.folder).steps()]
    assert not is_cursor_behind(lower[-1].cursor, middle)
    assert is_cursor_behind(middle, edge_of(run.folder))
    assert not is_cursor_behind(edge_of(run.folder), middle)


def test_one_event_with_more_values_than_a_page_stays_whole(
    new_logged_run: Callable[..., Any], sdk_line: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = new_logged_run()
    values = {f"m{number:03d}": 1.0 for number in range(30)}
    run.append(sdk_line("metric", step=1, values=values) + sdk_line("metric", step=2, values=values))
    run.ingest()
    monkeypatch.setattr(row_stream, "PAGE_ROWS", 10)
    assert [len(batch.metrics) for batch in pages(run)] == [30, 30]


def test_a_run_without_a_database_has_no_rows(new_logged_run: Callable[..., Any]) -> None:
    run = new_logged_run()
    assert edge_of(run.folder) == ()
    batch = read_rows(run.folder, ())
    assert batch.empty
    assert batch.caught_up
