"""Jobs that change workers: which one is shown, and when the list of workers is read again."""

from __future__ import annotations

from gym_gui.app.worker_list import WorkerJobs
from gym_gui.jobs import Job
from gym_gui.runs import RunState


def job(job_id: str, state: RunState = RunState.RUNNING, kind: str = "install") -> Job:
    return Job(job_id=job_id, kind=kind, subject="sb3", title=kind, by="", state=state, created_at=0.0)


def test_workers_are_read_again_once_a_job_ends_that_was_under_way() -> None:
    jobs = WorkerJobs()
    assert not jobs.take({"a": job("a", RunState.COMPLETED)})  # it had ended before
    assert not jobs.take({"b": job("b"), "c": job("c", kind="doctor")})
    assert jobs.busy
    assert jobs.take({"b": job("b", RunState.FAILED), "c": job("c", RunState.COMPLETED, "doctor")})
    assert not jobs.busy


def test_the_job_that_is_shown_stays_unless_it_has_ended_while_another_goes_on() -> None:
    jobs = WorkerJobs()
    assert jobs.shown("") is None
    jobs.take({"a": job("a"), "b": job("b")})
    assert [jobs.shown(job_id).job_id for job_id in ("", "a", "b")] == ["b", "a", "b"]  # type: ignore[union-attr]
    jobs.take({"a": job("a", RunState.COMPLETED)})
    assert jobs.shown("a").job_id == "b"  # type: ignore[union-attr]
    jobs.take({"b": job("b", RunState.COMPLETED)})
    assert jobs.shown("a").job_id == "a"  # type: ignore[union-attr]
