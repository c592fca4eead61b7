"""Both outputs of a worker are shown in the order of their times, each line once."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from logged_runs import LoggedRun

from gym_gui.app.log_view import BOTH, LogChunk, read_logs
from gym_gui.reading import LogPage, LogQuery
from gym_gui.reading.logs import read_log

WORKER = "000001"


class _Reader:
    """Reads the logs of a folder as a client does."""

    def __init__(self, run: LoggedRun) -> None:
        self._run = run

    async def read_log(self, _run_id: str, query: LogQuery) -> LogPage:
        return read_log(self._run.folder, query)


@pytest.fixture
def run(tmp_path: Path) -> LoggedRun:
    return LoggedRun(tmp_path)


def read(run: LoggedRun, ends: dict[str, int] | None = None, *, active: bool = False, limit: int = 500) -> LogChunk:
    query = LogQuery(stream=BOTH, limit=limit)
    reader: Any = _Reader(run)
    return asyncio.run(read_logs(reader, run.folder.run_id, query, ends or {}, active=active))


def event(time: float) -> bytes:
    return json.dumps({"event": "step", "timestamp": time}).encode() + b"\n"


def record(time: float, text: str) -> str:
    return json.dumps({"timestamp": time, "level": "INFO", "message": text}) + "\n"


def test_lines_of_both_outputs_stand_in_the_order_of_their_times(run: LoggedRun) -> None:
    run.append(event(10) + b"first\n" + event(30) + b"third\nthird, too\n")
    run.folder.stderr_log(WORKER, 1).write_text(record(20, "second") + "below the second\n" + record(40, "fourth"))
    lines = read(run).text.splitlines()
    assert [line.split()[-1] for line in lines] == ["first", "second", "second", "third", "too", "fourth"]
    assert [line.startswith("! ") for line in lines] == [False, True, True, False, False, True]


def test_an_output_without_times_comes_last(run: LoggedRun) -> None:
    run.append(event(10) + b"trained\n")
    run.folder.stderr_log(WORKER, 1).write_text("Traceback\nValueError: no\n")
    assert read(run).text.splitlines() == ["trained", "! Traceback", "! ValueError: no"]


def test_each_line_is_read_once_and_a_torn_one_when_it_is_whole(run: LoggedRun) -> None:
    run.append(event(1) + b"whole\nto")
    run.folder.stderr_log(WORKER, 1).write_text("warned\n")
    first = read(run, active=True)
    assert (first.text, first.more) == ("whole\n! warned", False)
    run.append(b"rn\n")
    second = read(run, first.ends, active=True)
    assert second.text == "torn"
    run.append(b"last, without an end")
    third = read(run, second.ends, active=False)
    assert third.text == "last, without an end"
    assert read(run, third.ends, active=False).text == ""


def test_what_does_not_fit_one_page_follows(run: LoggedRun) -> None:
    run.append(b"".join(b"line %d\n" % number for number in range(5)))
    run.folder.stderr_log(WORKER, 1).write_text("e\n")
    found, chunk = [], LogChunk("", {"output": 0, "stderr": 0}, LogPage(lines=[]), more=True)
    while chunk.more:
        chunk = read(run, chunk.ends, limit=2)
        found += chunk.text.splitlines()
    assert sorted(found) == ["! e", *(f"line {number}" for number in range(5))]
