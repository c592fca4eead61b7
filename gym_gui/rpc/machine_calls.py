"""What a client asks about the daemon's machine: each call's request and answer. Does no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from gym_gui.jobs import Job, JobEvent
from gym_gui.reading import Archives
from gym_gui.rpc.calls import SUBMIT_TIMEOUT_S, Call, config_json, user
from gym_gui.rpc.converter import json_bytes
from gym_gui.rpc.machine_messages import archives, events, forecasts, installs, jobs, machines
from gym_gui.rpc.proto import machine_pb2 as machine

if TYPE_CHECKING:
    from gym_gui.trainer import Forecast, Installs, MachineReport


def start_job(kind: str, subject: str, options: dict[str, Any], by: str | None = None) -> Call[Job]:
    """Start a job. ``by``: who asks; ``None``: the user."""
    request = machine.StartJobRequest(
        kind=kind, subject=subject, options_json=json_bytes(options), by=user() if by is None else by
    )
    return Call("StartJob", request, lambda answer: jobs().decode(answer), tries=1)


def list_jobs() -> Call[list[Job]]:
    """List the jobs."""
    return Call("ListJobs", machine.ListJobsRequest(), lambda answer: [jobs().decode(each) for each in answer.jobs])


def read_job(job_id: str, after: int, limit: int) -> Call[tuple[Job, list[JobEvent]]]:
    """Read a job's log."""
    request = machine.ReadJobRequest(job_id=job_id, after=after, limit=limit)
    return Call(
        "ReadJob",
        request,
        lambda answer: (jobs().decode(answer.job), [events().decode(each) for each in answer.events]),
    )


def cancel_job(job_id: str, by: str | None = None) -> Call[Job]:
    """End a job. ``by``: who asks; ``None``: the user."""
    request = machine.CancelJobRequest(job_id=job_id, by=user() if by is None else by)
    return Call("CancelJob", request, lambda answer: jobs().decode(answer))


def list_installs() -> Call[Installs]:
    """List environments, and what can be installed."""
    return Call("ListInstalls", machine.ListInstallsRequest(), lambda answer: installs().decode(answer),
                SUBMIT_TIMEOUT_S)  # fmt: skip


def forecast(payloads: Sequence[dict[str, Any]], submitter: str | None = None) -> Call[list[Forecast]]:
    """Ask what would become of runs. ``submitter``: who would submit them; ``None``: the user.

    Raises:
        ConfigError: A payload is no JSON.
    """
    request = machine.ForecastRunsRequest(
        config_json=map(config_json, payloads), submitter=user() if submitter is None else submitter
    )
    return Call("ForecastRuns", request, lambda answer: [forecasts().decode(each) for each in answer.forecasts],
                SUBMIT_TIMEOUT_S)  # fmt: skip


def get_machines() -> Call[MachineReport]:
    """Ask what the machines have."""
    return Call("GetMachines", machine.GetMachinesRequest(), lambda answer: machines().decode(answer))


def list_archives() -> Call[Archives]:
    """List the archived runs."""
    return Call("ListArchives", machine.ListArchivesRequest(), lambda answer: archives().decode(answer))


class JobWatching:
    """A stream of the values of jobs, which goes on with the next daemon.

    Args:
        job_ids: The jobs; none: all, without end.
    """

    method = "WatchJobs"

    def __init__(self, job_ids: Iterable[str] = ()) -> None:
        self._wanted = list(job_ids)
        self._every = not self._wanted

    @property
    def over(self) -> bool:
        """Whether all jobs have ended."""
        return not self._every and not self._wanted

    def request(self) -> machine.WatchJobsRequest:
        """Return the request for the jobs that have not ended."""
        return machine.WatchJobsRequest(job_ids=self._wanted)

    def take(self, message: machine.Job) -> Job:
        """Return the value that came."""
        job = jobs().decode(message)
        if job.state.terminal and job.job_id in self._wanted:
            self._wanted.remove(job.job_id)
        return job
