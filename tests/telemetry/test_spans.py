"""Spans of metrics: complete, whatever happened to their writer."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable
from typing import Any

import pytest

from gym_gui.telemetry.errors import DiskFull
from gym_gui.telemetry.spans import SpanWriter

Line = Callable[..., bytes]
SPANS = (
    "SELECT name, level, metric_spans.id, last, number, stepless, step_low, step_high, timeless, time_low, time_high,"
    " nan, plus, minus, low, round(mean, 9), high, final"
    " FROM metric_spans JOIN names ON names.id = metric_spans.name ORDER BY 1, 2, 3"
).replace("SELECT name,", "SELECT names.name,")
VALUES = 5000


def log(sdk_line: Line, values: int = VALUES) -> bytes:
    source = random.Random(1)
    return b"".join(
        sdk_line("metric", step=place, values={"loss": source.random(), **({"rare": place} if place % 50 == 0 else {})})
        for place in range(values)
    )


@pytest.fixture
def expected(new_logged_run: Callable[..., Any], sdk_line: Line) -> list[tuple[Any, ...]]:
    """Spans of a log that was ingested at once."""
    run = new_logged_run()
    run.append(log(sdk_line))
    run.ingest()
    spans = run.query(SPANS)
    counts = [sum(span[:2] == ("loss", level) for span in spans) for level in range(4)]
    assert counts == [VALUES // 64, VALUES // 512, VALUES // 4096, 0]
    assert sum(span[0] == "rare" for span in spans) == VALUES // 50 // 64
    return spans


def test_spans_go_on_after_a_restart_of_their_writer(
    logged_run: Any, sdk_line: Line, expected: list[tuple[Any, ...]]
) -> None:
    lines = log(sdk_line).splitlines(keepends=True)
    for start in range(0, VALUES, 333):
        logged_run.append(b"".join(lines[start : start + 333]))
        ingestor = logged_run.ingestor()
        ingestor.pump()
        ingestor.close()
    assert logged_run.query(SPANS) == expected


def test_a_failed_transaction_leaves_no_gap(
    logged_run: Any, sdk_line: Line, expected: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    logged_run.append(log(sdk_line))
    ingestor, add, calls = logged_run.ingestor(), SpanWriter.add, []

    def fails_at_times(writer: SpanWriter, rows: Any) -> None:
        add(writer, rows)
        calls.append(1)
        if len(calls) % 3 == 0:
            raise DiskFull("no space", where="")

    monkeypatch.setattr(SpanWriter, "add", fails_at_times)
    read = 1
    while read:
        with contextlib.suppress(DiskFull):
            read = ingestor.pump(50_000).bytes_read
    ingestor.close()
    assert logged_run.query(SPANS) == expected


def test_a_database_of_an_earlier_version_gets_them_with_its_next_values(
    logged_run: Any, sdk_line: Line, expected: list[tuple[Any, ...]]
) -> None:
    lines = log(sdk_line).splitlines(keepends=True)
    logged_run.append(b"".join(lines[:3000]))
    ingestor = logged_run.ingestor()
    ingestor.pump()
    ingestor.store.connection.execute("DROP TABLE metric_spans")
    ingestor.close()
    logged_run.append(b"".join(lines[3000:]))
    logged_run.ingest()
    assert logged_run.query(SPANS) == expected


def test_many_metrics_do_not_fill_the_memory(new_logged_run: Callable[..., Any], sdk_line: Line) -> None:
    run = new_logged_run()
    names = [f"layer{number}" for number in range(500)]
    run.append(b"".join(sdk_line("metric", step=place, values=dict.fromkeys(names, place)) for place in range(70)))
    run.ingest(100_000)
    assert run.query("SELECT count(*), sum(low), sum(high), sum(final) FROM metric_spans") == [(500, 0, 31500, 31500)]
