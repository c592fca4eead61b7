"""A client's connection to whichever daemon its route leads to; what both clients do about failures."""

from __future__ import annotations

import contextlib
import os
import random
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import grpc

from gym_gui.core.worker.errors import MosaicError
from gym_gui.rpc.calls import TRIES
from gym_gui.rpc.channel import client_metadata, credentials_metadata
from gym_gui.rpc.faults import error_of
from gym_gui.rpc.proto.mosaic_pb2_grpc import TrainerServiceStub
from gym_gui.rpc.route import Route, Target

C = TypeVar("C")
_FIRST_WAIT_S = 0.05


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

    def open(self) -> C:
        """Connect to the daemon that is there now, and return the channel; may have to start one.

        Raises:
            UsageError: There is none, or it must not be trusted.
            MosaicError: It did not start.
        """
        target = self._target.enter_context(self._route.open())
        self.metadata = (*credentials_metadata(target.token), *client_metadata(self._id))
        channel = self._make(target)
        self.stub = TrainerServiceStub(channel)  # type: ignore[call-overload]
        return channel

    def release(self) -> Callable[[], None]:
        """Return what lets go of what the channel was made of: to be called once the channel is closed."""
        return self._target.pop_all().close

    def wait_s(self, failure: Any, failures: int, tries: int = TRIES) -> float:
        """Return how long to wait before the next daemon is tried.

        Args:
            failure: What a call raised.
            failures: How often it has failed.
            tries: How often it may.

        Raises:
            MosaicError: Another try is no use.
        """
        gone = failure.code() is grpc.StatusCode.UNAVAILABLE
        if not gone or failures >= tries:
            raise self.error(failure) from None
        return random.uniform(0.5, 1.0) * _FIRST_WAIT_S * float(2**failures)

    def error(self, failure: Any) -> MosaicError:
        """Return the error that a failed call stands for."""
        return error_of(failure, where=self._route.where, unreachable=self._route.unreachable)
