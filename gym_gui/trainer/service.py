# ruff: noqa: N802 - gRPC gives the methods their names
"""The gRPC methods: each reads its request, asks the room that knows, and writes its answer."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable

import grpc

from gym_gui.core.worker.errors import Problem
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.names import check_names
from gym_gui.runs.plan import RunPlan
from gym_gui.runs.summary import RunSummary
from gym_gui.trainer.backlog import Backlog
from gym_gui.trainer.board import RunBoard
from gym_gui.trainer.converter import state_from_pb
from gym_gui.trainer.deletion import delete_run
from gym_gui.trainer.disk_quota import quota_note
from gym_gui.trainer.dispatcher import Dispatcher
from gym_gui.trainer.feed import Feeds
from gym_gui.trainer.guard import answers, answers_at_once, answers_client, streams
from gym_gui.trainer.intake import Intake
from gym_gui.trainer.loading import Loading
from gym_gui.trainer.messages import explanation_to_pb, problem_to_pb, record_to_pb, summary_from_pb, summary_to_pb
from gym_gui.trainer.proto import mosaic_pb2 as pb
from gym_gui.trainer.proto.mosaic_pb2_grpc import TrainerServiceServicer
from gym_gui.trainer.requests import invalid
from gym_gui.trainer.row_messages import cursor_from_pb, query_from_pb
from gym_gui.trainer.submission import Submission
from gym_gui.trainer.why import explain
from gym_gui.trainer.wire_cache import WireCache

_DEFAULT_PAGE, _LARGEST_PAGE = 100, 1000
_LONGEST_TOKEN = 18
_PATIENCE_S, _POLL_S = 10.0, 0.02


class TrainerService(TrainerServiceServicer):
    """``mosaic.v1.TrainerService``.

    Args:
        board: Values of the runs.
        dispatcher: Carries runs to their end.
        submission: Validates and writes runs.
        status: Returns what the daemon says of itself.
        stop: Ends the daemon.
        loading: Calls that are about runs wait for it.
        backlog: Runs that the registry lacks: a list waits for them for a while.
    """

    def __init__(
        self,
        board: RunBoard,
        dispatcher: Dispatcher,
        submission: Submission,
        status: Callable[[], pb.DaemonStatus],
        stop: Callable[[], None],
        loading: Loading,
        backlog: Backlog,
    ) -> None:
        self.loading = loading
        self._backlog = backlog
        self._board = board
        self._dispatcher = dispatcher
        self._submission = submission
        self._status = status
        self._stop = stop
        self._messages = WireCache()
        self._feeds = Feeds(submission.home, board)
        self._intake = Intake(submission.submit, self._enter)

    @property
    def busy(self) -> bool:
        """Whether a submission is under way, which may take longer than an idle daemon lives."""
        return self._intake.busy

    async def close(self) -> None:
        """Give up submissions that are not written yet."""
        await self._intake.close()

    async def _delete(self, run: RunSummary) -> None:
        await asyncio.to_thread(delete_run, self._submission.home, run)
        self._board.registry.remove([run.run_id])

    async def _entered(self) -> None:
        """Wait until the registry has all runs, but not for ever."""
        deadline = time.monotonic() + _PATIENCE_S
        while self._backlog and time.monotonic() < deadline:
            await asyncio.sleep(_POLL_S)

    def _enter(self, plan: RunPlan, run: RunSummary) -> None:
        self._dispatcher.enqueue([(self._submission.register(plan, run), plan)])

    @answers_client
    async def SubmitRun(self, request: pb.SubmitRunRequest, client: str) -> pb.SubmitRunResponse:
        return pb.SubmitRunResponse(run_id=await self._intake.submit(request, client))

    @answers_at_once
    async def ValidateRun(self, request: pb.ValidateRunRequest) -> pb.ValidateRunResponse:
        problems = await self._intake.do(lambda: self._submission.problems(request.config_json))
        return pb.ValidateRunResponse(problems=[problem_to_pb(problem) for problem in problems])

    @answers
    async def CancelRun(self, request: pb.CancelRunRequest) -> pb.CancelRunResponse:
        check_names(reason=request.reason, by=request.by)
        already_ended = self._board.get(request.run_id).state.terminal
        run = await self._dispatcher.cancel(request.run_id, request.by, request.reason)
        return pb.CancelRunResponse(already_ended=already_ended, run=summary_to_pb(run))

    @answers
    async def PauseRun(self, request: pb.PauseRunRequest) -> pb.PauseRunResponse:
        check_names(reason=request.reason, by=request.by)
        run = await self._dispatcher.pause(request.run_id, request.by, request.reason)
        return pb.PauseRunResponse(run=summary_to_pb(run))

    @answers
    async def UnpauseRun(self, request: pb.UnpauseRunRequest) -> pb.UnpauseRunResponse:
        check_names(by=request.by)
        run = await self._dispatcher.unpause(request.run_id, request.by)
        return pb.UnpauseRunResponse(run=summary_to_pb(run))

    @answers
    async def GetRun(self, request: pb.GetRunRequest) -> pb.RunSummary:
        return summary_to_pb(self._board.get(request.run_id))

    @answers
    async def WhyRun(self, request: pb.WhyRunRequest) -> pb.WhyRunResponse:
        run = self._board.get(request.run_id)
        note = quota_note(RunFolder.of(self._submission.home, run.run_id))
        return explanation_to_pb(explain(run, self._dispatcher.why(run.run_id), note))

    @answers
    async def ListRuns(self, request: pb.ListRunsRequest) -> pb.ListRunsResponse:
        size, before = _page(request)
        await self._entered()
        self._board.flush()
        runs = self._board.registry.list(
            limit=size + 1,
            before=before,
            states=[state_from_pb(state) for state in request.states],
            group=request.group,
            tag=request.tag,
            curves=request.curves,
        )
        return pb.ListRunsResponse(
            runs=[summary_to_pb(self._board.with_cause(run), curves=request.curves) for run in runs[:size]],
            next_page_token=str(runs[size - 1].sequence) if len(runs) > size else "",
        )

    @streams
    async def WatchRuns(self, request: pb.WatchRunsRequest) -> AsyncIterator[pb.RunSummary]:
        if not request.run_ids:
            raise invalid(Problem("run_ids", "is empty", allowed="at least one run id"))
        try:
            with self._board.watch(request.run_ids) as watch:
                async for run in watch:
                    yield self._messages.message(run)
        finally:
            for run_id in request.run_ids:
                self._messages.forget(run_id)

    @streams
    async def StreamTelemetry(self, request: pb.StreamTelemetryRequest) -> AsyncIterator[pb.TelemetryBatch]:
        query = query_from_pb(request)
        start = None if request.from_now else cursor_from_pb(request.cursor)
        async with self._feeds.open(query) as feed:
            async for batch in feed.batches(start):
                yield batch

    @streams
    async def Report(self, request: AsyncIterator[pb.ReportRequest]) -> AsyncIterator[pb.ReportResponse]:
        try:
            first = _reported(await anext(request))
        except StopAsyncIteration:
            return
        run_id = first.run_id
        self._board.get(run_id)
        self._board.publish(first)
        acknowledged = first.report
        with self._board.link(run_id) as changed:

            async def read() -> None:
                nonlocal acknowledged
                try:
                    async for message in request:
                        if not message.HasField("summary"):
                            continue
                        run = _reported(message)
                        if run.run_id == run_id:
                            self._board.publish(run)
                            acknowledged = run.report
                            changed.set()
                finally:
                    ended.set()
                    changed.set()

            ended = asyncio.Event()
            reader = asyncio.create_task(read())
            try:
                while not ended.is_set():
                    changed.clear()
                    yield pb.ReportResponse(
                        acknowledged=acknowledged,
                        watched=self._board.watched(run_id),
                        streamed=self._board.streamed(run_id),
                    )
                    await changed.wait()
            finally:
                reader.cancel()
                with contextlib.suppress(asyncio.CancelledError, grpc.RpcError):
                    await reader
                self._dispatcher.look(run_id)

    @answers
    async def DeleteRun(self, request: pb.DeleteRunRequest) -> pb.DeleteRunResponse:
        # To its end, whether somebody waits for it or not: half of it would be a run without a folder.
        await asyncio.shield(self._delete(self._board.get(request.run_id)))
        return pb.DeleteRunResponse()

    @answers_at_once
    async def ListWorkers(self, _: pb.ListWorkersRequest) -> pb.ListWorkersResponse:
        records = await self._intake.do(self._submission.catalog.list)
        return pb.ListWorkersResponse(workers=[record_to_pb(record, schema=False) for record in records])

    @answers_at_once
    async def DescribeWorker(self, request: pb.DescribeWorkerRequest) -> pb.WorkerRecord:
        return record_to_pb(await self._intake.do(lambda: self._submission.catalog.get(request.name)))

    @answers_at_once
    async def GetStatus(self, _: pb.GetStatusRequest) -> pb.DaemonStatus:
        return self._status()

    @answers_at_once
    async def Shutdown(self, _: pb.ShutdownRequest) -> pb.ShutdownResponse:
        self._stop()
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
        raise invalid(Problem("page_token", "is of no page", value=token[:80], allowed="next_page_token of a page"))
    return min(size or _DEFAULT_PAGE, _LARGEST_PAGE), int(token) if token else None


def _reported(message: pb.ReportRequest) -> RunSummary:
    """Return the summary that a proxy reports.

    Raises:
        ConfigError: Its states are missing.
    """
    try:
        return summary_from_pb(message.summary)
    except ValueError:
        raise invalid(Problem("summary.state", "is missing, or one of its workers' is", allowed="a state")) from None
