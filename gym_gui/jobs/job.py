"""What is known of a job: its state, its last step, its result or its error. Plain values."""

from __future__ import annotations

from typing import Any

import msgspec

from gym_gui.core.worker.errors import ConfigError, MosaicError, Problem, UsageError
from gym_gui.runs import RunState


class JobError(msgspec.Struct, kw_only=True):
    """Why a job failed, in four parts."""

    what: str
    where: str = ""
    why: str = ""
    next_step: str = ""
    exit_code: int = 1
    problems: list[dict[str, Any]] = []
    """Of a config: each with path, message, value, allowed, nearest."""


class JobEvent(msgspec.Struct, kw_only=True):
    """One line of a job's log."""

    kind: str
    """``step``, ``note``, ``output``, ``done``, ``finding``; the log itself also begins and ends with one."""
    at: float
    """Unix time."""
    number: int = 0
    """Its place in the log, from 1."""
    text: str = ""
    seconds: float | None = None
    """How long a step took."""
    data: dict[str, Any] = {}


class Job(msgspec.Struct, kw_only=True):
    """One job as it stands."""

    job_id: str
    kind: str
    """Of a worker: ``install``, ``remove``, ``check``; of a run config: ``dry_run``; of the machine: ``doctor``; of a
    run: ``resume``, ``evaluate``, ``verify``, ``reindex``, ``archive``."""
    subject: str
    """The worker, as the request names it, or the run's id; empty where the job is about neither."""
    title: str
    """What is done, in words."""
    by: str
    """Who asked for it."""
    state: RunState
    """Running, or how it ended: completed, failed, cancelled, lost (nothing says how)."""
    created_at: float
    ended_at: float | None = None
    step: str = ""
    """What is being done, or was done last."""
    note: str = ""
    """The last line about it."""
    events: int = 0
    """Number of events in its log."""
    error: JobError | None = None
    result: dict[str, Any] = {}
    """What it came to, as the command of that name prints it with ``--json``."""


def job_error(error: MosaicError) -> JobError:
    """Return an error as it stands in a job's log."""
    problems = [problem.to_dict() for problem in error.problems] if isinstance(error, ConfigError) else []
    return JobError(
        what=error.what,
        where=error.where,
        why=error.why,
        next_step=error.next_step,
        exit_code=error.exit_code,
        problems=problems,
    )


def raised_error(error: JobError) -> MosaicError:
    """Return a job's error as one that can be raised."""
    if error.problems:
        problems = [
            Problem(
                str(each.get("path", "")),
                str(each.get("message", "")),
                value=each.get("value"),
                allowed=str(each.get("allowed") or ""),
                nearest=each.get("nearest"),
            )
            for each in error.problems
        ]
        return ConfigError(error.what, problems, where=error.where, next_step=error.next_step)
    kind = UsageError if error.exit_code == UsageError.exit_code else MosaicError
    return kind(error.what, where=error.where, why=error.why, next_step=error.next_step)
