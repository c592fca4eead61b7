"""What a client asks the daemon: each call's request, answer, patience. The core of both clients; does no I/O."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from gym_gui.core.worker.errors import ConfigError, Problem
from gym_gui.rpc.converter import json_bytes, state_to_pb
from gym_gui.rpc.messages import (
    explanation_from_pb,
    problem_from_pb,
    record_from_pb,
    status_from_pb,
    summary_from_pb,
)
from gym_gui.rpc.proto import mosaic_pb2 as pb
from gym_gui.rpc.received_curves import ReceivedCurves
from gym_gui.rpc.row_messages import batch_from_pb, request_to_pb
from gym_gui.runs import WHOLE_CONFIG, RunFilter, RunSummary
from gym_gui.telemetry import RowBatch, RowCursor

if TYPE_CHECKING:
    from gym_gui.trainer import DaemonStatus, Explanation
    from gym_gui.workers import WorkerRecord

R = TypeVar("R")
#: Seconds that a call may take; submission may have to probe a worker first.
CALL_TIMEOUT_S = 30.0
SUBMIT_TIMEOUT_S = 180.0
#: A daemon that does not answer within this time is stopped, or hangs.
SHUTDOWN_TIMEOUT_S = 5.0
#: How often a call is tried where the daemon is gone, each time with the daemon that is there then.
TRIES = 6
_PAGE = 500


@dataclass(frozen=True)
class Call(Generic[R]):
    """One call that is answered once."""

    method: str
    request: Any
    read: Callable[[Any], R]
    """Makes of the answer what the caller gets."""
    timeout_s: float = CALL_TIMEOUT_S
    tries: int = TRIES
    """1: where a second try could do a thing twice."""


def submit(
    payload: dict[str, Any],
    *,
    submitter: str | None,
    group: str,
    parent_run_id: str | None,
    here: bool,
    argv: Sequence[str] | None = None,
) -> Call[str]:
    """Submit a run.

    Args:
        payload: The run config.
        submitter: Who submits; ``None``: the user's name.
        group: Common to runs that were submitted together.
        parent_run_id: The run that this one resumes, evaluates or repeats.
        here: Whether the daemon is on this machine, and can look at the working directory.
        argv: The command line that goes on record; ``None``: this process's.

    Raises:
        ConfigError: The payload is no JSON.
    """
    words = sys.argv if argv is None else argv
    request = pb.SubmitRunRequest(
        config_json=config_json(payload),
        submitter=user() if submitter is None else submitter,
        group=group,
        parent_run_id=parent_run_id,
        argv=[os.fsencode(word).decode("utf-8", "backslashreplace") for word in words],
        working_directory=working_directory() if here else "",
    )
    return Call("SubmitRun", request, lambda answer: str(answer.run_id), SUBMIT_TIMEOUT_S, tries=1)


def validate(payload: dict[str, Any]) -> Call[list[Problem]]:
    """Check a run config.

    Raises:
        ConfigError: The payload is no JSON.
    """
    request = pb.ValidateRunRequest(config_json=config_json(payload))
    return Call("ValidateRun", request, lambda answer: [problem_from_pb(each) for each in answer.problems],
                SUBMIT_TIMEOUT_S)  # fmt: skip


def resolve(reference: str) -> Call[str]:
    """Find the run that a user means."""
    return Call("ResolveRun", pb.ResolveRunRequest(reference=reference), lambda answer: str(answer.run_id))


def get(run_id: str) -> Call[RunSummary]:
    """Get a run."""
    return Call("GetRun", pb.GetRunRequest(run_id=run_id), summary_from_pb)


def why(run_id: str) -> Call[Explanation]:
    """Ask why a run is in its state."""
    return Call("WhyRun", pb.WhyRunRequest(run_id=run_id), explanation_from_pb)


def cancel(run_id: str, reason: str, by: str | None = None) -> Call[RunSummary]:
    """Ask a run to end. ``by``: who asks; ``None``: the user."""
    request = pb.CancelRunRequest(run_id=run_id, reason=reason, by=user() if by is None else by)
    return Call("CancelRun", request, lambda answer: summary_from_pb(answer.run))


def pause(run_id: str, reason: str, by: str | None = None) -> Call[RunSummary]:
    """Ask a run to suspend its workers. ``by``: who asks; ``None``: the user."""
    request = pb.PauseRunRequest(run_id=run_id, reason=reason, by=user() if by is None else by)
    return Call("PauseRun", request, lambda answer: summary_from_pb(answer.run))


def unpause(run_id: str, by: str | None = None) -> Call[RunSummary]:
    """Ask a paused run to go on. ``by``: who asks; ``None``: the user."""
    request = pb.UnpauseRunRequest(run_id=run_id, by=user() if by is None else by)
    return Call("UnpauseRun", request, lambda answer: summary_from_pb(answer.run))


def delete(run_id: str) -> Call[None]:
    """Remove a run."""
    return Call("DeleteRun", pb.DeleteRunRequest(run_id=run_id), lambda _: None, SUBMIT_TIMEOUT_S)


def workers() -> Call[list[WorkerRecord]]:
    """List the workers."""
    request = pb.ListWorkersRequest()
    return Call("ListWorkers", request, lambda answer: [record_from_pb(each) for each in answer.workers],
                SUBMIT_TIMEOUT_S)  # fmt: skip


def worker(name: str) -> Call[WorkerRecord]:
    """Describe a worker."""
    return Call("DescribeWorker", pb.DescribeWorkerRequest(name=name), record_from_pb, SUBMIT_TIMEOUT_S)


def status() -> Call[DaemonStatus]:
    """Ask the daemon for its status."""
    return Call("GetStatus", pb.GetStatusRequest(), status_from_pb)


def shutdown() -> Call[None]:
    """End the daemon."""
    return Call("Shutdown", pb.ShutdownRequest(), lambda _: None, SHUTDOWN_TIMEOUT_S, tries=1)


class Listing:
    """A list of runs, page by page.

    Args:
        wanted: Which runs.
        limit: Maximum number; ``None``: all.
        curves: With learning curves.
    """

    def __init__(self, wanted: RunFilter, limit: int | None, *, curves: bool) -> None:
        self.runs: list[RunSummary] = []
        self._limit = limit
        self._over = False
        self._request = pb.ListRunsRequest(group=wanted.group, tag=wanted.tag, worker=wanted.worker, curves=curves)
        self._request.states.extend(state_to_pb(state) for state in wanted.states)

    def next(self) -> Call[None] | None:
        """Return the call for the next page, ``None`` if there is none."""
        if self._over or (self._limit is not None and len(self.runs) >= self._limit):
            return None
        self._request.page_size = _PAGE if self._limit is None else min(_PAGE, self._limit - len(self.runs))
        return Call("ListRuns", self._request, self._take)

    def _take(self, page: pb.ListRunsResponse) -> None:
        self.runs += [summary_from_pb(run) for run in page.runs]
        self._request.page_token = page.next_page_token
        self._over = not page.next_page_token


class Watching:
    """A stream of the values of some runs, which goes on with the next daemon.

    Args:
        run_ids: The runs.
        curves: Learning curves with every value.
    """

    method = "WatchRuns"

    def __init__(self, run_ids: Iterable[str], *, curves: bool) -> None:
        self._open = list(run_ids)
        self._curves = curves
        self._received = ReceivedCurves()

    @property
    def over(self) -> bool:
        """Whether all runs have ended."""
        return not self._open

    def request(self) -> pb.WatchRunsRequest:
        """Return the request for the runs that have not ended, for a stream that begins with whole values."""
        self._received = ReceivedCurves()
        return pb.WatchRunsRequest(run_ids=self._open, curves=self._curves, differences=self._curves)

    def take(self, message: pb.RunSummary) -> RunSummary:
        """Return the value that came, whole."""
        run = self._received.read(message)
        if run.state.terminal and run.run_id in self._open:
            self._open.remove(run.run_id)
        return run


class Reading:
    """A stream of a run's rows, which goes on with the next daemon where it was.

    Args:
        run_id: The run.
        cursor: That of the last batch of an earlier stream; empty: from the beginning.
        from_now: Only new rows.
        kinds: Kinds of rows; none: all.
        max_rate: Steps per second at most; 0: all; ``None``: as many as the daemon thinks right for eyes.
    """

    method = "StreamTelemetry"
    over = False

    def __init__(
        self, run_id: str, cursor: RowCursor, *, from_now: bool, kinds: Iterable[str], max_rate: float | None
    ) -> None:
        self._run_id = run_id
        self._cursor = cursor
        self._from_now = from_now
        self._kinds = tuple(kinds)
        self._max_rate = max_rate

    def request(self) -> pb.StreamTelemetryRequest:
        """Return the request for what has not come yet.

        Raises:
            KeyError: There is no such kind of rows.
        """
        return request_to_pb(
            self._run_id, cursor=self._cursor, from_now=self._from_now, kinds=self._kinds, max_rate=self._max_rate
        )

    def take(self, message: pb.TelemetryBatch) -> RowBatch:
        """Return the rows that came."""
        batch = batch_from_pb(message, self._run_id)
        self._cursor, self._from_now = batch.cursor, False
        return batch


def config_json(payload: dict[str, Any]) -> bytes:
    """Return a run config as JSON.

    Raises:
        ConfigError: It cannot be written as such.
    """
    try:
        return json_bytes(payload)
    except (TypeError, ValueError, RecursionError) as error:
        problem = Problem(WHOLE_CONFIG, f"cannot be written as JSON: {error}", allowed="a JSON object")
        raise ConfigError("run config is not valid", [problem]) from None


def user() -> str:
    """Return the user's name."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return str(os.getuid())


def working_directory() -> str:
    try:
        return str(Path.cwd())
    except OSError:
        return ""
