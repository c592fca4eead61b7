"""The synchronous client of the trainer daemon. gRPC is imported on first use, so that ``mosaic --help`` stays fast."""

from __future__ import annotations

import contextlib
import getpass
import os
import random
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gym_gui.core.worker.errors import ConfigError, MosaicError, Problem, UsageError
from gym_gui.rpc.start import start_daemon
from gym_gui.runs.base_environment import with_base_environment
from gym_gui.runs.filter import EVERY_RUN, RunFilter
from gym_gui.runs.json_values import WHOLE
from gym_gui.runs.summary import RunSummary
from gym_gui.trainer.home import DaemonHome, DaemonInfo

if TYPE_CHECKING:
    from gym_gui.telemetry.row_stream import Cursor, RowBatch
    from gym_gui.trainer.trainer import DaemonStatus
    from gym_gui.trainer.why import Explanation
    from gym_gui.workers.record import WorkerRecord

#: Seconds that a call may take; submission may have to probe a worker first.
CALL_TIMEOUT_S = 30.0
SUBMIT_TIMEOUT_S = 180.0
#: A daemon that does not take notice within this time stands still, or hangs.
SHUTDOWN_TIMEOUT_S = 5.0
_PAGE = 500
#: How often a daemon that is gone is looked for anew, and the first wait between, seconds.
TRIES = 6
_FIRST_WAIT_S = 0.05


class TrainerClient:
    """Speaks to the daemon of one home.

    Use :meth:`connect`; close it, or use it as a context manager.
    """

    def __init__(self, home: Path, daemon: DaemonInfo, *, start: bool = False) -> None:
        self._home = home
        self._start = start
        self._id = os.urandom(8).hex()
        self._connection = contextlib.ExitStack()
        self.address = daemon.address
        self._open(daemon)

    @classmethod
    def connect(cls, home: Path, *, start: bool = True) -> TrainerClient:
        """Return a client of the home's daemon.

        Args:
            home: The home.
            start: Start a daemon if none runs; it ends by itself when it has been idle for a while.

        Raises:
            UsageError: No daemon runs (with ``start=False``), or the home cannot be used.
            MosaicError: The daemon did not start.
        """
        client = cls(home, _daemon_of(home, start), start=start)
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
        self._connection.close()

    @property
    def home(self) -> Path:
        """The home whose daemon this is a client of."""
        return self._home

    def submit(
        self,
        payload: dict[str, Any],
        *,
        submitter: str | None = None,
        group: str = "",
        parent_run_id: str | None = None,
    ) -> str:
        """Submit a run and return its id; it is queued and on record when this returns.

        Args:
            payload: The run config.
            submitter: Who submits; the user's name if not given.
            group: Common to runs that were submitted together.
            parent_run_id: The run that this one resumes, evaluates or repeats.

        Raises:
            ConfigError: The config is not valid; every problem is listed and nothing was written.
        """
        request = self._pb.SubmitRunRequest(
            config_json=_config_json(with_base_environment(payload, os.environ)),
            submitter=_user() if submitter is None else submitter,
            group=group,
            parent_run_id=parent_run_id,
            argv=[os.fsencode(word).decode("utf-8", "backslashreplace") for word in sys.argv],
            working_directory=_working_directory(),
        )
        answer = self._call("SubmitRun", request, SUBMIT_TIMEOUT_S, tries=1)
        return str(answer.run_id)

    def validate(self, payload: dict[str, Any]) -> list[Problem]:
        """Return every problem of a run config; nothing is written."""
        from gym_gui.rpc.messages import problem_from_pb

        try:
            config = _config_json(with_base_environment(payload, os.environ))
            request = self._pb.ValidateRunRequest(config_json=config)
        except ConfigError as error:
            return error.problems
        answer = self._call("ValidateRun", request, SUBMIT_TIMEOUT_S)
        return [problem_from_pb(problem) for problem in answer.problems]

    def get(self, run_id: str) -> RunSummary:
        """Return what is known of a run.

        Raises:
            UsageError: There is no such run.
        """
        return self._summary(self._call("GetRun", self._pb.GetRunRequest(run_id=run_id)))

    def why(self, run_id: str) -> Explanation:
        """Return what a queued run waits for, or what the state of another one means.

        Raises:
            UsageError: There is no such run.
        """
        from gym_gui.rpc.messages import explanation_from_pb

        return explanation_from_pb(self._call("WhyRun", self._pb.WhyRunRequest(run_id=run_id)))

    def watch(self, run_ids: Iterable[str]) -> Iterator[RunSummary]:
        """Yield the current value of each run, then every change; end when all have ended.

        A daemon that dies meanwhile is replaced and the watch goes on.

        Args:
            run_ids: The runs.

        Raises:
            UsageError: One of them does not exist.
            MosaicError: The daemon is gone and could not be started again.
        """
        waiting = list(run_ids)
        failures = 0
        while waiting:
            stream = self._stub.WatchRuns(self._pb.WatchRunsRequest(run_ids=waiting), metadata=self._metadata)
            try:
                for message in stream:
                    failures = 0
                    run = self._summary(message)
                    if run.state.terminal and run.run_id in waiting:
                        waiting.remove(run.run_id)
                    yield run
                return
            except self._grpc.RpcError as failure:
                failures += 1
                self._recover(failure, failures)
            finally:
                stream.cancel()

    def stream(
        self,
        run_id: str,
        *,
        cursor: Cursor = (),
        from_now: bool = False,
        kinds: Iterable[str] = (),
        max_rate: float | None = None,
    ) -> Iterator[RowBatch]:
        """Yield a run's rows as they come in; end when the run has ended and all was yielded.

        A daemon that dies meanwhile is replaced and the stream goes on where it was.

        Args:
            run_id: The run.
            cursor: That of the last batch of an earlier stream; empty: from the beginning.
            from_now: Only what comes in from now on.
            kinds: Of `step`, `episode`, `metric` and `event`; none: all.
            max_rate: Steps per second at most, those in excess are left out and stand in ``gaps``; 0 leaves none out;
                ``None`` is what the daemon thinks right for eyes. Nothing but steps is ever left out.

        Raises:
            UsageError: There is no such run.
            MosaicError: The telemetry cannot be read, or the daemon is gone and could not be started again.
        """
        from gym_gui.rpc.row_messages import batch_from_pb, request_to_pb

        failures = 0
        while True:
            request = request_to_pb(run_id, cursor=cursor, from_now=from_now, kinds=kinds, max_rate=max_rate)
            stream = self._stub.StreamTelemetry(request, metadata=self._metadata)
            try:
                for message in stream:
                    failures = 0
                    batch = batch_from_pb(message, run_id)
                    cursor, from_now = batch.cursor, False
                    yield batch
                return
            except self._grpc.RpcError as failure:
                failures += 1
                self._recover(failure, failures)
            finally:
                stream.cancel()

    def cancel(self, run_id: str, *, reason: str = "", wait: bool = False) -> RunSummary:
        """Ask a run to end; asking again, or asking a run that has ended, changes nothing.

        Args:
            run_id: The run.
            reason: Kept with the run.
            wait: Return when it has ended.

        Returns:
            The run as it stands. Its state tells whether it had ended by itself.
        """
        request = self._pb.CancelRunRequest(run_id=run_id, reason=reason, by=_user())
        run = self._summary(self._call("CancelRun", request).run)
        if wait and not run.state.terminal:
            for seen in self.watch([run_id]):
                run = seen
        return run

    def pause(self, run_id: str, *, reason: str = "") -> RunSummary:
        """Ask a run to stand still until it is unpaused; asking again changes nothing.

        Args:
            run_id: The run.
            reason: Kept with the run.

        Returns:
            The run as it stands: its workers are stopped a moment later.

        Raises:
            UsageError: It cannot be paused: it has ended or not begun, or one of its workers does not allow it.
        """
        request = self._pb.PauseRunRequest(run_id=run_id, reason=reason, by=_user())
        return self._summary(self._call("PauseRun", request).run)

    def unpause(self, run_id: str) -> RunSummary:
        """Ask a paused run to go on.

        Raises:
            UsageError: Nobody has paused it.
        """
        return self._summary(self._call("UnpauseRun", self._pb.UnpauseRunRequest(run_id=run_id, by=_user())).run)

    def delete(self, run_id: str) -> None:
        """Remove a run that has ended, its folder included.

        Raises:
            UsageError: There is no such run, or it has not ended.
        """
        self._call("DeleteRun", self._pb.DeleteRunRequest(run_id=run_id), SUBMIT_TIMEOUT_S)

    def workers(self) -> list[WorkerRecord]:
        """Return every installed worker, broken ones with their reason; without schemas."""
        from gym_gui.rpc.messages import record_from_pb

        answer = self._call("ListWorkers", self._pb.ListWorkersRequest(), SUBMIT_TIMEOUT_S)
        return [record_from_pb(worker) for worker in answer.workers]

    def worker(self, name: str) -> WorkerRecord:
        """Return one worker with its schema.

        Raises:
            UsageError: There is no such worker (with the nearest name).
        """
        from gym_gui.rpc.messages import record_from_pb

        request = self._pb.DescribeWorkerRequest(name=name)
        return record_from_pb(self._call("DescribeWorker", request, SUBMIT_TIMEOUT_S))

    def status(self) -> DaemonStatus:
        """Return what the daemon says of itself: its pid, address, version, home, and how many runs it has."""
        from gym_gui.rpc.messages import status_from_pb

        return status_from_pb(self._call("GetStatus", self._pb.GetStatusRequest()))

    def shutdown(self) -> None:
        """End the daemon; runs go on."""
        self._call("Shutdown", self._pb.ShutdownRequest(), SHUTDOWN_TIMEOUT_S, tries=1)

    def list(self, wanted: RunFilter = EVERY_RUN, *, limit: int | None = 100, curves: bool = False) -> list[RunSummary]:
        """Return runs, the newest first.

        Args:
            wanted: Which runs.
            limit: At most so many; ``None``: all.
            curves: Learning curves too.
        """
        from gym_gui.rpc.converter import state_to_pb

        request = self._pb.ListRunsRequest(group=wanted.group, tag=wanted.tag, worker=wanted.worker, curves=curves)
        request.states.extend(state_to_pb(state) for state in wanted.states)
        runs: list[RunSummary] = []
        while limit is None or len(runs) < limit:
            request.page_size = _PAGE if limit is None else min(_PAGE, limit - len(runs))
            page = self._call("ListRuns", request)
            runs += [self._summary(run) for run in page.runs]
            if not page.next_page_token:
                break
            request.page_token = page.next_page_token
        return runs

    def _open(self, daemon: DaemonInfo) -> None:
        import grpc

        from gym_gui.rpc.channel import client_metadata, credentials_metadata, daemon_channel
        from gym_gui.rpc.proto import mosaic_pb2, mosaic_pb2_grpc

        self._grpc = grpc
        self._pb = mosaic_pb2
        self.address = daemon.address
        home = DaemonHome(self._home)
        self._metadata = (*credentials_metadata(home.token()), *client_metadata(self._id))
        self._stub = mosaic_pb2_grpc.TrainerServiceStub(self._connection.enter_context(daemon_channel(home, daemon)))

    def _call(self, method: str, request: Any, timeout: float = CALL_TIMEOUT_S, *, tries: int = TRIES) -> Any:
        """Call a method; if the daemon is gone, call its successor (not where that could do a thing twice)."""
        failures = 0
        while True:
            stub_method = getattr(self._stub, method)
            try:
                return stub_method(request, metadata=self._metadata, timeout=timeout)
            except self._grpc.RpcError as failure:
                failures += 1
                if failures >= tries:
                    raise self._error(failure) from None
                self._recover(failure, failures)

    def _recover(self, failure: Any, failures: int) -> None:
        """Connect to the next daemon if the last one is gone; raise the failure otherwise."""
        gone = failure.code() is self._grpc.StatusCode.UNAVAILABLE
        if not gone or failures >= TRIES:
            raise self._error(failure) from None
        time.sleep(random.uniform(0.5, 1.0) * _FIRST_WAIT_S * 2**failures)
        self._connection.close()
        self._open(_daemon_of(self._home, self._start))

    def _error(self, failure: Any) -> MosaicError:
        from gym_gui.rpc.faults import error_of

        return error_of(failure, home=str(self._home))

    def _summary(self, message: Any) -> RunSummary:
        from gym_gui.rpc.messages import summary_from_pb

        return summary_from_pb(message)


def _daemon_of(home: Path, start: bool) -> DaemonInfo:
    daemon = DaemonHome(home).daemon()
    if daemon is None and start:
        start_daemon(home, on_demand=True)
        daemon = DaemonHome(home).daemon()
    if daemon is None:
        raise UsageError("no trainer daemon runs", where=str(home), next_step="mosaic daemon start")
    return daemon


def _config_json(payload: dict[str, Any]) -> bytes:
    from gym_gui.rpc.converter import json_bytes

    try:
        return json_bytes(payload)
    except (TypeError, ValueError, RecursionError) as error:
        problem = Problem(WHOLE, f"cannot be written as JSON: {error}", allowed="a JSON object")
        raise ConfigError("run config is not valid", [problem]) from None


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return str(os.getuid())


def _working_directory() -> str:
    try:
        return str(Path.cwd())
    except OSError:
        return ""
