"""What every connection to the daemon has in common: options of the channel, the socket, and the token."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import grpc

from gym_gui.core.worker.errors import UsageError
from gym_gui.rpc.faults import MAX_METADATA_BYTES
from gym_gui.rpc.local_socket import PrivateFolder

if TYPE_CHECKING:
    from gym_gui.trainer import DaemonHome, DaemonInfo

_MAX_MESSAGE_BYTES = 64 << 20
#: For both ends. No proxy server from the environment is used: without TLS it would see the token.
CHANNEL_OPTIONS: tuple[tuple[str, int], ...] = (
    ("grpc.enable_http_proxy", 0),
    ("grpc.max_metadata_size", MAX_METADATA_BYTES),
    ("grpc.absolute_max_metadata_size", MAX_METADATA_BYTES),
    ("grpc.max_receive_message_length", _MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", _MAX_MESSAGE_BYTES),
)
#: Two homes' sockets may have the same address, one after the other: it names an open descriptor.
_LOCAL_OPTIONS: tuple[tuple[str, int], ...] = (*CHANNEL_OPTIONS, ("grpc.use_local_subchannel_pool", 1))
#: A connection that was lost without a word (a cable, a laptop that slept) is noticed within a minute.
REMOTE_OPTIONS: tuple[tuple[str, int], ...] = (
    *CHANNEL_OPTIONS,
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.http2.max_pings_without_data", 0),
)
#: Without the second, two daemons could listen on one port and share its calls. The third lets clients ping so often.
SERVER_OPTIONS: tuple[tuple[str, int], ...] = (
    *CHANNEL_OPTIONS,
    ("grpc.so_reuseport", 0),
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
)
#: For a port, which everybody on the machine can reach: what a peer without a token may cost is bounded. The home's own
#: programs come through its socket, which no other user can open.
PORT_OPTIONS: tuple[tuple[str, int], ...] = (
    *SERVER_OPTIONS[:1],
    *SERVER_OPTIONS[3:],
    ("grpc.max_metadata_size", 16 << 10),
    ("grpc.absolute_max_metadata_size", 16 << 10),
    ("grpc.max_allowed_incoming_connections", 128),
    ("grpc.max_concurrent_streams", 64),
    ("grpc.server_handshake_timeout_ms", 5000),
    ("grpc.max_connection_idle_ms", 60_000),
)
#: Calls that may be open on a port at the same time.
PORT_CALLS = 512


#: Metadata by which the daemon knows one client's calls, whatever connection they come through.
CLIENT_KEY = "mosaic-client"


def credentials_metadata(token: str) -> tuple[tuple[str, str], ...]:
    """Return the metadata that makes a call acceptable."""
    return (("authorization", f"Bearer {token}"),)


def client_metadata(client: str) -> tuple[tuple[str, str], ...]:
    """Return the metadata that tells a client's calls from those of others."""
    return ((CLIENT_KEY, client),)


@contextlib.contextmanager
def daemon_channel(home: DaemonHome, daemon: DaemonInfo) -> Iterator[grpc.Channel]:
    """Give a channel to a home's daemon, through its Unix socket.

    Raises:
        UsageError: The socket is not this user's alone, or the daemon has none.
    """
    with socket_target(home, daemon) as (target, options), grpc.insecure_channel(target, options=options) as channel:
        yield channel


@contextlib.contextmanager
def socket_target(home: DaemonHome, daemon: DaemonInfo) -> Iterator[tuple[str, tuple[tuple[str, int], ...]]]:
    """Give the address of a home's socket, and the options for a channel to it.

    Raises:
        UsageError: The socket is not this user's alone, or the daemon has none.
    """
    if not daemon.socket:
        raise UsageError(
            "the trainer daemon is of an older version, and another program could impersonate it on its port",
            where=f"{home.path}, pid {daemon.pid}",
            next_step="stop it (runs continue): mosaic daemon stop",
        )
    with private_socket(home.path / daemon.socket, home.owners()) as target:
        yield target, _LOCAL_OPTIONS


@contextlib.contextmanager
def private_socket(place: Path, owners: Collection[int] | None = None) -> Iterator[str]:
    """Give the gRPC address of a socket that only its owner can replace.

    Args:
        place: Where it lies.
        owners: User ids that may own it; ``None``: the caller's.

    Raises:
        UsageError: It is not theirs alone, or cannot be reached.
    """
    try:
        folder = PrivateFolder(place.parent, {os.geteuid()} if owners is None else owners)
    except OSError as error:
        raise UsageError(
            "the trainer daemon's socket cannot be reached",
            where=str(place),
            why=error.strerror or str(error),
            next_step="open the tunnel to it first" if owners is None else "mosaic daemon stop, then try again",
        ) from None
    with folder:
        try:
            target = folder.socket(place.name)
        except FileNotFoundError:
            target = f"unix:{folder.reach(place.name)}"  # it is just ending: the call fails, and is tried again
        yield target
