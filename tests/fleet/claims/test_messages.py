"""Messages of programs are read whatever they hold."""

from __future__ import annotations

from typing import Any

import pytest

from gym_gui.fleet.claims.messages import LogLine, digest_of, read_message

NOW = 1_700_000_000.0


def test_progress_is_a_share_of_100() -> None:
    assert read_message({"type": "overall_progress", "current": 3, "total": 4}, NOW).percent == 75.0
    assert read_message({"type": "overall_progress", "current": 9, "total": 4}, NOW).percent == 100.0
    stage = read_message({"type": "stage_progress", "name": "Run", "current": 1, "total": 2}, NOW)
    assert stage.figures == {"stage/Run": 50.0}
    assert read_message({"type": "profiler_update", "eta_seconds": 7}, NOW).figures == {"eta_seconds": 7.0}


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"type": 5},
        {"type": "overall_progress", "current": float("nan"), "total": 1},
        {"type": "overall_progress", "current": 10**400, "total": 1},
        {"type": "overall_progress", "current": 1, "total": 0},
        {"type": "stage_progress", "name": None, "current": 1, "total": 1},
        {"type": "profiler_update", "eta_seconds": None},
        {"type": "log_batch", "logs": {"a": 1}},
    ],
)
def test_what_is_odd_tells_nothing(message: dict[str, Any]) -> None:
    report = read_message(message, NOW)
    assert (report.percent, report.figures, report.lines, report.finished) == (None, {}, [], None)


def test_lines_have_their_own_time_and_colours_alone() -> None:
    logs = [
        {"message": "\x1b[2J\x1b[31mred\x1b[0m\x07\x1b]0;title\x07", "log_type": "fatal", "timestamp": NOW - 5},
        {"message": "two\nlines", "timestamp": "soon", "log_type": "{x}"},
        "plain",
    ]
    report = read_message({"type": "log_batch", "logs": logs, "sequence": 1}, NOW)
    assert report.lines == [
        LogLine(NOW - 5, "FATAL", "\x1b[31mred\x1b[0m"),
        LogLine(NOW, "INFO", "two\nlines"),
        LogLine(NOW, "INFO", "plain"),
    ]
    assert report.fatal == "red"
    assert report.lines[1].encoded() == b"2023-11-14T22:13:20.000Z INFO two\n    lines\n"


def test_the_last_word() -> None:
    assert read_message({"type": "finished", "message": "Study finished with errors"}, NOW).failed
    good = read_message({"type": "finished", "message": "Study finished successfully"}, NOW)
    assert (good.failed, good.finished) == (False, "Study finished successfully")
    assert read_message({"type": "finished"}, NOW).finished
    assert read_message({"type": "memory_error", "exit_code": 42}, NOW).memory_error


def test_copies_have_one_digest() -> None:
    assert digest_of({"a": 1, "b": 2}) == digest_of({"b": 2, "a": 1}) != digest_of({"a": 1})
