"""The client of the trainer daemon for asyncio: the same calls as the blocking one."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import grpc

from gym_gui.core.worker.errors import ConfigError, Problem
from gym_gui.rpc import calls
from gym_gui.rpc.calls import Call, Listing, Reading, Watching
from gym_gui.rpc.connection import Connection, Retries
from gym_gui.rpc.fleet_client import AsyncFleetClient
from gym_gui.rpc.machine_client import AsyncMachineClient
from gym_gui.rpc.reading_client import AsyncReadingClient
from gym_gui.rpc.remote import RemoteDaemon
from gym_gui.rpc.remote_route import RemoteRoute
from gym_gui.rpc.route import HomeRoute, Target
from gym_gui.rpc.study_client import AsyncStudyClient
from gym_gui.runs import EVERY_RUN, RunFilter, RunSummary
from gym_gui.telemetry import RowBatch, RowCursor

if TYPE_CHECKING:
    from gym_gui.trainer import DaemonStatus, Explanation
    from gym_gui.workers import WorkerRecord

R = TypeVar("R")
#: Seconds between looks whether a former channel is still in use.
_POLL_S = 0.1


class AsyncTrainerClient(AsyncReadingClient, AsyncMachineClient, AsyncStudyClient, AsyncFleetClient):
    """Speaks to a daemon from an event loop; one client serves any number of tasks.

    Use :meth:`connect` or :meth:`connect_to`; close it, or use it as an asynchronous context manager. Methods are those
    of :class:`~gym_gui.rpc.client.TrainerClient`. What a run gets of its submitter's environment is the caller's to add
    (:func:`~gym_gui.runs.base_environment.with_base_environment`): a server is not where its users are.

    Args:
        route: The way to the daemon.
    """

    def __init__(self, route: HomeRoute | RemoteRoute) -> None:
        self._route = route
        self._connection: Connection[grpc.aio.Channel] = Connection(route, Target.aio_channel)
        self._opening = asyncio.Lock()
        self._generation = 0
        self._active: Counter[int] = Counter()
        """Calls under way, by the channel's generation."""
        self._retired: set[asyncio.Task[None]] = set()

    @classmethod
    async def connect(cls, home: Path, *, start: bool = True) -> AsyncTrainerClient:
        """Return a client of a home's daemon.

        Args:
            home: The home.
            start: Start a daemon if none runs.

        Raises:
            UsageError: No daemon runs (with ``start=False``), or the home cannot be used.
            MosaicError: The daemon did not start.
        """
        return await cls(HomeRoute(home, start=start))._checked()

    @classmethod
    async def connect_to(cls, remote: RemoteDaemon) -> AsyncTrainerClient:
        """Return a client of a daemon elsewhere.

        Raises:
            UsageError: Its token or certificate cannot be read, or it refuses the token.
            MosaicError: It does not answer.
        """
        return await cls(RemoteRoute(remote))._checked()

    async def _checked(self) -> AsyncTrainerClient:
        self._channel, _ = await self._open()
        try:
            await self.status()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aenter__(self) -> AsyncTrainerClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connection."""
        await self._channel.close()
        self._connection.release()
        for task in tuple(self._retired):
            task.cancel()
        await asyncio.gather(*self._retired, return_exceptions=True)

    @property
    def lost_since(self) -> float | None:
        """When the connection was lost, monotonic seconds; ``None``: nothing has failed since the last answer."""
        return self._connection.lost_since

    async def submit(
        self,
        payload: dict[str, Any],
        *,
        submitter: str | None = None,
        group: str = "",
        parent_run_id: str | None = None,
        argv: Sequence[str] | None = None,
    ) -> str:
        """Submit a run and return its id.

        Raises:
            ConfigError: The config is not valid; nothing was written.
        """
        call = calls.submit(
            payload, submitter=submitter, group=group, parent_run_id=parent_run_id, here=False, argv=argv
        )
        return await self._do(call)

    async def validate(self, payload: dict[str, Any]) -> list[Problem]:
        """Return every problem of a run config; nothing is written."""
        try:
            call = calls.validate(payload)
        except ConfigError as error:
            return error.problems
        return await self._do(call)

    async def resolve(self, reference: str) -> str:
        """Return the id of the run that a user means.

        Raises:
            UsageError: There is no such run, or there are several.
        """
        return await self._do(calls.resolve(reference))

    async def get(self, run_id: str) -> RunSummary:
        """Return a run as it stands.

        Raises:
            UsageError: There is no such run.
        """
        return await self._do(calls.get(run_id))

    async def why(self, run_id: str) -> Explanation:
        """Return why a run is in its state.

        Raises:
            UsageError: There is no such run.
        """
        return await self._do(calls.why(run_id))

    def watch(self, run_ids: Iterable[str], *, curves: bool = False) -> AsyncIterator[RunSummary]:
        """Yield the current value of each run, then every change; end when all have ended."""
        return self._stream(Watching(run_ids, curves=curves))

    def stream(
        self,
        run_id: str,
        *,
        cursor: RowCursor = (),
        from_now: bool = False,
        kinds: Iterable[str] = (),
        max_rate: float | None = None,
    ) -> AsyncIterator[RowBatch]:
        """Yield a run's rows as they come in; end when the run has ended and all was yielded."""
        return self._stream(Reading(run_id, cursor, from_now=from_now, kinds=kinds, max_rate=max_rate))

    async def cancel(self, run_id: str, *, reason: str = "", by: str | None = None) -> RunSummary:
        """Ask a run to end, and return it as it stands."""
        return await self._do(calls.cancel(run_id, reason, by))

    async def pause(self, run_id: str, *, reason: str = "", by: str | None = None) -> RunSummary:
        """Ask a run to suspend its workers, and return it as it stands.

        Raises:
            UsageError: It cannot be paused.
        """
        return await self._do(calls.pause(run_id, reason, by))

    async def unpause(self, run_id: str, *, by: str | None = None) -> RunSummary:
        """Ask a paused run to go on, and return it as it stands.

        Raises:
            UsageError: It is not paused.
        """
        return await self._do(calls.unpause(run_id, by))

    async def delete(self, run_id: str) -> None:
        """Remove a run that has ended, its folder included.

        Raises:
            UsageError: There is no such run, or it has not ended.
        """
        await self._do(calls.delete(run_id))

    async def workers(self) -> list[WorkerRecord]:
        """Return every installed worker; without schemas."""
        return await self._do(calls.workers())

    async def worker(self, name: str) -> WorkerRecord:
        """Return one worker with its schema.

        Raises:
            UsageError: There is no such worker.
        """
        return await self._do(calls.worker(name))

    async def status(self) -> DaemonStatus:
        """Return what the daemon says of itself."""
        return await self._do(calls.status())

    async def shutdown(self) -> None:
        """End the daemon; runs continue."""
        await self._do(calls.shutdown())

    async def list(
        self, wanted: RunFilter = EVERY_RUN, *, limit: int | None = 100, curves: bool = False
    ) -> list[RunSummary]:
        """Return runs, the newest first; ``limit=None``: all."""
        listing = Listing(wanted, limit, curves=curves)
        while (call := listing.next()) is not None:
            await self._do(call)
        return listing.runs

    async def _open(self) -> tuple[grpc.aio.Channel, Callable[[], None]]:
        # On the loop's thread, where the channel belongs; what may have to start a daemon goes before, in another.
        if isinstance(self._route, HomeRoute):
            await asyncio.to_thread(self._route.prepare)
        return self._connection.open()

    async def _do(self, call: Call[R]) -> R:
        retries = self._connection.retries(call)
        while True:
            generation = self._generation
            method = self._connection.methods[call.method]
            self._active[generation] += 1
            try:
                answer = await method(call.request, metadata=self._connection.metadata, timeout=call.timeout_s)
            except grpc.aio.AioRpcError as failure:
                await self._recover(failure, retries, generation)
            else:
                self._connection.answered()
                return call.read(answer)
            finally:
                self._active[generation] -= 1

    async def _stream(self, asked: Any) -> AsyncIterator[Any]:
        retries = self._connection.retries()
        while not asked.over:
            generation = self._generation
            method = self._connection.methods[asked.method]
            self._active[generation] += 1
            stream = method(asked.request(), metadata=self._connection.metadata)
            try:
                async for message in stream:
                    self._connection.answered()
                    yield asked.take(message)
                    retries.start_over()
                return
            except grpc.aio.AioRpcError as failure:
                await self._recover(failure, retries, generation)
            finally:
                self._active[generation] -= 1
                stream.cancel()

    async def _recover(self, failure: Any, retries: Retries, generation: int) -> None:
        """Connect to the next daemon, unless another task has; raise the failure where that is no use."""
        await asyncio.sleep(self._connection.wait_s(failure, retries))
        async with self._opening:
            if generation == self._generation:
                former = self._channel
                self._channel, release = await self._open()
                self._generation += 1
                retired = asyncio.create_task(self._retire(former, release, generation))
                self._retired.add(retired)
                retired.add_done_callback(self._retired.discard)

    async def _retire(self, channel: grpc.aio.Channel, release: Callable[[], None], generation: int) -> None:
        """Close a former channel once the calls of other tasks on it have ended: closing it would cancel them."""
        try:
            while self._active[generation]:
                await asyncio.sleep(_POLL_S)
        finally:
            del self._active[generation]
            await channel.close()
            release()
