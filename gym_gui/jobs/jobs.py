"""The jobs of a home: starts each as a process of its own, follows their logs, finds those of an earlier daemon."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path

import msgspec

from gym_gui.core.asyncio_events import wait_for_event
from gym_gui.core.worker.errors import MosaicError, NotFoundError, UsageError
from gym_gui.jobs.job import Job, JobError, JobEvent, job_error
from gym_gui.jobs.log import JobLog, JobReader, read_events
from gym_gui.jobs.request import JobRequest, check_request
from gym_gui.runs import NEUTRAL_FOLDER, UTF8, FileLock, RunState, is_locked, is_run_id, new_run_id

logger = logging.getLogger(__name__)

#: The program of a job: it gets the log's path, and its request on stdin.
PROGRAM = ("-m", "gym_gui.app.job_main")
_POLL_S = 0.15
#: Seconds that a cancelled job has to clean up.
_GRACE_S = 20.0
#: Jobs of which a home keeps the logs, and jobs that may run at one time.
_KEPT, _MOST = 60, 16
_QUOTED_LINES = 6


class Jobs:
    """The jobs of a home. All methods run in the daemon's event loop.

    Args:
        home: The home.
        program: Arguments of the interpreter that does a job.
    """

    def __init__(self, home: Path, program: Sequence[str] = PROGRAM) -> None:
        self._home = home
        self._folder = home / "jobs"
        self._program = tuple(program)
        self._readers: dict[str, JobReader] = {}
        self._keys: dict[str, str] = {}
        """By running job, the worker that it keeps for itself."""
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._cancelled: dict[str, str] = {}
        self._watchers: set[_Watcher] = set()
        self._starting = asyncio.Lock()
        self._loading = asyncio.Lock()
        self._loaded = False

    @property
    def busy(self) -> bool:
        """Whether a job runs."""
        return bool(self._running())

    async def start(self, request: JobRequest) -> Job:
        """Start a job and return it.

        Raises:
            ConfigError: The request is not valid.
            UsageError: A job of the same worker runs, or too many do.
            MosaicError: No process can be started.
        """
        check_request(request)
        async with self._starting:
            await self.load()
            self._check_free(request)
            job = Job(
                job_id=new_run_id(),
                kind=request.kind,
                subject=request.subject,
                title=request.title,
                by=request.by,
                state=RunState.RUNNING,
                created_at=time.time(),
                step="starting",
            )
            path = self._path(job.job_id)
            try:
                process = await asyncio.to_thread(self._launch, path, job, request)
            except OSError as error:
                raise MosaicError(
                    f"the job cannot be started: {error.strerror or error}", where=str(path), next_step="mosaic doctor"
                ) from error
            self._keys[job.job_id] = request.key
            reader = self._readers[job.job_id] = JobReader(path)
            reader.advance()
            self._follow(job.job_id, request.command, process)
            self._drop_old()
            self._tell(job.job_id)
            return self._job(reader)

    async def all(self) -> list[Job]:
        """Return all jobs that are kept, the newest first."""
        await self.load()
        return [self._job(self._readers[job_id]) for job_id in sorted(self._readers, reverse=True)]

    async def read(self, job_id: str, after: int = 0, limit: int = 1000) -> tuple[Job, list[JobEvent]]:
        """Return a job and events of its log.

        Args:
            job_id: The job.
            after: Number of the last event that is known.
            limit: At most so many, those that come next.

        Raises:
            NotFoundError: There is no such job.
        """
        reader = await self._reader(job_id)
        events = await asyncio.to_thread(lambda: list(read_events(reader.path)))
        return self._job(reader), events[max(0, after) : max(0, after) + limit]

    async def watch(self, job_ids: Iterable[str] = ()) -> AsyncIterator[Job]:
        """Yield the value of each job, then each change; with ids given: until all of them have ended.

        Raises:
            NotFoundError: One of them does not exist.
        """
        await self.load()
        wanted = set(job_ids)
        for job_id in wanted:
            await self._reader(job_id)
        watcher = _Watcher(wanted or self._readers, every=not wanted)
        self._watchers.add(watcher)
        try:
            while True:
                for job_id in watcher.take():
                    reader = self._readers.get(job_id)
                    if reader is not None:
                        job = self._job(reader)  # the job goes on while the reader takes this value
                        yield job
                        if job.state.terminal:
                            wanted.discard(job_id)
                if not watcher.every and not wanted:
                    return
                await wait_for_event(watcher.changed, 3600.0)
        finally:
            self._watchers.discard(watcher)

    async def cancel(self, job_id: str, by: str) -> Job:
        """End a job; one that has ended stays as it is.

        Raises:
            NotFoundError: There is no such job.
        """
        reader = await self._reader(job_id)
        if job_id in self._tasks and job_id not in self._cancelled:
            self._cancelled[job_id] = by
            self._end(reader, signal.SIGTERM)
        return self._job(reader)

    async def close(self) -> None:
        """Stop following the jobs, which go on; the next daemon finds them."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def load(self) -> None:
        """Find the jobs that earlier daemons have started, once, and follow those that still run."""
        async with self._loading:
            if self._loaded:
                return
            for reader in await asyncio.to_thread(self._find):
                job = reader.job
                if job is None:
                    continue
                self._readers[job.job_id] = reader
                if not job.state.terminal:
                    request = JobRequest(kind=job.kind, subject=job.subject)
                    self._keys[job.job_id] = request.key
                    self._follow(job.job_id, request.command, None)
            self._loaded = True

    def _running(self) -> list[str]:
        """Return the jobs that have not said how they ended; the process of one that has may take a moment to go."""
        readers = [(job_id, self._readers[job_id]) for job_id in self._tasks]
        return [job_id for job_id, reader in readers if reader.job is None or not reader.job.state.terminal]

    def _find(self) -> list[JobReader]:
        with contextlib.suppress(FileNotFoundError):
            readers = [JobReader(path) for path in sorted(self._folder.glob("*.jsonl")) if is_run_id(path.stem)]
            for reader in readers:
                reader.advance()
            return readers
        return []

    def _check_free(self, request: JobRequest) -> None:
        key = request.key
        running = self._running()
        other = next((job_id for job_id in running if key and self._keys.get(job_id) == key), None)
        if other is not None:
            job = self._job(self._readers[other])
            raise UsageError(
                f"{'run' if key.startswith('run ') else 'worker'} {request.subject} has a job already: {job.title}",
                where=f"job {other}, by {job.by}",
                why="each has one job at a time",
                next_step=f"wait until it has ended, or cancel it: mosaic workers jobs --cancel {other}",
            )
        if len(running) >= _MOST:
            raise UsageError(
                f"{len(running)} jobs run already",
                where=str(self._home),
                why=f"at most {_MOST} run at one time",
                next_step="wait until one has ended: mosaic workers jobs",
            )

    def _launch(self, path: Path, job: Job, request: JobRequest) -> subprocess.Popen[bytes]:
        """Write the log's beginning and start the process, which holds the log's lock as long as it lives."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        log = JobLog(path)
        log.begin_job(job)
        log.close()
        lock = FileLock(path.with_suffix(".lock"))
        if not lock.acquire():
            raise OSError(f"{lock.path} is held")
        try:
            with path.with_suffix(".stderr").open("wb") as errors:
                process = subprocess.Popen(
                    [sys.executable, *UTF8, *self._program, str(path), str(lock.fileno())],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=errors,
                    cwd=NEUTRAL_FOLDER,
                    env={**os.environ, "MOSAIC_HOME": str(self._home)},
                    start_new_session=True,
                    pass_fds=(lock.fileno(),),
                )
            assert process.stdin is not None
            with contextlib.suppress(BrokenPipeError), process.stdin as pipe:
                pipe.write(msgspec.json.encode(request))
            return process
        finally:
            lock.release()

    def _follow(self, job_id: str, command: str, process: subprocess.Popen[bytes] | None) -> None:
        task = asyncio.create_task(self._until_ended(self._readers[job_id], command, process), name=f"job {job_id}")
        self._tasks[job_id] = task

        def ended(_: object) -> None:
            for each in (self._tasks, self._keys, self._cancelled):
                each.pop(job_id, None)
            self._tell(job_id)

        task.add_done_callback(ended)

    async def _until_ended(self, reader: JobReader, command: str, process: subprocess.Popen[bytes] | None) -> None:
        """Follow a job's log until its process is gone; say how it ended where the process has not."""
        assert reader.job is not None
        job_id = reader.job.job_id
        cancelled_at: float | None = None
        while True:
            lives = process.poll() is None if process else is_locked(reader.path.with_suffix(".lock"))
            if reader.advance():
                self._tell(job_id)
            if not lives:
                break
            if job_id in self._cancelled:
                cancelled_at = cancelled_at or time.monotonic()
                if time.monotonic() - cancelled_at > _GRACE_S:
                    self._end(reader, signal.SIGKILL)
            await asyncio.sleep(_POLL_S)
        if not reader.job.state.terminal:
            await asyncio.to_thread(self._finish, reader, command)
            reader.advance()

    def _finish(self, reader: JobReader, command: str) -> None:
        """Write the end of a job whose process has not."""
        log = JobLog(reader.path)
        try:
            assert reader.job is not None
            by = self._cancelled.get(reader.job.job_id)
            if by is not None:
                log.end(RunState.CANCELLED, error=cancelled_error(reader.job, command))
            else:
                log.end(RunState.LOST, error=_lost_error(reader, command))
        finally:
            log.close()

    def _end(self, reader: JobReader, number: int) -> None:
        """Signal a job's process. One that has not said who it is yet is signalled at the next look."""
        if reader.process is None:
            reader.advance()
        if reader.process is not None:
            with contextlib.suppress(PermissionError):
                reader.process.signal(number)
        elif reader.job is not None:
            asyncio.get_running_loop().call_later(_POLL_S, self._end_later, reader.job.job_id, number)

    def _end_later(self, job_id: str, number: int) -> None:
        if job_id in self._tasks:
            self._end(self._readers[job_id], number)

    async def _reader(self, job_id: str) -> JobReader:
        await self.load()
        reader = self._readers.get(job_id)
        if reader is None:
            raise NotFoundError(
                f"there is no job {job_id!r}"[:200], where=str(self._home), next_step="mosaic workers jobs"
            )
        return reader

    def _job(self, reader: JobReader) -> Job:
        assert reader.job is not None
        return msgspec.structs.replace(reader.job)

    def _tell(self, job_id: str) -> None:
        for watcher in self._watchers:
            watcher.put(job_id)

    def _drop_old(self) -> None:
        ended = [job_id for job_id in sorted(self._readers) if job_id not in self._tasks]
        for job_id in ended[: max(0, len(self._readers) - _KEPT)]:
            path = self._readers.pop(job_id).path
            for each in (path, path.with_suffix(".lock"), path.with_suffix(".stderr")):
                with contextlib.suppress(OSError):
                    each.unlink()

    def _path(self, job_id: str) -> Path:
        return self._folder / f"{job_id}.jsonl"


class _Watcher:
    """Ids of the jobs that one reader has still to be told of."""

    def __init__(self, job_ids: Iterable[str], *, every: bool) -> None:
        self.every = every
        self.changed = asyncio.Event()
        self._wanted = frozenset(job_ids)
        self._pending = dict.fromkeys(sorted(self._wanted, reverse=True))

    def put(self, job_id: str) -> None:
        if self.every or job_id in self._wanted:
            self._pending[job_id] = None
            self.changed.set()

    def take(self) -> list[str]:
        self.changed.clear()
        pending = list(self._pending)
        self._pending.clear()
        return pending


def cancelled_error(job: Job, command: str) -> JobError:
    """Return what is said of a job that was cancelled."""
    left = {
        "install": "the worker is as it was before; the steps that are done are kept for the next install",
        "remove": "what was not removed yet is there",
        "archive": "the run is there, or its archive is",
        "restore": "the archive is there",
        "reindex": "the database is the one that it had",
    }.get(job.kind, "nothing is left of it")
    return JobError(what=f"{job.title} was cancelled", where=f"job {job.job_id}", why=left, next_step=command)


def _lost_error(reader: JobReader, command: str) -> JobError:
    job = reader.job
    assert job is not None
    said = ""
    with contextlib.suppress(OSError):
        lines = reader.path.with_suffix(".stderr").read_text("utf-8", "replace").splitlines()
        said = "\n".join(line for line in lines if line.strip()).strip()[-2000:]
        said = "\n".join(said.splitlines()[-_QUOTED_LINES:])
    again = " (it continues with the steps that are missing)" if job.kind == "install" else ""
    return job_error(
        MosaicError(
            f"{job.title} ended without a result, during: {job.step}",
            where=f"job {job.job_id}",
            why=said or "its process was killed, or the machine went down",
            next_step=f"start it again: {command}{again}",
        )
    )
