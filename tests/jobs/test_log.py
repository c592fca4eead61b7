"""The log of a job: what is written is read, whatever it holds, and it stays small."""

from __future__ import annotations

from pathlib import Path

import pytest

from gym_gui.jobs.job import Job, JobError
from gym_gui.jobs.log import JobLog, JobReader, read_events
from gym_gui.runs.states import RunState

HOSTILE = "\x1b[31m<b onclick=x>\x1b]0;title\x07 \u202e\x00 \"'\\n"


@pytest.fixture
def log(tmp_path: Path) -> JobLog:
    log = JobLog(tmp_path / "log.jsonl")
    log.begin_job(
        Job(job_id="a", kind="install", subject="x", title="install x", by="", state=RunState.RUNNING, created_at=1.0)
    )
    return log


def test_hostile_lines_are_kept_as_they_are_in_one_line_each(log: JobLog) -> None:
    log.begin("step")
    log.output(HOSTILE)
    assert [event.text for event in read_events(log.path)] == ["step", HOSTILE]
    assert log.path.read_bytes().count(b"\n") == 3


def test_a_note_about_the_line_before_is_no_second_one(log: JobLog) -> None:
    log.output("  Collecting numpy>=1.24 (from x)")
    log.note("Collecting numpy>=1…")
    log.note("something else")
    assert [event.kind for event in read_events(log.path)] == ["output", "note"]


def test_a_program_that_prints_without_end_does_not_fill_the_disk(log: JobLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gym_gui.jobs.log.MAX_BYTES", 20_000)
    for _ in range(1000):
        log.output("x" * 5000)
    log.done("", 1.0)
    log.end(RunState.FAILED, error=JobError(what="it failed"))
    reader = JobReader(log.path)
    events = reader.advance()
    assert log.path.stat().st_size < 30_000
    assert events[-2].kind == "done"
    assert events[-1].text.endswith("more lines are left out here")
    assert reader.job is not None
    assert (reader.job.state, reader.job.error) == (RunState.FAILED, JobError(what="it failed"))


def test_half_a_line_waits_for_its_end_and_a_torn_one_is_left_out(log: JobLog) -> None:
    reader = JobReader(log.path)
    reader.advance()
    with log.path.open("ab") as stream:
        stream.write(b'{"kind":"output","at":1,"te')
        stream.flush()
        assert reader.advance() == []
        stream.write(b'xt":"whole"}\n{"kind":"outp\n')
    log.output("after")
    assert [event.text for event in reader.advance()] == ["whole", "after"]
