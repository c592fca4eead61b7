"""Errors of MOSAIC as gRPC statuses and back: the four parts and all problems survive the wire."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc

from gym_gui.core.worker.errors import ConfigError, MosaicError, NotFoundError, UsageError
from gym_gui.rpc.converter import text
from gym_gui.rpc.messages import problem_from_pb, problem_to_pb
from gym_gui.rpc.proto import mosaic_pb2 as pb

#: Trailing metadata that carries an ``ErrorDetail``.
DETAIL_KEY = "mosaic-error-bin"
#: Both ends allow this much of it, bytes (gRPC's own limit is 8 KiB: a config with many problems needs more).
MAX_METADATA_BYTES = 1 << 20
_STATUS_CHARACTERS = 2000


def status_of(error: MosaicError) -> grpc.StatusCode:
    """Return the gRPC status that stands for an error."""
    if isinstance(error, ConfigError):
        return grpc.StatusCode.INVALID_ARGUMENT
    if isinstance(error, NotFoundError):
        return grpc.StatusCode.NOT_FOUND
    if isinstance(error, UsageError):
        return grpc.StatusCode.FAILED_PRECONDITION
    return grpc.StatusCode.INTERNAL


def status_text(error: MosaicError) -> str:
    """Return an error as the text of a gRPC status, shortened to what every client takes."""
    whole = text(str(error))
    return whole if len(whole) <= _STATUS_CHARACTERS else whole[:_STATUS_CHARACTERS] + " …"


def detail_of(error: MosaicError) -> bytes:
    """Return an error as a serialized ``ErrorDetail``; problems that do not fit are left out, and counted."""
    problems = list(getattr(error, "problems", []))
    detail = pb.ErrorDetail(
        what=text(error.what),
        where=text(error.where),
        why=text(error.why),
        next_step=text(error.next_step),
        exit_code=error.exit_code,
    )
    room = MAX_METADATA_BYTES // 4
    for number, problem in enumerate(problems):
        message = problem_to_pb(problem)
        room -= message.ByteSize()
        if room < 0:
            detail.problems.append(pb.Problem(path="…", message=f"{len(problems) - number} more problems"))
            break
        detail.problems.append(message)
    return detail.SerializeToString()


def error_of(
    failure: Any, *, where: str, unreachable: Callable[[str], MosaicError], refused: Callable[[], MosaicError]
) -> MosaicError:
    """Return the error that a failed call stands for.

    Args:
        failure: What the call raised: a ``grpc.RpcError`` that is a call, too.
        where: The daemon's home or address.
        unreachable: Returns the error for a daemon that does not answer; given gRPC's text.
        refused: Returns the error for a token that the daemon refuses.
    """
    code = failure.code()
    for key, value in failure.trailing_metadata() or ():
        if key == DETAIL_KEY:
            return _from_detail(pb.ErrorDetail.FromString(value), missing=code is grpc.StatusCode.NOT_FOUND)
    if code is grpc.StatusCode.UNAVAILABLE:
        return unreachable(failure.details() or "")
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return MosaicError(
            "the trainer daemon did not answer in time",
            where=where,
            why="the machine is overloaded, or the daemon is stuck",
            next_step="look into logs/daemon.log in the home, then try again",
        )
    if code is grpc.StatusCode.UNAUTHENTICATED:
        return refused()
    return MosaicError(
        f"the trainer daemon failed: {failure.details() or code.name}",
        where=where,
        next_step="look into logs/daemon.log in the home",
    )


def _from_detail(detail: pb.ErrorDetail, *, missing: bool) -> MosaicError:
    problems = [problem_from_pb(problem) for problem in detail.problems]
    if problems:
        return ConfigError(detail.what, problems, where=detail.where, next_step=detail.next_step)
    usage = NotFoundError if missing else UsageError
    kind = usage if detail.exit_code == UsageError.exit_code else MosaicError
    return kind(detail.what, where=detail.where, why=detail.why, next_step=detail.next_step)
