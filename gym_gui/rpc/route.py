"""How a client reaches a daemon: the contract, and the way to that of a home through its socket."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

import grpc

from gym_gui.core.worker.errors import MosaicError, UsageError
from gym_gui.rpc.calls import TRIES
from gym_gui.rpc.channel import socket_target
from gym_gui.rpc.start import start_daemon
from gym_gui.trainer import DaemonHome, DaemonInfo


class Target(NamedTuple):
    """What a channel is made of."""

    address: str
    options: tuple[tuple[str, int], ...]
    credentials: grpc.ChannelCredentials | None
    token: str

    def channel(self) -> grpc.Channel:
        """Return a blocking channel."""
        if self.credentials is None:
            return grpc.insecure_channel(self.address, options=self.options)
        return grpc.secure_channel(self.address, self.credentials, options=self.options)

    def aio_channel(self) -> grpc.aio.Channel:
        """Return a channel for asyncio."""
        if self.credentials is None:
            return grpc.aio.insecure_channel(self.address, options=self.options)
        return grpc.aio.secure_channel(self.address, self.credentials, options=self.options)


class Route(Protocol):
    """Finds a daemon, again after it was replaced by another."""

    @property
    def where(self) -> str:
        """Where the daemon is, for errors."""

    def open(self) -> contextlib.AbstractContextManager[Target]:
        """Give what a channel is made of, as long as the channel lives.

        Raises:
            UsageError: There is no daemon, or it must not be trusted with the token.
            MosaicError: It did not start.
        """

    @property
    def patience_s(self) -> float:
        """Seconds after which a call is not tried again."""

    @property
    def stream_tries(self) -> float:
        """How often a stream is opened without one message."""

    @property
    def stream_patience_s(self) -> float:
        """Seconds after which a stream that gets nothing is not opened again."""

    def is_hopeless(self, details: str) -> bool:
        """Return whether no other try can succeed, by gRPC's text of a failure."""

    def unreachable(self, details: str = "") -> MosaicError:
        """Return the error that stands for a daemon that does not answer, by gRPC's text of the failure."""

    def refused(self) -> MosaicError:
        """Return the error that stands for a refused token."""


class HomeRoute:
    """The way to the daemon of a home on this machine.

    Args:
        home: The home.
        start: Start a daemon where none runs; it ends by itself when it has been idle for a while.
        daemon: The daemon to begin with, if it is known.
    """

    patience_s = stream_patience_s = float("inf")
    stream_tries = float(TRIES)

    def __init__(self, home: Path, *, start: bool = False, daemon: DaemonInfo | None = None) -> None:
        self.home = home
        self.address = ""
        self._start = start
        self._first = daemon

    @property
    def where(self) -> str:
        """The home."""
        return str(self.home)

    def prepare(self) -> None:
        """Find the daemon, or start one: what may take a while before :meth:`open`.

        Raises:
            UsageError: No daemon runs.
            MosaicError: It did not start.
        """
        self._first = self._first or self._find()

    @contextlib.contextmanager
    def open(self) -> Iterator[Target]:
        """Give the way through the home's socket.

        Raises:
            UsageError: No daemon runs, or its socket is not this user's alone.
            MosaicError: It did not start.
        """
        daemon, self._first = self._first or self._find(), None
        self.address = daemon.address
        paths = DaemonHome(self.home)
        with socket_target(paths, daemon) as (address, options):
            yield Target(address, options, None, paths.token())

    def is_hopeless(self, details: str) -> bool:  # noqa: ARG002 - another daemon may be started
        """Return whether no other try can succeed."""
        return False

    def unreachable(self, details: str = "") -> MosaicError:  # noqa: ARG002 - the socket is this user's own
        """Return the error for a daemon that was there and does not answer."""
        return MosaicError(
            "the trainer daemon does not answer",
            where=self.where,
            why="it was stopped or has died; runs continue without it",
            next_step="mosaic daemon start (its log: logs/daemon.log in the home)",
        )

    def refused(self) -> MosaicError:
        """Return the error for a daemon that refuses the home's token."""
        return UsageError(
            "the trainer daemon refused the token",
            where=self.where,
            why="the home's token file was changed while the daemon was running",
            next_step="stop it (runs continue), then try again: mosaic daemon stop",
        )

    def _find(self) -> DaemonInfo:
        daemon = DaemonHome(self.home).daemon()
        if daemon is None and self._start:
            start_daemon(self.home, on_demand=True)
            daemon = DaemonHome(self.home).daemon()
        if daemon is None:
            raise UsageError("no trainer daemon runs", where=self.where, next_step="mosaic daemon start")
        return daemon
