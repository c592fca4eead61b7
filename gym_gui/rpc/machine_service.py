# ruff: noqa: N802 - gRPC gives the methods their names
"""The gRPC methods about the daemon's machine: each reads its request, calls the daemon, and writes its answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from gym_gui.core.worker.errors import Problem
from gym_gui.jobs import JobRequest, Jobs
from gym_gui.reading import list_archives
from gym_gui.rpc.guard import answers, answers_at_once, streams
from gym_gui.rpc.machine_messages import archives, events, forecasts, installs, jobs, machines
from gym_gui.rpc.proto import machine_pb2 as machine
from gym_gui.rpc.proto.machine_pb2_grpc import MachineServiceServicer
from gym_gui.rpc.requests import invalid
from gym_gui.trainer import Loading, Trainer

_DEFAULT_EVENTS, _MOST_EVENTS = 1000, 10_000
_MOST_CONFIGS = 256


class MachineService(MachineServiceServicer):
    """``mosaic.v1.MachineService``.

    Args:
        jobs: Those of the home.
        trainer: Knows workers and resources.
    """

    def __init__(self, jobs: Jobs, trainer: Trainer[Any]) -> None:
        self._jobs = jobs
        self._trainer = trainer

    @property
    def loading(self) -> Loading:
        """Calls that are about runs wait for it."""
        return self._trainer.loading

    @answers_at_once
    async def StartJob(self, request: machine.StartJobRequest) -> machine.Job:
        wanted = JobRequest(
            kind=request.kind, subject=request.subject, options=_options(request.options_json), by=request.by
        )
        return jobs().encode(await self._jobs.start(wanted))

    @answers_at_once
    async def ListJobs(self, _: machine.ListJobsRequest) -> machine.ListJobsResponse:
        return machine.ListJobsResponse(jobs=map(jobs().encode, await self._jobs.all()))

    @streams
    async def WatchJobs(self, request: machine.WatchJobsRequest) -> AsyncIterator[machine.Job]:
        async for job in self._jobs.watch(request.job_ids):
            yield jobs().encode(job)

    @answers_at_once
    async def ReadJob(self, request: machine.ReadJobRequest) -> machine.ReadJobResponse:
        limit = min(request.limit, _MOST_EVENTS) if request.limit > 0 else _DEFAULT_EVENTS
        job, found = await self._jobs.read(request.job_id, request.after, limit)
        return machine.ReadJobResponse(job=jobs().encode(job), events=map(events().encode, found))

    @answers_at_once
    async def CancelJob(self, request: machine.CancelJobRequest) -> machine.Job:
        return jobs().encode(await self._jobs.cancel(request.job_id, request.by))

    @answers_at_once
    async def ListInstalls(self, _: machine.ListInstallsRequest) -> machine.ListInstallsResponse:
        return installs().encode(await self._trainer.installs())

    @answers
    async def ForecastRuns(self, request: machine.ForecastRunsRequest) -> machine.ForecastRunsResponse:
        count = len(request.config_json)
        if not 1 <= count <= _MOST_CONFIGS:
            raise invalid(Problem("config_json", f"has {count:,} run configs", allowed=f"1 to {_MOST_CONFIGS}"))
        found = await self._trainer.forecast(list(request.config_json), request.submitter)
        return machine.ForecastRunsResponse(forecasts=map(forecasts().encode, found))

    @answers
    async def GetMachines(self, _: machine.GetMachinesRequest) -> machine.GetMachinesResponse:
        return machines().encode(await self._trainer.machine())

    @answers_at_once
    async def ListArchives(self, _: machine.ListArchivesRequest) -> machine.ListArchivesResponse:
        return archives().encode(await asyncio.to_thread(list_archives, self._trainer.home))


def _options(text: bytes) -> dict[str, Any]:
    """Return a request's options.

    Raises:
        ConfigError: They are no JSON object.
    """
    try:
        options = json.loads(text) if text else {}
    except (ValueError, RecursionError) as error:
        raise invalid(Problem("options_json", f"is not JSON: {error}"[:300], allowed="a JSON object")) from None
    if not isinstance(options, dict):
        raise invalid(Problem("options_json", "is not an object", allowed="a JSON object"))
    return options
