"""Jobs: a process each with a log that outlives it and the daemon; here small programs stand for installs."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from gym_gui.core.worker.errors import ConfigError, NotFoundError, UsageError
from gym_gui.jobs.job import Job, raised_error
from gym_gui.jobs.jobs import Jobs
from gym_gui.jobs.request import JobRequest
from gym_gui.runs.states import RunState

pytestmark = [
    pytest.mark.process,
    # What a daemon that ends leaves behind is the next one's.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

#: Says who it is, notes what the options say, and waits for a file where they name one.
PROGRAM = """
import json, os, signal, sys, time
from pathlib import Path
from gym_gui.jobs.log import JobLog
from gym_gui.runs import RunState
from gym_gui.supervision import ProcessIdentity
request = json.load(sys.stdin)
log = JobLog(Path(sys.argv[1]))
log.started(ProcessIdentity.own())
if request["subject"] == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
log.begin("working")
for number in range(3):
    log.output("line %d" % number)
path = request["options"].get("origin")
while path and not os.path.exists(path):
    time.sleep(0.02)
log.done("", 0.1)
log.end(RunState.COMPLETED, result={"worker": request["subject"]})
"""


def with_jobs(home: Path, act: Callable[[Jobs], Awaitable[Any]], program: str = PROGRAM) -> Any:
    async def main() -> Any:
        jobs = Jobs(home, ("-c", program))
        try:
            return await act(jobs)
        finally:
            await jobs.close()

    return asyncio.run(main())


async def end_of(jobs: Jobs, job: Job) -> Job:
    last = job
    async for value in jobs.watch([job.job_id]):
        last = value
    return last


def install(name: str = "tiny", origin: str | None = None) -> JobRequest:
    return JobRequest(kind="install", subject=name, options={"origin": origin} if origin else {}, by="anna")


def test_a_job_tells_its_steps_and_its_result(home: Path) -> None:
    async def act(jobs: Jobs) -> None:
        begun = await jobs.start(install())
        assert (begun.state, begun.title, begun.by) == (RunState.RUNNING, "install tiny", "anna")
        ended = await end_of(jobs, begun)
        assert (ended.state, ended.result, ended.error) == (RunState.COMPLETED, {"worker": "tiny"}, None)
        _, events = await jobs.read(begun.job_id)
        assert [(event.number, event.kind) for event in events] == [
            (1, "step"), (2, "output"), (3, "output"), (4, "output"), (5, "done")
        ]  # fmt: skip
        _, later = await jobs.read(begun.job_id, after=3)
        assert [event.number for event in later] == [4, 5]
        assert not jobs.busy

    with_jobs(home, act)


def test_several_watchers_see_the_same_and_may_leave(home: Path, tmp_path: Path) -> None:
    async def act(jobs: Jobs) -> None:
        begun = await jobs.start(install(origin=str(tmp_path / "go")))
        watchers = [asyncio.create_task(end_of(jobs, begun)) for _ in range(3)]
        watchers.pop().cancel()
        (tmp_path / "go").touch()
        assert [job.state for job in await asyncio.gather(*watchers)] == [RunState.COMPLETED] * 2

    with_jobs(home, act)


def test_a_worker_has_one_job_at_a_time(home: Path, tmp_path: Path) -> None:
    async def act(jobs: Jobs) -> None:
        begun = await jobs.start(install("my_worker", str(tmp_path / "go")))
        with pytest.raises(UsageError, match="has a job already: install my_worker") as refused:
            await jobs.start(JobRequest(kind="check", subject="My-Worker[test]"))
        assert begun.job_id in refused.value.next_step
        other = await jobs.start(install("another"))
        (tmp_path / "go").touch()
        assert (await end_of(jobs, begun)).state is (await end_of(jobs, other)).state is RunState.COMPLETED
        assert (await end_of(jobs, await jobs.start(install("my_worker")))).state is RunState.COMPLETED

    with_jobs(home, act)


@pytest.mark.parametrize("name", ["tiny", "stubborn"])
def test_a_cancelled_job_ends_and_says_what_is_left(
    home: Path, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gym_gui.jobs.jobs._GRACE_S", 0.2)

    async def act(jobs: Jobs) -> None:
        begun = await jobs.start(install(name, str(tmp_path / "never")))
        await jobs.cancel(begun.job_id, "bob")
        ended = await end_of(jobs, begun)
        assert ended.state is RunState.CANCELLED
        assert ended.error is not None
        assert ended.error.next_step == f"mosaic workers install {name} --from {tmp_path / 'never'}"
        again = await jobs.cancel(begun.job_id, "bob")
        assert again.state is RunState.CANCELLED

    with_jobs(home, act)


def test_a_job_goes_on_without_the_daemon_and_the_next_one_finds_it(home: Path, tmp_path: Path) -> None:
    begun: Job = with_jobs(home, lambda jobs: jobs.start(install(origin=str(tmp_path / "go"))))

    async def act(jobs: Jobs) -> None:
        (found,) = await jobs.all()
        assert (found.job_id, found.state) == (begun.job_id, RunState.RUNNING)
        assert jobs.busy
        with pytest.raises(UsageError, match="has a job already"):
            await jobs.start(install())
        (tmp_path / "go").touch()
        assert (await end_of(jobs, begun)).state is RunState.COMPLETED

    with_jobs(home, act)


def test_a_job_that_died_is_said_to_have_died(home: Path, tmp_path: Path) -> None:
    async def begin(jobs: Jobs) -> int:
        begun = await jobs.start(install(origin=str(tmp_path / "never")))
        async for job in jobs.watch([begun.job_id]):
            if job.step == "working":
                break
        process = jobs._readers[begun.job_id].process
        assert process is not None
        return process.pid

    pid = with_jobs(home, begin)
    os.kill(pid, signal.SIGKILL)

    async def look(jobs: Jobs) -> Job:
        (found,) = await jobs.all()
        return await end_of(jobs, found)

    for _ in range(2):  # the end is on record: every later daemon says the same
        ended: Job = with_jobs(home, look)
        assert ended.state is RunState.LOST
        assert ended.error is not None
        error = raised_error(ended.error)
        assert error.what == "install tiny ended without a result, during: working"
        assert error.where == f"job {ended.job_id}"
        assert "killed" in error.why
        assert error.next_step.startswith("start it again: mosaic workers install tiny")


def test_a_program_that_fails_at_once_is_quoted(home: Path) -> None:
    async def act(jobs: Jobs) -> None:
        ended = await end_of(jobs, await jobs.start(install()))
        assert ended.state is RunState.LOST
        assert ended.error is not None
        assert "no luck" in ended.error.why

    with_jobs(home, act, "import sys; sys.exit('no luck')")


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (JobRequest(kind="instal", subject="tiny"), "kind"),
        (JobRequest(kind="install"), "subject"),
        (JobRequest(kind="install", subject="a\nb"), "subject"),
        (JobRequest(kind="install", subject="x" * 500), "subject"),
        (JobRequest(kind="install", subject="tiny", options={"form": "x"}), "options"),
        (JobRequest(kind="dry_run", subject="tiny", options={"config": 1}), "options"),
    ],
)
def test_what_is_no_job_is_refused(home: Path, request_: JobRequest, field: str) -> None:
    with pytest.raises(ConfigError) as refused:
        with_jobs(home, lambda jobs: jobs.start(request_))
    assert [problem.path for problem in refused.value.problems] == [field]
    assert not (home / "jobs").exists()


def test_an_unknown_job_is_said_to_be_unknown(home: Path) -> None:
    with pytest.raises(NotFoundError, match="there is no job 'x'"):
        with_jobs(home, lambda jobs: jobs.read("x"))


def test_what_a_request_holds_is_not_written_down(home: Path) -> None:
    secret = "https://user:s3cret@host/x.git"

    async def act(jobs: Jobs) -> None:
        request = JobRequest(kind="install", subject="tiny", options={"packages": [secret]})
        await end_of(jobs, await jobs.start(request))

    with_jobs(home, act)
    assert all(b"s3cret" not in path.read_bytes() for path in (home / "jobs").iterdir())
