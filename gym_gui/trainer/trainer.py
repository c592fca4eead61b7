"""What the daemon does for its clients, in plain types. Faces (gRPC) only translate to and from this."""

from __future__ import annotations

import asyncio
import functools
import os
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import Generic, NamedTuple, TypeVar

import msgspec

import gym_gui
from gym_gui.core.worker.errors import Problem, UsageError
from gym_gui.runs import (
    NamedRun,
    RunFilter,
    RunFolder,
    RunPlan,
    RunSummary,
    UnknownRunError,
    check_names,
    resolve_reference,
)
from gym_gui.telemetry import RowCursor
from gym_gui.trainer._backlog import Backlog
from gym_gui.trainer._deletion import delete_run
from gym_gui.trainer.board import RunBoard
from gym_gui.trainer.daemon_status import DaemonStatus
from gym_gui.trainer.demand import Request
from gym_gui.trainer.disk_quota import quota_note
from gym_gui.trainer.dispatcher import Dispatcher
from gym_gui.trainer.feed import Encode, FeedQuery, Feeds
from gym_gui.trainer.forecast import Forecast, forecast_of
from gym_gui.trainer.installs import Installs, read_installs
from gym_gui.trainer.intake import Intake
from gym_gui.trainer.loading import Loading
from gym_gui.trainer.machine_report import MachineReport, Readings, report_machines
from gym_gui.trainer.reads import Reads
from gym_gui.trainer.report_link import ReportAnswer, ReportLink
from gym_gui.trainer.studies import Studies
from gym_gui.trainer.submission import Submission
from gym_gui.trainer.why import Explanation, explain_state
from gym_gui.workers import WorkerRecord

T = TypeVar("T")
_PATIENCE_S, _POLL_S = 10.0, 0.02
_KEPT_REQUESTS = 256


class RunPage(NamedTuple):
    """Some runs of a list, the newest first."""

    runs: list[RunSummary]
    before: int | None
    """The next page holds runs with a sequence number below this; ``None``: there is none."""


class Trainer(Generic[T]):
    """The daemon's operations; all but :attr:`loading` run in its event loop.

    Args:
        board: Values of the runs.
        dispatcher: Carries runs to their end.
        submission: Validates and writes runs.
        backlog: Runs missing in the registry: a list waits for them for a while.
        encode: Makes of a batch of rows what the readers of :meth:`rows` are given.
        stop: Ends the daemon.
    """

    def __init__(
        self,
        board: RunBoard,
        dispatcher: Dispatcher,
        submission: Submission,
        backlog: Backlog,
        encode: Encode[T],
        stop: Callable[[], None],
    ) -> None:
        self.loading = Loading()
        """Whether the runs were read: calls about runs wait for it."""
        self.home = submission.home
        self.stop = stop
        self.address = self.public_address = ""
        self._home_id = ""
        self._started_at = time.time()
        self._backlog = backlog
        self._board = board
        self._dispatcher = dispatcher
        self._submission = submission
        self._feeds = Feeds(submission.home, board, encode)
        self.intake = Intake(submission.submit, self._enter)
        """Takes in the runs that clients submit."""
        self.studies = Studies(board, submission, self.intake, self.cancel, self.delete)
        """Runs that are made from one config."""
        self._requests: OrderedDict[bytes, tuple[str, Request, int]] = OrderedDict()
        """Of run configs that were asked about lately: what a run of each asks for."""
        self._readings = Readings(submission.home)
        self.reads = Reads(submission.home, board, self._all_entered)
        """Searches and annotates runs, and reads their folders."""

    @property
    def busy(self) -> bool:
        """Whether a submission or a replay is under way, which may take longer than an idle daemon lives."""
        return self.intake.busy or self.reads.busy or self.studies.busy

    async def close(self) -> None:
        """Give up submissions that are not written yet."""
        await self.studies.close()
        await self.intake.close()

    def announce(self, address: str, home_id: str, public_address: str = "") -> None:
        """Take what :meth:`status` says of where the daemon listens."""
        self.address, self._home_id, self.public_address = address, home_id, public_address

    async def problems(self, config_json: bytes) -> list[Problem]:
        """Return everything that is wrong with a run config; writes nothing."""
        return await self.intake.do(lambda: self._submission.problems(config_json))

    async def resolve(self, reference: str) -> str:
        """Return the id of the run that a user means: by id, a part of it, name, or ``latest``.

        Raises:
            UnknownRunError: There is no such run.
            UsageError: There are several.
        """
        await self._all_entered()
        registry = self._board.registry
        ids = registry.run_ids()
        if not ids:
            raise UnknownRunError(reference, str(self.home), "no run has been started in this home")
        newest_first = functools.cache(lambda: [NamedRun(run.run_id, run.run_name) for run in registry.list()])
        return resolve_reference(reference, ids, newest_first, where=str(self.home))

    def get(self, run_id: str) -> RunSummary:
        """Return a run as it stands.

        Raises:
            UnknownRunError: There is no such run.
        """
        return self._board.get(run_id)

    def why(self, run_id: str) -> Explanation:
        """Return why a run is in its state.

        Raises:
            UnknownRunError: There is no such run.
        """
        run = self._board.get(run_id)
        note = quota_note(RunFolder.of(self.home, run.run_id))
        return explain_state(run, self._dispatcher.why(run.run_id), note)

    async def list(self, wanted: RunFilter, size: int, before: int | None = None, *, curves: bool = False) -> RunPage:
        """Return runs, the newest first.

        Args:
            wanted: Which runs.
            size: At most so many.
            before: Only runs with a sequence number below this.
            curves: With learning curves.
        """
        await self._all_entered()
        found = self._board.registry.list(wanted, limit=size + 1, before=before, curves=curves)
        runs = [self._board.with_cause(run) for run in found[:size]]
        return RunPage(runs, found[size - 1].sequence if len(found) > size else None)

    async def watch(self, run_ids: Iterable[str]) -> AsyncIterator[RunSummary]:
        """Yield the current value of each run, then each change, until all have ended.

        Raises:
            UnknownRunError: One of them does not exist.
        """
        with self._board.watch(run_ids) as watch:
            async for run in watch:
                yield run

    async def rows(self, query: FeedQuery, start: RowCursor | None) -> AsyncIterator[T]:
        """Yield a run's rows, encoded, until it has ended and all were yielded.

        Args:
            query: Which rows.
            start: Begin after this cursor; ``None``: with what comes in from now on.

        Raises:
            UnknownRunError: There is no such run.
            TelemetryError: The run's telemetry cannot be read.
        """
        async with self._feeds.open(query) as feed:
            async for batch in feed.batches(start):
                yield batch

    async def cancel(self, run_id: str, by: str, reason: str) -> tuple[RunSummary, bool]:
        """Ask a run to end; return it, and whether it had ended before.

        Raises:
            UnknownRunError: There is no such run.
            MosaicError: The request cannot be written.
        """
        check_names(reason=reason, by=by)
        ended = self._board.get(run_id).state.terminal
        return await self._dispatcher.cancel(run_id, by, reason), ended

    async def pause(self, run_id: str, by: str, reason: str) -> RunSummary:
        """Ask a run to suspend its workers.

        Raises:
            UsageError: It cannot be paused, or does not exist.
        """
        check_names(reason=reason, by=by)
        return await self._dispatcher.pause(run_id, by, reason)

    async def unpause(self, run_id: str, by: str) -> RunSummary:
        """Ask a paused run to go on.

        Raises:
            UsageError: It is not paused, or does not exist.
        """
        check_names(by=by)
        return await self._dispatcher.unpause(run_id, by)

    async def delete(self, run_id: str) -> None:
        """Remove a run that has ended, its folder included; goes on to its end if the caller is cancelled.

        Raises:
            UsageError: It has not ended, or does not exist.
        """
        await asyncio.shield(self._delete(self._board.get(run_id)))  # half of it would be a run without a folder

    async def workers(self) -> Sequence[WorkerRecord]:
        """Return every installed worker, broken ones with their reason; without schemas."""
        records = await self.intake.do(self._submission.catalog.list)
        return [msgspec.structs.replace(record, schema=None) for record in records]

    async def worker(self, name: str) -> WorkerRecord:
        """Return one worker with its schema.

        Raises:
            UsageError: There is no such worker.
        """
        return await self.intake.do(lambda: self._submission.catalog.get(name))

    async def forecast(self, configs: Sequence[bytes], submitter: str) -> Sequence[Forecast]:
        """Return what would become of runs if they were submitted now, in this order; writes nothing.

        Args:
            configs: Their run configs, JSON in UTF-8.
            submitter: Who would submit them.

        Raises:
            ConfigError: One of them is not valid.
        """
        asked = [(*await self._requested(config), submitter) for config in configs]
        found = self._dispatcher.forecast(asked)
        several = len(self._dispatcher.machines.capacity.machines) > 1
        return [forecast_of(waiting, machine, several=several) for waiting, machine in found]

    async def _requested(self, config: bytes) -> tuple[str, Request, int]:
        if config not in self._requests:
            self._requests[config] = await self.intake.do(lambda: self._submission.requested(config))
            while len(self._requests) > _KEPT_REQUESTS:
                self._requests.popitem(last=False)
        return self._requests[config]

    async def machine(self) -> MachineReport:
        """Return what the machines have, what is taken, and what runs on them."""
        here = await asyncio.to_thread(self._readings.take)
        dispatcher = self._dispatcher
        runs = {allocation.run_id: self._board.get(allocation.run_id) for allocation in dispatcher.allocations()}
        return report_machines(dispatcher.machines.current, dispatcher.allocations(), runs, dispatcher.queued, here)

    async def installs(self) -> Installs:
        """Return the workers' environments of the home, and the workers that can be installed by their names."""
        records = await self.intake.do(self._submission.catalog.list)
        return await asyncio.to_thread(read_installs, self.home, [record.name for record in records])

    def status(self) -> DaemonStatus:
        """Return what the daemon says of itself."""
        return DaemonStatus(
            pid=os.getpid(),
            address=self.address,
            version=gym_gui.__version__,
            home=str(self.home),
            home_id=self._home_id,
            started_at=self._started_at,
            runs=self._board.registry.count(),
            active_runs=self._dispatcher.active,
            queued_runs=self._dispatcher.queued,
            watchers=self._board.watchers,
            max_running_runs=self._dispatcher.machines.slots,
            fault=self.loading.fault,
            public_address=self.public_address,
            executors=sorted(self._dispatcher.executors),
        )

    async def report(self, reports: AsyncIterator[RunSummary]) -> AsyncIterator[ReportAnswer]:
        """Take the reports of a proxy, or of several; yield what they are to know, at first and after each change.

        Args:
            reports: Values of runs.

        Raises:
            UnknownRunError: The first one is of a run that there is not.
        """
        async for answer in ReportLink(self._board, self._dispatcher).answers(reports):
            yield answer

    async def _all_entered(self) -> None:
        """Wait until the registry has all runs, but not for ever."""
        deadline = time.monotonic() + _PATIENCE_S
        while self._backlog and time.monotonic() < deadline:
            await asyncio.sleep(_POLL_S)
        self._board.flush()

    async def _delete(self, run: RunSummary) -> None:
        deadline = time.monotonic() + _PATIENCE_S
        while run.state.terminal and self._board.holds(run.run_id):  # its end is being put on record
            if time.monotonic() > deadline:
                raise UsageError(
                    f"the end of run {run.run_id} is still being put on record",
                    where=run.run_id,
                    next_step="try again in a few seconds",
                )
            await asyncio.sleep(_POLL_S)
        await asyncio.to_thread(delete_run, self.home, run)
        self._board.registry.remove([run.run_id])

    def _enter(self, plan: RunPlan, run: RunSummary) -> None:
        self._dispatcher.enqueue([(self._submission.register(plan, run), plan)])
