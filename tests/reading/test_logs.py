"""Pages of logs show every line once, in both directions, whatever was printed, and bounded in what they cost."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from logged_runs import LoggedRun

from gym_gui.core.worker.errors import ConfigError, MosaicError, UsageError
from gym_gui.reading import line_patterns, log_lines, logs
from gym_gui.reading.failures import find_failure
from gym_gui.reading.logs import LogLine, LogPage, LogQuery, read_log

WORKER = "000001"
_PIECES = st.sampled_from(
    [
        b"",
        b"x",
        b"some words",
        b"\xff\xfe",
        b"\r",
        b"\0",
        "ä€😀".encode(),
        b"a" * 70,
        b'{"a": 1}',
        b'{"timestamp": 5}',
        b"{",
    ]
)
_LOGS = st.one_of(
    st.lists(_PIECES, max_size=30).map(b"\n".join), st.binary(max_size=300), st.lists(_PIECES, max_size=9).map(b"".join)
)  # fmt: skip


@pytest.fixture
def run(tmp_path: Path) -> LoggedRun:
    return LoggedRun(tmp_path)


def page(run: LoggedRun, **query: Any) -> LogPage:
    return read_log(run.folder, LogQuery(**{"stream": "stdout", **query}))


def forward(run: LoggedRun, **query: Any) -> Iterator[LogPage]:
    after = 0
    while True:
        found = page(run, after=after, **query)
        yield found
        if found.end == found.size or any(line.partial for line in found.lines):
            return
        after = found.end


def backward(run: LoggedRun, **query: Any) -> Iterator[LogPage]:
    before: int | None = None
    while True:
        found = page(run, before=before, **query)
        yield found
        if found.start == 0:
            return
        assert before is None or found.start < before
        before = found.start


def starts(data: bytes) -> list[int]:
    """Return where the lines of a log begin."""
    found = [0, *(index + 1 for index, byte in enumerate(data) if byte == 10)]
    return [start for start in found if start < len(data)]


@given(_LOGS, st.integers(1, 7), st.sampled_from([16, 40, 1000]), st.sampled_from([8, 4000]))
@settings(max_examples=200, deadline=None)
def test_pages_in_both_directions_show_every_line_once(data: bytes, limit: int, scanned: int, line: int) -> None:
    with pytest.MonkeyPatch.context() as patch, TemporaryDirectory() as folder:
        patch.setattr(logs, "SCANNED_BYTES", scanned)
        for module in (logs, log_lines):
            patch.setattr(module, "LINE_BYTES", line)
        run = LoggedRun(Path(folder))
        run.append(data)
        ahead = [each for found in forward(run, limit=limit) for each in found.lines]
        back = [each for found in backward(run, limit=limit) for each in reversed(found.lines)][::-1]
        for lines in (ahead, back):
            assert [each.offset for each in lines] == starts(data)
        for each in (*ahead, *back):
            whole = data[each.offset :].split(b"\n")[0]
            if not each.truncated:
                assert each.text == whole.decode("utf-8", "backslashreplace").rstrip("\r")
        if data and not data.endswith(b"\n") and scanned == 1000 and line == 4000:
            assert ahead[-1].partial
            assert back[-1].partial


@given(_LOGS, st.integers(0, 300), st.sampled_from([{"before": 1}, {"after": 1}]))
@settings(max_examples=100, deadline=None)
def test_any_offset_can_be_asked_for(data: bytes, offset: int, direction: dict[str, int]) -> None:
    with TemporaryDirectory() as folder:
        run = LoggedRun(Path(folder))
        run.append(data)
        (name,) = direction
        found = [line.offset for line in page(run, **{name: offset}).lines]
        assert found == [start for start in starts(data) if (start < offset if name == "before" else start >= offset)]


def test_what_is_printed_later_comes_with_the_next_page(run: LoggedRun) -> None:
    run.append(b"one\ntw")
    first = page(run)
    assert [(line.text, line.partial) for line in first.lines] == [("one", False), ("tw", True)]
    run.append(b"o\nthree\n")
    second = page(run, after=first.end)
    assert [(line.text, line.partial) for line in second.lines] == [("two", False), ("three", False)]
    third = page(run, after=second.end)
    assert (third.lines, third.end, third.size) == ([], second.end, second.end)


def test_output_leaves_telemetry_out_and_takes_its_time(run: LoggedRun) -> None:
    run.append(b'first\n{"event": "step", "timestamp": 7.5}\nwords\n{"timestamp": NaN}\n{"not": "ended"\nmore\n')
    run.append(b'{"event": "step", "timestamp": "2026-01-01T00:00:00Z"}\n\nlast\n')
    found = page(run, stream="output").lines
    assert [line.text for line in found] == ["first", "words", '{"not": "ended"', "more", "", "last"]
    assert [line.time for line in found] == [None, 7.5, 7.5, 7.5, 1767225600.0, 1767225600.0]
    assert page(run).lines[1].time == 7.5


def test_lines_are_filtered_by_level_and_pattern(run: LoggedRun) -> None:
    run.append(b"fine\nValueError: no\nUserWarning: hm\nloss 3.5\nloss 12\n")

    def texts(**query: Any) -> list[str]:
        return [line.text for line in page(run, **query).lines]

    assert texts(level="error") == ["ValueError: no"]
    assert texts(level="warning") == ["ValueError: no", "UserWarning: hm"]
    assert texts(pattern="loss") == ["loss 3.5", "loss 12"]
    assert page(run, pattern="loss", limit=1).lines[0].text == "loss 12"
    assert page(run, pattern="loss", limit=1).start == page(run, pattern="loss").lines[1].offset
    first = page(run, pattern="loss", limit=1, after=0)
    assert [line.text for line in page(run, pattern="loss", after=first.end).lines] == ["loss 12"]


def test_structured_records_are_filtered_by_component_code_and_their_own_level(run: LoggedRun) -> None:
    records = [
        {
            "level": "INFO",
            "code": "LOG431",
            "component": "Worker",
            "subcomponent": "CleanRLRuntime",
            "message": "no error",
        },
        {"level": "WARNING", "code": "LOG432", "component": "Worker", "message": "late"},
        {"level": "ERROR", "component": "Other", "message": "?"},
        {"event_type": "step", "component": "Worker"},
    ]
    run.append(b"Worker LOG431\n" + b"".join(json.dumps(record).encode() + b"\n" for record in records))

    def messages(**query: Any) -> list[str]:
        return [json.loads(line.text)["message"] for line in page(run, **query).lines]

    assert messages(component="worker") == ["no error", "late"]
    assert messages(component="CleanRLRuntime") == ["no error"]
    assert messages(code="log432") == ["late"]
    assert messages(component="Worker", code="LOG432", level="warning") == ["late"]
    assert messages(code="LOG1") == []
    assert messages(level="error") == ["?"]
    assert messages(level="warning") == ["late", "?"]


@pytest.mark.process
def test_regular_expressions_end_whatever_they_are(run: LoggedRun, monkeypatch: pytest.MonkeyPatch) -> None:
    run.append(b"loss 3.5\nloss 12\n" + b"a" * 3000 + b"\n" + "ü😀\n".encode())
    assert [line.text for line in page(run, pattern=r"loss \d\.").lines] == ["loss 3.5"]
    assert [line.text for line in page(run, pattern="^.😀$").lines] == ["ü😀"]
    monkeypatch.setattr(line_patterns, "LIMIT_S", 0.5)
    for pattern in ("(a+)+$b", "(a|a)*b", "a*a*a*a*a*b"):
        with pytest.raises(ConfigError, match="takes longer"):
            page(run, pattern=pattern)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"stream": "stdin"}, "stream"), ({"level": "bad"}, "level"), ({"limit": 0}, "limit"),
        ({"limit": 2001}, "limit"),
        ({"before": -1}, "before"), ({"after": 1 << 62}, "after"), ({"before": 1, "after": 1}, "before"),
        ({"pattern": "("}, "pattern"), ({"pattern": "x" * 501}, "pattern"), ({"attempt": -1}, "attempt"),
    ],
)  # fmt: skip
def test_queries_that_make_no_sense_are_refused(run: LoggedRun, query: dict[str, Any], field: str) -> None:
    with pytest.raises(ConfigError) as caught:
        page(run, **query)
    assert [problem.path for problem in caught.value.problems] == [field]


def test_workers_and_attempts(run: LoggedRun) -> None:
    assert (page(run).lines, page(run).attempt, page(run).attempts) == ([], 1, [])
    run.append(b"one\n")
    run.append(b"two\n", attempt=2)
    found = page(run)
    assert (found.lines[0].text, found.worker_id, found.attempt, found.attempts) == ("two", WORKER, 2, [1, 2])
    assert page(run, attempt=1).lines[0].text == "one"
    for query in ({"worker_id": "x"}, {"attempt": 3}):
        with pytest.raises(UsageError):
            page(run, **query)


def test_a_compressed_log_reads_the_same_and_a_dropped_one_says_so(run: LoggedRun) -> None:
    data = b"".join(b"line %d\n" % number for number in range(100))
    run.append(data)
    plain = list(backward(run, limit=30))
    packed = run.log().with_name(run.log().name + ".gz")
    packed.write_bytes(gzip.compress(data))
    run.log().unlink()
    assert list(backward(run, limit=30)) == plain
    packed.write_bytes(gzip.compress(data)[:-30])
    with pytest.raises(MosaicError, match="cannot be read"):
        page(run)
    packed.unlink()
    record = {"at": 5.0, "bytes": len(data), "sha256": "ab", "lines": 100}
    run.log().with_name(run.log().name + ".record.json").write_text(json.dumps(record))
    found = page(run)
    assert found.dropped is not None
    assert (found.dropped.lines, found.lines) == (100, [])


def test_something_else_in_a_logs_place_is_refused(run: LoggedRun) -> None:
    run.log().symlink_to("/etc/passwd")
    with pytest.raises(MosaicError, match="not a file"):
        page(run)


def test_supervisor_lines_have_their_time(run: LoggedRun) -> None:
    run.folder.supervisor_log.write_text('{"event": "launch", "at": 12.5}\n')
    (line,) = page(run, stream="supervisor").lines
    assert isinstance(line, LogLine)
    assert line.time == 12.5


TRACEBACK = 'Traceback (most recent call last):\n  File "a.py", line 1, in f\n    g()\n'


@pytest.mark.parametrize(
    ("write", "expected"),
    [
        (lambda run: None, ("", "", "", "")),
        (lambda run: run.append(b"hello\n{}\n"), ("end", WORKER, "output", "hello")),
        (lambda run: run.append(b"an Error here\nhello\n"), ("error", WORKER, "output", "an Error here")),
        (lambda run: _stderr(run, "some words\n"), ("end", WORKER, "stderr", "some words")),
        (
            lambda run: _stderr(run, f"{TRACEBACK}ValueError: old\nwords\n{TRACEBACK}KeyError: 'x'\nafter\n"),
            ("traceback", WORKER, "stderr", f"{TRACEBACK}KeyError: 'x'"),
        ),
        (
            lambda run: _stderr(run, json.dumps({"level": "ERROR", "exception": f"{TRACEBACK}OSError: x"}) + "\n{}\n"),
            ("traceback", WORKER, "stderr", f"{TRACEBACK}OSError: x"),
        ),
        (
            lambda run: (_stderr(run, "words\n"), _stderr(run, f"{TRACEBACK}KeyError: 1\n", 2)),
            ("traceback", "000002", "stderr", f"{TRACEBACK}KeyError: 1"),
        ),
    ],
)  # fmt: skip
def test_the_place_of_a_failure(
    tmp_path: Path, write: Callable[[LoggedRun], Any], expected: tuple[str, str, str, str]
) -> None:
    run = LoggedRun(tmp_path, workers=2)
    write(run)
    found = find_failure(run.folder)
    assert (found.kind, found.worker_id, found.stream, found.text) == expected
    if found.kind == "traceback":
        data = run.folder.stderr_log(found.worker_id, found.attempt).read_text()
        assert json.dumps(TRACEBACK)[1:-1] in data[found.offset :] or data[found.offset :].startswith(found.text)


def test_workers_that_failed_come_first(tmp_path: Path) -> None:
    run = LoggedRun(tmp_path, workers=2)
    for number in (1, 2):
        _stderr(run, f"{TRACEBACK}KeyError: {number}\n", number)
    assert find_failure(run.folder).worker_id == "000001"
    assert find_failure(run.folder, ["000002"]).worker_id == "000002"


def _stderr(run: LoggedRun, text: str, worker_no: int = 1) -> None:
    with run.folder.stderr_log(f"{worker_no:06d}", 1).open("a") as stream:
        stream.write(text)
