"""``python -m gym_gui.app.job_main LOG LOCK``: does one job of a daemon, whose request comes on stdin.

The daemon may end meanwhile: the job goes on, and tells all in its log. The descriptor ``LOCK`` holds the log's lock as
long as this process lives.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import msgspec

from gym_gui.core.worker.errors import MosaicError
from gym_gui.jobs import RUN_KINDS, Job, JobError, JobLog, JobRequest, cancelled_error, check_request, job_error
from gym_gui.runs import RunState
from gym_gui.supervision import ProcessIdentity

_CANCELLED_CODE = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Do a job; return the exit code.

    Args:
        arguments: Path of the log and the lock's descriptor; instead of the command line's.
    """
    path, lock = sys.argv[1:] if arguments is None else arguments
    os.set_inheritable(int(lock), False)  # what the job starts must not keep it alive
    request = msgspec.json.decode(sys.stdin.buffer.read(), type=JobRequest)
    log = JobLog(Path(path))
    log.started(ProcessIdentity.own())
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        result = _doer(request)(log)
    except KeyboardInterrupt:
        log.end(RunState.CANCELLED, error=_cancelled(request, Path(path)))
        return _CANCELLED_CODE
    except MosaicError as error:
        log.end(RunState.FAILED, error=job_error(error))
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - the edge: the log is all that anyone reads
        log.end(RunState.FAILED, error=_unexpected(request, error))
        return 1
    log.end(RunState.COMPLETED, result=result)
    return 0


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # once is enough: what follows cleans up
    raise KeyboardInterrupt


def _doer(request: JobRequest) -> Callable[[JobLog], dict[str, Any]]:
    from gym_gui.app import run_jobs, worker_jobs
    from gym_gui.config.paths import mosaic_home

    options: Any = check_request(request)
    if request.kind in RUN_KINDS:
        about_run: Callable[..., dict[str, Any]] = getattr(run_jobs, request.kind)
        return lambda log: about_run(mosaic_home(), request.subject, options, log, request.by)
    do: Callable[..., dict[str, Any]] = getattr(worker_jobs, request.kind)
    return lambda log: do(mosaic_home(), request.subject, options, log)


def _cancelled(request: JobRequest, path: Path) -> JobError:
    job = Job(
        job_id=path.stem,
        kind=request.kind,
        subject=request.subject,
        title=request.title,
        by=request.by,
        state=RunState.CANCELLED,
        created_at=0.0,
    )
    return cancelled_error(job, request.command)


def _unexpected(request: JobRequest, error: Exception) -> JobError:
    last = traceback.format_exception(error)[-4:]
    return job_error(
        MosaicError(
            f"{request.title} failed: {type(error).__name__}: {error}",
            why="".join(last).strip(),
            next_step=f"try the same on that machine: {request.command} --debug",
        )
    )


if __name__ == "__main__":
    sys.exit(main())
