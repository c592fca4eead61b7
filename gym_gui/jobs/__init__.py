"""Jobs of a home's machine: installs, removals, checks and dry runs, each a process of its own with a log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gym_gui.core.lazy_names import lazy_names

if TYPE_CHECKING:
    from gym_gui.jobs.job import Job, JobError, JobEvent, job_error, raised_error
    from gym_gui.jobs.jobs import Jobs, cancelled_error
    from gym_gui.jobs.log import JobLog
    from gym_gui.jobs.outcome import event_text, outcome_text, trial_text
    from gym_gui.jobs.request import (
        RUN_KINDS,
        CheckOptions,
        DoctorOptions,
        DryRunOptions,
        FollowOptions,
        InstallRequest,
        JobRequest,
        RemoveOptions,
        check_request,
    )
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "trial_text": "outcome",
            "CheckOptions": "request",
            "DoctorOptions": "request",
            "DryRunOptions": "request",
            "FollowOptions": "request",
            "RUN_KINDS": "request",
            "InstallRequest": "request",
            "Job": "job",
            "JobError": "job",
            "JobEvent": "job",
            "JobLog": "log",
            "JobRequest": "request",
            "Jobs": "jobs",
            "RemoveOptions": "request",
            "cancelled_error": "jobs",
            "check_request": "request",
            "job_error": "job",
            "event_text": "outcome",
            "outcome_text": "outcome",
            "raised_error": "job",
        },
    )

__all__ = [
    "RUN_KINDS",
    "CheckOptions",
    "DoctorOptions",
    "DryRunOptions",
    "FollowOptions",
    "InstallRequest",
    "Job",
    "JobError",
    "JobEvent",
    "JobLog",
    "JobRequest",
    "Jobs",
    "RemoveOptions",
    "cancelled_error",
    "check_request",
    "event_text",
    "job_error",
    "outcome_text",
    "raised_error",
    "trial_text",
]
