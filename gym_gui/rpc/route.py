"""How a client reaches a daemon: that of a home through its socket, one elsewhere through TLS with a token file."""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import grpc

from gym_gui.core.regular_files import read_regular
from gym_gui.core.worker.errors import MosaicError, UsageError
from gym_gui.rpc.channel import CHANNEL_OPTIONS, private_socket, socket_target
from gym_gui.rpc.remote import RemoteDaemon
from gym_gui.rpc.start import start_daemon
from gym_gui.trainer.home import DaemonHome, DaemonInfo

_UNIX = "unix:"


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

    def unreachable(self) -> MosaicError:
        """Return the error that stands for a daemon that does not answer."""


class HomeRoute:
    """The way to the daemon of a home on this machine.

    Args:
        home: The home.
        start: Start a daemon where none runs; it ends by itself when it has been idle for a while.
        daemon: The daemon to begin with, if it is known.
    """

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

    def unreachable(self) -> MosaicError:
        """Return the error for a daemon that was there and does not answer."""
        return MosaicError(
            "the trainer daemon does not answer",
            where=self.where,
            why="it was stopped or has died; runs continue without it",
            next_step="mosaic daemon start (its log: logs/daemon.log in the home)",
        )

    def _find(self) -> DaemonInfo:
        daemon = DaemonHome(self.home).daemon()
        if daemon is None and self._start:
            start_daemon(self.home, on_demand=True)
            daemon = DaemonHome(self.home).daemon()
        if daemon is None:
            raise UsageError("no trainer daemon runs", where=self.where, next_step="mosaic daemon start")
        return daemon


@dataclass(frozen=True)
class RemoteRoute:
    """The way to a daemon elsewhere; needs no home.

    Args:
        remote: Where it is, and how it is trusted.
    """

    remote: RemoteDaemon

    @property
    def address(self) -> str:
        """Its address."""
        return self.remote.address

    @property
    def where(self) -> str:
        """Its address."""
        return self.remote.address

    @contextlib.contextmanager
    def open(self) -> Iterator[Target]:
        """Give the way to the address.

        Raises:
            UsageError: The token or the certificate cannot be read, or the address may be anybody's.
        """
        token = self.remote.token()
        if self.address.startswith(_UNIX):
            with private_socket(Path(self.address.removeprefix(_UNIX))) as address:
                yield Target(address, CHANNEL_OPTIONS, None, token)
            return
        if self.remote.plaintext:
            self._check_loopback()
            yield Target(self.address, CHANNEL_OPTIONS, None, token)
            return
        yield Target(self.address, CHANNEL_OPTIONS, grpc.ssl_channel_credentials(self._roots()), token)

    def unreachable(self) -> MosaicError:
        """Return the error for a daemon that does not answer."""
        why = "it does not run, the address is wrong or blocked, or its certificate is not trusted here"
        return MosaicError(
            "the trainer daemon does not answer",
            where=self.where,
            why=why if not self.remote.plaintext else "it does not run, or the tunnel to it is down",
            next_step="on its machine: mosaic daemon status (a certificate of your own is named with --tls-ca FILE)",
        )

    def _roots(self) -> bytes | None:
        if self.remote.ca_file is None:
            return None
        try:
            return read_regular(Path(self.remote.ca_file))
        except OSError as error:
            raise UsageError(
                "the certificate cannot be read",
                where=self.remote.ca_file,
                why=error.strerror or str(error),
                next_step="name the PEM file that the daemon's certificate is checked with: --tls-ca FILE",
            ) from None

    def _check_loopback(self) -> None:
        host = self.address.rpartition(":")[0].strip("[]")
        with contextlib.suppress(ValueError):
            if host == "localhost" or ipaddress.ip_address(host).is_loopback:
                return
        raise UsageError(
            "the token is not sent without TLS to another machine",
            where=self.address,
            next_step="leave out --no-tls; or forward the socket of its home: ssh -L ./mosaic.sock:HOME/daemon.sock"
            " MACHINE, then --daemon unix:$PWD/mosaic.sock",
        )
