"""The blocking client of the trainer daemon."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import grpc

from gym_gui.core.worker.errors import ConfigError, Problem
from gym_gui.rpc import calls
from gym_gui.rpc.calls import Call, Listing, Reading, Watching
from gym_gui.rpc.connection import Connection, Retries
from gym_gui.rpc.fleet_client import FleetClient
from gym_gui.rpc.machine_client import MachineClient
from gym_gui.rpc.reading_client import ReadingClient
from gym_gui.rpc.remote import RemoteDaemon
from gym_gui.rpc.remote_route import RemoteRoute
from gym_gui.rpc.route import HomeRoute, Target
from gym_gui.rpc.study_client import StudyClient
from gym_gui.runs import EVERY_RUN, RunFilter, RunSummary, with_base_environment
from gym_gui.telemetry import RowBatch, RowCursor

if TYPE_CHECKING:
    from gym_gui.trainer import DaemonInfo, DaemonStatus, Explanation
    from gym_gui.workers import WorkerRecord

R = TypeVar("R")


class TrainerClient(ReadingClient, MachineClient, StudyClient, FleetClient):
    """Speaks to the daemon of one home, or to one elsewhere.

    Use :meth:`connect` or :meth:`connect_to`; close it, or use it as a context manager.

    Args:
        route: The way to the daemon.
    """

    def __init__(self, route: HomeRoute | RemoteRoute) -> None:
        self._route = route
        self._connection: Connection[grpc.Channel] = Connection(route, Target.channel)
        self._channel, _ = self._connection.open()

    @classmethod
    def connect(cls, home: Path, *, start: bool = True, daemon: DaemonInfo | None = None) -> TrainerClient:
        """Return a client of a home's daemon.

        Args:
            home: The home.
            start: Start a daemon if none runs; it ends by itself when it has been idle for a while.
            daemon: The daemon, if it is known.

        Raises:
            UsageError: No daemon runs (with ``start=False``), or the home cannot be used.
            MosaicError: The daemon did not start.
        """
        return cls._checked(HomeRoute(home, start=start, daemon=daemon))

    @classmethod
    def connect_to(cls, remote: RemoteDaemon) -> TrainerClient:
        """Return a client of a daemon elsewhere.

        Args:
            remote: Where it is.

        Raises:
            UsageError: Its token or certificate cannot be read, or it refuses the token.
            MosaicError: It does not answer.
        """
        return cls._checked(RemoteRoute(remote))

    @classmethod
    def _checked(cls, route: HomeRoute | RemoteRoute) -> TrainerClient:
        client = cls(route)
        try:
            client.status()  # a daemon that is just ending is waited for, and followed by the next
        except BaseException:
            client.close()
            raise
        return client

    def __enter__(self) -> TrainerClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._channel.close()
        self._connection.release()

    @property
    def home(self) -> Path | None:
        """The home whose daemon this is a client of; ``None``: it is elsewhere."""
        return self._route.home if isinstance(self._route, HomeRoute) else None

    @property
    def address(self) -> str:
        """The daemon's address."""
        return self._route.address

    @property
    def where(self) -> str:
        """The home, or the address of a daemon elsewhere."""
        return self._route.where

    @property
    def lost_since(self) -> float | None:
        """When the connection was lost, monotonic seconds; ``None``: nothing has failed since the last answer."""
        return self._connection.lost_since

    def submit(
        self,
        payload: dict[str, Any],
        *,
        submitter: str | None = None,
        group: str = "",
        parent_run_id: str | None = None,
        argv: Sequence[str] | None = None,
    ) -> str:
        """Submit a run and return its id; it is queued and on record when this returns.

        Args:
            payload: The run config.
            submitter: Who submits; the user's name if not given.
            group: Common to runs that were submitted together.
            parent_run_id: The run that this one resumes, evaluates or repeats.
            argv: The command line that goes on record; this process's if not given.

        Raises:
            ConfigError: The config is not valid; every problem is listed and nothing was written.
        """
        here = self.home is not None
        call = calls.submit(
            self._with_environment(payload),
            submitter=submitter,
            group=group,
            parent_run_id=parent_run_id,
            here=here,
            argv=argv,
        )
        return self._do(call)

    def validate(self, payload: dict[str, Any]) -> list[Problem]:
        """Return every problem of a run config; nothing is written."""
        try:
            call = calls.validate(self._with_environment(payload))
        except ConfigError as error:
            return error.problems
        return self._do(call)

    def resolve(self, reference: str) -> str:
        """Return the id of the run that a user means: by id, a part of it, name, or ``latest``.

        Raises:
            UsageError: There is no such run, or there are several.
        """
        return self._do(calls.resolve(reference))

    def get(self, run_id: str) -> RunSummary:
        """Return a run as it stands.

        Raises:
            UsageError: There is no such run.
        """
        return self._do(calls.get(run_id))

    def why(self, run_id: str) -> Explanation:
        """Return what a queued run waits for, or what the state of another one means.

        Raises:
            UsageError: There is no such run.
        """
        return self._do(calls.why(run_id))

    def watch(self, run_ids: Iterable[str], *, curves: bool = False) -> Iterator[RunSummary]:
        """Yield the current value of each run, then every change; end when all have ended.

        A daemon that dies meanwhile is replaced and the watch goes on.

        Args:
            run_ids: The runs.
            curves: Learning curves with every value; otherwise only with the last one of a run.

        Raises:
            UsageError: One of them does not exist.
            MosaicError: The daemon is gone and could not be started again.
        """
        return self._stream(Watching(run_ids, curves=curves))

    def stream(
        self,
        run_id: str,
        *,
        cursor: RowCursor = (),
        from_now: bool = False,
        kinds: Iterable[str] = (),
        max_rate: float | None = None,
    ) -> Iterator[RowBatch]:
        """Yield a run's rows as they come in; end when the run has ended and all was yielded.

        A daemon that dies meanwhile is replaced and the stream goes on where it was.

        Args:
            run_id: The run.
            cursor: That of the last batch of an earlier stream; empty: from the beginning.
            from_now: Only new rows.
            kinds: Of `step`, `episode`, `metric` and `event`; none: all.
            max_rate: Steps per second at most, those in excess are left out and stand in ``gaps``; 0 leaves none out;
                ``None`` is what the daemon thinks right for eyes. Nothing but steps is ever left out.

        Raises:
            UsageError: There is no such run.
            MosaicError: The telemetry cannot be read, or the daemon is gone and could not be started again.
        """
        return self._stream(Reading(run_id, cursor, from_now=from_now, kinds=kinds, max_rate=max_rate))

    def cancel(self, run_id: str, *, reason: str = "", by: str | None = None, wait: bool = False) -> RunSummary:
        """Ask a run to end; asking again, or asking a run that has ended, changes nothing.

        Args:
            run_id: The run.
            reason: Kept with the run.
            by: Who asks for it; the user's name if not given.
            wait: Return when it has ended.

        Returns:
            The run as it stands. Its state tells whether it had ended by itself.
        """
        run = self._do(calls.cancel(run_id, reason, by))
        if wait and not run.state.terminal:
            for seen in self.watch([run_id]):
                run = seen
        return run

    def pause(self, run_id: str, *, reason: str = "", by: str | None = None) -> RunSummary:
        """Ask a run to suspend its workers until it is unpaused; asking again changes nothing.

        Args:
            run_id: The run.
            reason: Kept with the run.
            by: Who asks for it; the user's name if not given.

        Returns:
            The run as it stands: its workers are stopped a moment later.

        Raises:
            UsageError: It cannot be paused: it has ended or not begun, or one of its workers does not allow it.
        """
        return self._do(calls.pause(run_id, reason, by))

    def unpause(self, run_id: str, *, by: str | None = None) -> RunSummary:
        """Ask a paused run to go on.

        Args:
            run_id: The run.
            by: Who asks for it; the user's name if not given.

        Raises:
            UsageError: It is not paused.
        """
        return self._do(calls.unpause(run_id, by))

    def delete(self, run_id: str) -> None:
        """Remove a run that has ended, its folder included.

        Raises:
            UsageError: There is no such run, or it has not ended.
        """
        self._do(calls.delete(run_id))

    def workers(self) -> list[WorkerRecord]:
        """Return every installed worker, broken ones with their reason; without schemas."""
        return self._do(calls.workers())

    def worker(self, name: str) -> WorkerRecord:
        """Return one worker with its schema.

        Raises:
            UsageError: There is no such worker (with the nearest name).
        """
        return self._do(calls.worker(name))

    def status(self) -> DaemonStatus:
        """Return what the daemon says of itself: its pid, address, version, home, and how many runs it has."""
        return self._do(calls.status())

    def shutdown(self) -> None:
        """End the daemon; runs continue."""
        self._do(calls.shutdown())

    def list(self, wanted: RunFilter = EVERY_RUN, *, limit: int | None = 100, curves: bool = False) -> list[RunSummary]:
        """Return runs, the newest first.

        Args:
            wanted: Which runs.
            limit: Maximum number; ``None``: all.
            curves: Learning curves too.
        """
        listing = Listing(wanted, limit, curves=curves)
        while (call := listing.next()) is not None:
            self._do(call)
        return listing.runs

    def _with_environment(self, payload: dict[str, Any]) -> dict[str, Any]:
        """Add the variables of this machine that belong to a run on it."""
        return payload if self.home is None else with_base_environment(payload, os.environ)

    def _do(self, call: Call[R]) -> R:
        """Make a call; if the daemon is gone, make it to its successor."""
        retries = self._connection.retries(call)
        while True:
            method = self._connection.methods[call.method]
            try:
                answer = method(call.request, metadata=self._connection.metadata, timeout=call.timeout_s)
            except grpc.RpcError as failure:
                self._recover(failure, retries)
            else:
                self._connection.answered()
                return call.read(answer)

    def _stream(self, asked: Any) -> Iterator[Any]:
        retries = self._connection.retries()
        while not asked.over:
            method = self._connection.methods[asked.method]
            stream = method(asked.request(), metadata=self._connection.metadata)
            try:
                for message in stream:
                    self._connection.answered()
                    yield asked.take(message)
                    retries.start_over()
                return
            except grpc.RpcError as failure:
                self._recover(failure, retries)
            finally:
                stream.cancel()

    def _recover(self, failure: Any, retries: Retries) -> None:
        """Connect to the next daemon if the last one is gone; raise the failure otherwise."""
        time.sleep(self._connection.wait_s(failure, retries))
        former = self._channel
        self._channel, release = self._connection.open()
        former.close()
        release()
