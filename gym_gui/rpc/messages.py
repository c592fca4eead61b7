"""Summaries, explanations, worker records and problems as messages, and back."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING

import msgspec

from gym_gui.core.worker.errors import Problem
from gym_gui.rpc.converter import Converter, json_bytes, text
from gym_gui.rpc.proto import mosaic_pb2 as pb
from gym_gui.runs import CurvePoint, RunSummary

if TYPE_CHECKING:
    from gym_gui.trainer import DaemonStatus, Explanation
    from gym_gui.workers import WorkerRecord

#: Longest JSON of an offending value that travels with its problem, in characters.
VALUE_CHARACTERS = 400
#: Fields of summaries that only streams of them use.
STREAM_FIELDS = frozenset({"kept_points"})


@functools.cache
def _summaries() -> Converter[RunSummary, pb.RunSummary]:
    return Converter(RunSummary, pb.RunSummary, unconverted=STREAM_FIELDS)


@functools.cache
def _explanations() -> Converter[Explanation, pb.WhyRunResponse]:
    from gym_gui.trainer import Explanation

    return Converter(Explanation, pb.WhyRunResponse)


@functools.cache
def _statuses() -> Converter[DaemonStatus, pb.DaemonStatus]:
    from gym_gui.trainer import DaemonStatus

    return Converter(DaemonStatus, pb.DaemonStatus)


@functools.cache
def _records() -> Converter[WorkerRecord, pb.WorkerRecord]:
    from gym_gui.workers import LOCAL_FIELDS, WorkerRecord

    return Converter(WorkerRecord, pb.WorkerRecord, local={*LOCAL_FIELDS, "package_hash", "record_schema"})


def summary_to_pb(run: RunSummary, *, curves: bool = True, since: RunSummary | None = None) -> pb.RunSummary:
    """Return a run's summary as a message.

    Args:
        run: The summary.
        curves: Whether the workers' learning curves go with it.
        since: The summary of the run that the same stream sent before, with curves: points that these begin with are
            left out, and :class:`~gym_gui.rpc.received_curves.ReceivedCurves` restores them.
    """
    if not curves:
        return _summaries().encode(_without_points(run, [len(worker.curve) for worker in run.workers]))
    if since is None or since.state.terminal:
        return _summaries().encode(run)
    before = {worker.worker_id: worker.curve for worker in since.workers}
    kept = [_equal_points(worker.curve, before.get(worker.worker_id, [])) for worker in run.workers]
    message = _summaries().encode(_without_points(run, kept))
    for worker, count in zip(message.workers, kept, strict=True):
        worker.kept_points = count
    return message


def _without_points(run: RunSummary, counts: list[int]) -> RunSummary:
    """Return a summary without so many points at the beginning of each worker's curve."""
    workers = [
        msgspec.structs.replace(worker, curve=worker.curve[count:]) if count else worker
        for worker, count in zip(run.workers, counts, strict=True)
    ]
    return msgspec.structs.replace(run, workers=workers)


def _equal_points(new: list[CurvePoint], old: list[CurvePoint]) -> int:
    """Return the number of points at the beginning of two curves that are equal."""
    for count, (left, right) in enumerate(zip(new, old, strict=False)):
        if left is not right and left != right:
            return count
    return min(len(new), len(old))


def summary_from_pb(message: pb.RunSummary) -> RunSummary:
    """Return the summary that a message carries.

    Raises:
        ValueError: It holds a state that is unknown here.
    """
    return _summaries().decode(message)


def explanation_to_pb(explanation: Explanation) -> pb.WhyRunResponse:
    """Return an explanation as its message."""
    return _explanations().encode(explanation)


def explanation_from_pb(message: pb.WhyRunResponse) -> Explanation:
    """Return a message's explanation."""
    return _explanations().decode(message)


def record_to_pb(record: WorkerRecord) -> pb.WorkerRecord:
    """Return a worker's record as a message."""
    return _records().encode(record)


def record_from_pb(message: pb.WorkerRecord) -> WorkerRecord:
    """Return the record that a message carries."""
    return _records().decode(message)


def status_to_pb(status: DaemonStatus) -> pb.DaemonStatus:
    """Return a daemon's status as a message."""
    return _statuses().encode(status)


def status_from_pb(message: pb.DaemonStatus) -> DaemonStatus:
    """Return the status that a message carries."""
    return _statuses().decode(message)


def problem_to_pb(problem: Problem) -> pb.Problem:
    """Return a config's fault as a message, its value shortened where it is long."""
    value = b""
    if problem.value is not None:
        try:
            value = json_bytes(problem.value)
        except (TypeError, ValueError):
            value = json_bytes(repr(problem.value))
        except RecursionError:
            value = json_bytes(f"a deep {type(problem.value).__name__}")
        if len(value) > VALUE_CHARACTERS:
            value = json_bytes(value.decode()[:VALUE_CHARACTERS] + "…")
    return pb.Problem(
        path=text(problem.path),
        message=text(problem.message),
        value_json=value,
        allowed=text(problem.allowed),
        nearest=None if problem.nearest is None else text(problem.nearest),
    )


def problem_from_pb(message: pb.Problem) -> Problem:
    """Return the fault that a message carries."""
    return Problem(
        message.path,
        message.message,
        value=json.loads(message.value_json) if message.value_json else None,
        allowed=message.allowed,
        nearest=message.nearest if message.HasField("nearest") else None,
    )
