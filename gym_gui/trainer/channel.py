"""What every connection to the daemon has in common: options of the channel, and the token."""

from __future__ import annotations

from gym_gui.trainer.faults import MAX_METADATA_BYTES

_MAX_MESSAGE_BYTES = 64 << 20
#: For both ends. A proxy server from the environment is never asked: the daemon is on this machine.
CHANNEL_OPTIONS: tuple[tuple[str, int], ...] = (
    ("grpc.enable_http_proxy", 0),
    ("grpc.max_metadata_size", MAX_METADATA_BYTES),
    ("grpc.absolute_max_metadata_size", MAX_METADATA_BYTES),
    ("grpc.max_receive_message_length", _MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", _MAX_MESSAGE_BYTES),
)
#: Without the second, two daemons could listen on one port and share its calls.
SERVER_OPTIONS: tuple[tuple[str, int], ...] = (*CHANNEL_OPTIONS, ("grpc.so_reuseport", 0))


#: Metadata by which the daemon knows one client's calls, whatever connection they come through.
CLIENT_KEY = "mosaic-client"


def credentials_metadata(token: str) -> tuple[tuple[str, str], ...]:
    """Return the metadata that makes a call acceptable."""
    return (("authorization", f"Bearer {token}"),)


def client_metadata(client: str) -> tuple[tuple[str, str], ...]:
    """Return the metadata that tells a client's calls from those of others."""
    return ((CLIENT_KEY, client),)
