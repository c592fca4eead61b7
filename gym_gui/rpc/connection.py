"""A client's connection to whichever daemon its route leads to; what both clients do about failures."""

from __future__ import annotations

import contextlib
import os
import random
import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import grpc

from gym_gui.core.worker.errors import MosaicError
from gym_gui.rpc.calls import Call
from gym_gui.rpc.channel import client_metadata, credentials_metadata
from gym_gui.rpc.faults import error_of
from gym_gui.rpc.proto.fleet_pb2_grpc import FleetServiceStub
from gym_gui.rpc.proto.machine_pb2_grpc import MachineServiceStub
from gym_gui.rpc.proto.mosaic_pb2_grpc import TrainerServiceStub
from gym_gui.rpc.proto.reading_pb2_grpc import ReadingServiceStub
from gym_gui.rpc.proto.study_pb2_grpc import StudyServiceStub
from gym_gui.rpc.route import Route, Target

C = TypeVar("C")
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.05, 3.0


class Retries:
    """How often a call is tried, and for how long.

    Args:
        tries: At most so many times.
        patience_s: Seconds after which no other try begins.
        from_failure: They count from the first failure, not from the beginning: a stream may be quiet for hours.
    """

    def __init__(self, tries: float, patience_s: float, *, from_failure: bool = False) -> None:
        self._tries = tries
        self._patience_s = patience_s
        self._from_failure = from_failure
        self.start_over()

    def start_over(self) -> None:
        """Take what failed until now as overcome."""
        self._failures = 0
        self._since = time.monotonic()

    def next_wait_s(self) -> float | None:
        """Return how long to wait before the next try; ``None``: there is none."""
        self._failures += 1
        if self._from_failure and self._failures == 1:
            self._since = time.monotonic()
        if self._failures >= self._tries or time.monotonic() - self._since > self._patience_s:
            return None
        return random.uniform(0.5, 1.0) * min(_FIRST_WAIT_S * 2.0**self._failures, _LONGEST_WAIT_S)


class Connection(Generic[C]):
    """A channel and what calls through it carry.

    Args:
        route: The way to the daemon.
        channel: Makes a channel to a target.
    """

    def __init__(self, route: Route, channel: Callable[[Target], C]) -> None:
        self._id = os.urandom(8).hex()
        self._route = route
        self._make = channel
        self._target = contextlib.ExitStack()
        self.lost_since: float | None = None
        """When it was lost, monotonic seconds; ``None``: nothing has failed since the last answer."""

    def open(self) -> tuple[C, Callable[[], None]]:
        """Connect to the daemon that is there now; may have to start one. Where that fails, nothing changes.

        Returns:
            The channel, and what lets go of what the former one was made of: to be called once that is closed.

        Raises:
            UsageError: There is none, or it must not be trusted.
            MosaicError: It did not start.
        """
        with contextlib.ExitStack() as opened:
            target = opened.enter_context(self._route.open())
            channel = self._make(target)
            former, self._target = self._target, opened.pop_all()
        self.metadata = (*credentials_metadata(target.token), *client_metadata(self._id))
        stubs: tuple[Any, ...] = (
            TrainerServiceStub,
            ReadingServiceStub,
            MachineServiceStub,
            StudyServiceStub,
            FleetServiceStub,
        )
        self.methods = {name: method for stub in stubs for name, method in vars(stub(channel)).items()}
        """The methods of all services by name."""
        return channel, former.close

    def release(self) -> None:
        """Let go of what the channel was made of: once it is closed."""
        self._target.close()

    def retries(self, call: Call[Any] | None = None) -> Retries:
        """Return how often a call is tried; without one: how often a stream is, from each of its messages on."""
        if call is not None:
            return Retries(call.tries, self._route.patience_s)
        return Retries(self._route.stream_tries, self._route.stream_patience_s, from_failure=True)

    def wait_s(self, failure: Any, retries: Retries) -> float:
        """Return how long to wait before the next daemon is tried.

        Args:
            failure: What a call raised.
            retries: How often it may.

        Raises:
            MosaicError: Another try is no use.
        """
        gone = failure.code() is grpc.StatusCode.UNAVAILABLE and not self._route.is_hopeless(failure.details() or "")
        wait_s = retries.next_wait_s() if gone else None
        if gone and self.lost_since is None:
            self.lost_since = time.monotonic()
        if wait_s is None:
            raise self.error(failure) from None
        return wait_s

    def answered(self) -> None:
        """Take note of an answer."""
        self.lost_since = None

    def error(self, failure: Any) -> MosaicError:
        """Return the error that a failed call stands for."""
        return error_of(
            failure, where=self._route.where, unreachable=self._route.unreachable, refused=self._route.refused
        )
