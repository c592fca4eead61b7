"""Addresses of Ray clusters, checked without importing ``ray``."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from gym_gui.core.regular_files import read_regular

#: Ray finds the cluster that runs on this machine.
AUTO = "auto"
#: The variable in which Ray, and a run's environment, name a cluster.
RAY_ADDRESS = "RAY_ADDRESS"
#: Seconds within which a cluster has to take a connection.
_CONNECT_S = 2.0
_CLIENT_PORT, _PORT = 10001, 6379


def default_address() -> str:
    """Return the address of the cluster for runs that name none: that of the daemon's environment, else ``auto``."""
    return os.environ.get(RAY_ADDRESS, "").strip() or AUTO


def unreachable(address: str) -> str:
    """Return why a cluster cannot be reached, in words; empty: it takes connections, or there is no way to tell.

    Args:
        address: ``auto``, ``host:port`` or ``ray://host:port``.
    """
    address = resolve(address)
    if address == AUTO:
        return "no Ray cluster runs on the daemon's machine"
    scheme, separator, rest = address.rpartition("://")
    if separator and scheme != "ray":
        return ""  # another library's address, which only Ray can resolve
    host, colon, port = rest.rpartition(":")
    if not colon:
        host, port = rest, str(_CLIENT_PORT if scheme else _PORT)
    if not host or not port.isdigit():
        return f"{address!r} is not an address of a Ray cluster (host:port, ray://host:port or auto)"
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_CONNECT_S).close()
    except (OSError, OverflowError) as error:
        return f"no Ray cluster answers at {address} ({getattr(error, 'strerror', None) or error})"
    return ""


def resolve(address: str) -> str:
    """Return an address as it is, and for ``auto`` that of the cluster that ``ray start`` wrote down on this machine.

    Args:
        address: The address; ``auto`` is returned where nothing is written down.
    """
    if address != AUTO:
        return address
    folder = Path(os.environ.get("RAY_TMPDIR") or "/tmp") / "ray"  # noqa: S108 - Ray's own
    try:
        return read_regular(folder / "ray_current_cluster").decode("utf-8").strip() or AUTO
    except (OSError, ValueError):
        return AUTO
