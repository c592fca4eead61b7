# ruff: noqa: N802 - gRPC gives the methods their names
"""The gRPC methods: each reads its request, calls the trainer, and writes its answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import grpc

from gym_gui.core.worker.errors import Problem
from gym_gui.rpc.converter import state_from_pb
from gym_gui.rpc.guard import answers, answers_at_once, answers_client, streams
from gym_gui.rpc.messages import (
    explanation_to_pb,
    problem_to_pb,
    record_to_pb,
    status_to_pb,
    summary_to_pb,
)
from gym_gui.rpc.proto import mosaic_pb2 as pb
from gym_gui.rpc.proto.mosaic_pb2_grpc import TrainerServiceServicer
from gym_gui.rpc.received_curves import MissingPointsError, ReceivedCurves
from gym_gui.rpc.requests import invalid
from gym_gui.rpc.row_messages import cursor_from_pb, query_from_pb
from gym_gui.rpc.wire_cache import WatchMessages, WireCache
from gym_gui.runs import RunFilter, RunSummary
from gym_gui.trainer import Loading, RunRequest, Trainer

_DEFAULT_PAGE, _LARGEST_PAGE = 100, 1000
_LONGEST_TOKEN = 18


class TrainerService(TrainerServiceServicer):
    """``mosaic.v1.TrainerService``.

    Args:
        trainer: Does what is asked for; its rows are messages already.
    """

    def __init__(self, trainer: Trainer[pb.TelemetryBatch]) -> None:
        self._trainer = trainer
        self._cache = WireCache()

    @property
    def loading(self) -> Loading:
        """Calls that are about runs wait for it."""
        return self._trainer.loading

    @answers_client
    async def SubmitRun(self, request: pb.SubmitRunRequest, client: str) -> pb.SubmitRunResponse:
        run = RunRequest(
            request.config_json,
            submitter=request.submitter,
            group=request.group,
            parent_run_id=request.parent_run_id if request.HasField("parent_run_id") else None,
            argv=tuple(request.argv),
            working_directory=request.working_directory,
        )
        return pb.SubmitRunResponse(run_id=await self._trainer.intake.submit(run, client))

    @answers_at_once
    async def ValidateRun(self, request: pb.ValidateRunRequest) -> pb.ValidateRunResponse:
        problems = await self._trainer.problems(request.config_json)
        return pb.ValidateRunResponse(problems=[problem_to_pb(problem) for problem in problems])

    @answers
    async def CancelRun(self, request: pb.CancelRunRequest) -> pb.CancelRunResponse:
        run, already_ended = await self._trainer.cancel(request.run_id, request.by, request.reason)
        return pb.CancelRunResponse(already_ended=already_ended, run=summary_to_pb(run))

    @answers
    async def PauseRun(self, request: pb.PauseRunRequest) -> pb.PauseRunResponse:
        run = await self._trainer.pause(request.run_id, request.by, request.reason)
        return pb.PauseRunResponse(run=summary_to_pb(run))

    @answers
    async def UnpauseRun(self, request: pb.UnpauseRunRequest) -> pb.UnpauseRunResponse:
        return pb.UnpauseRunResponse(run=summary_to_pb(await self._trainer.unpause(request.run_id, request.by)))

    @answers
    async def ResolveRun(self, request: pb.ResolveRunRequest) -> pb.ResolveRunResponse:
        return pb.ResolveRunResponse(run_id=await self._trainer.resolve(request.reference))

    @answers
    async def GetRun(self, request: pb.GetRunRequest) -> pb.RunSummary:
        return summary_to_pb(self._trainer.get(request.run_id))

    @answers
    async def WhyRun(self, request: pb.WhyRunRequest) -> pb.WhyRunResponse:
        return explanation_to_pb(self._trainer.why(request.run_id))

    @answers
    async def ListRuns(self, request: pb.ListRunsRequest) -> pb.ListRunsResponse:
        size, before = _page(request)
        states = tuple(state_from_pb(state) for state in request.states)
        wanted = RunFilter(states, worker=request.worker, group=request.group, tag=request.tag)
        page = await self._trainer.list(wanted, size, before, curves=request.curves)
        return pb.ListRunsResponse(
            runs=[summary_to_pb(run, curves=request.curves) for run in page.runs],
            next_page_token="" if page.before is None else str(page.before),
        )

    @streams
    async def WatchRuns(self, request: pb.WatchRunsRequest) -> AsyncIterator[pb.RunSummary]:
        if not request.run_ids:
            raise invalid(Problem("run_ids", "is empty", allowed="at least one run id"))
        messages = WatchMessages(self._cache, curves=request.curves, differences=request.differences)
        try:
            async for run in self._trainer.watch(request.run_ids):
                yield messages.message(run)
        finally:
            for run_id in request.run_ids:
                self._cache.forget(run_id)

    @streams
    async def StreamTelemetry(self, request: pb.StreamTelemetryRequest) -> AsyncIterator[pb.TelemetryBatch]:
        start = None if request.from_now else cursor_from_pb(request.cursor)
        async for batch in self._trainer.rows(query_from_pb(request), start):
            yield batch

    @streams
    async def Report(self, request: AsyncIterator[pb.ReportRequest]) -> AsyncIterator[pb.ReportResponse]:
        async for answer in self._trainer.report(_reports(request)):
            yield pb.ReportResponse(**answer._asdict(), differences=True)

    @answers
    async def DeleteRun(self, request: pb.DeleteRunRequest) -> pb.DeleteRunResponse:
        await self._trainer.delete(request.run_id)
        return pb.DeleteRunResponse()

    @answers_at_once
    async def ListWorkers(self, _: pb.ListWorkersRequest) -> pb.ListWorkersResponse:
        return pb.ListWorkersResponse(workers=[record_to_pb(record) for record in await self._trainer.workers()])

    @answers_at_once
    async def DescribeWorker(self, request: pb.DescribeWorkerRequest) -> pb.WorkerRecord:
        return record_to_pb(await self._trainer.worker(request.name))

    @answers_at_once
    async def GetStatus(self, _: pb.GetStatusRequest) -> pb.DaemonStatus:
        return status_to_pb(self._trainer.status())

    @answers_at_once
    async def Shutdown(self, _: pb.ShutdownRequest) -> pb.ShutdownResponse:
        self._trainer.stop()
        return pb.ShutdownResponse()


def _page(request: pb.ListRunsRequest) -> tuple[int, int | None]:
    """Return how many runs a page has, and the number that they are below.

    Raises:
        ConfigError: There is no such page.
    """
    size, token = request.page_size, request.page_token
    if size < 0:
        raise invalid(Problem("page_size", "is negative", value=size, allowed=f"1 to {_LARGEST_PAGE}, 0: the usual"))
    if token and not (token.isascii() and token.isdecimal() and len(token) <= _LONGEST_TOKEN):
        raise invalid(Problem("page_token", "is not a token", value=token[:80], allowed="next_page_token of a page"))
    return min(size or _DEFAULT_PAGE, _LARGEST_PAGE), int(token) if token else None


async def _reports(requests: AsyncIterator[Any]) -> AsyncIterator[RunSummary]:
    """Yield the summaries that a proxy reports; end when it goes away, or at one that says nothing at first.

    Raises:
        ConfigError: The states of one are missing, or the beginning of a curve.
    """
    curves = ReceivedCurves()
    first = True
    try:
        async for request in requests:
            if first or request.HasField("summary"):
                yield _reported(request, curves)
            first = False
    except grpc.RpcError:
        return


def _reported(message: pb.ReportRequest, curves: ReceivedCurves) -> RunSummary:
    """Return the summary that a proxy reports.

    Raises:
        ConfigError: Its states are missing, or the beginning of a curve.
    """
    try:
        return curves.read(message.summary)
    except MissingPointsError as error:
        raise invalid(Problem("summary.workers", str(error), allowed="points that this stream has sent")) from None
    except ValueError:
        raise invalid(Problem("summary.state", "is missing, or one of its workers' is", allowed="a state")) from None
