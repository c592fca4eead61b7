"""Where the daemon listens: on this machine only unless there is TLS, and never on a port that another home's daemon
has.
"""

from __future__ import annotations

import ipaddress
import socket

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from gym_gui.config.settings import get_setting
from gym_gui.core.worker.errors import UsageError
from gym_gui.rpc.channel import CHANNEL_OPTIONS

SERVICE_NAME = "mosaic.v1.TrainerService"
READING_SERVICE_NAME = "mosaic.v1.ReadingService"
MACHINE_SERVICE_NAME = "mosaic.v1.MachineService"
STUDY_SERVICE_NAME = "mosaic.v1.StudyService"
FLEET_SERVICE_NAME = "mosaic.v1.FleetService"
LOOPBACK = "127.0.0.1"
_HEALTH_TIMEOUT_S = 2.0


def check_bind(host: str, *, tls: bool = False) -> str:
    """Return an address to listen on: of this machine only, or any with TLS.

    Args:
        host: The address.
        tls: Calls from other machines are encrypted. All calls carry the home's token anyway.

    Raises:
        UsageError: It can be reached from other machines, and there is no TLS; or it is no address.
    """
    if host == "localhost":
        return LOOPBACK
    try:
        if tls or ipaddress.ip_address(host).is_loopback:
            return str(ipaddress.ip_address(host))
    except ValueError:
        pass
    raise UsageError(
        f"the trainer daemon does not listen on {host!r}",
        why="it is not an IP address" if tls else "other machines could reach it there, which needs TLS",
        next_step=f"name certificate and key: --tls-cert FILE --tls-key FILE; or listen on {LOOPBACK}, and reach it"
        f" through ssh: ssh -L 50055:{LOOPBACK}:50055 THIS_MACHINE",
    )


def is_loopback(host: str) -> bool:
    """Return whether an address of :func:`check_bind` is this machine's own."""
    return ipaddress.ip_address(host).is_loopback


async def choose_port(host: str, asked: int | None) -> int:
    """Return the port to listen on; 0 stands for any free one.

    Args:
        host: The address.
        asked: The port that the user named, or ``None`` for the setting ``daemon_port``.

    Raises:
        UsageError: The port is taken, by something else than another home's daemon or although it was named.
    """
    port = int(get_setting("daemon_port")) if asked is None else asked
    if port == 0 or _free(host, port):
        return port
    ours = await _is_trainer(host, port)
    if ours and asked is None:
        return 0
    taken_by = "another home's trainer daemon" if ours else "another program"
    raise UsageError(
        f"port {port} is taken by {taken_by}",
        where=f"{host}:{port}",
        next_step="take any free port: --port 0 (or set MOSAIC_DAEMON_PORT=0)",
    )


def _free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
            trial.listen(1)
        except PermissionError as error:
            raise UsageError(
                f"port {port} may not be used: {error.strerror}",
                where=f"{host}:{port}",
                next_step="name one above 1023, or any free one: --port 0",
            ) from None
        except (OSError, OverflowError):
            return False
    return True


async def _is_trainer(host: str, port: int) -> bool:
    """Return whether the program on a port says that it is a trainer daemon."""
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    async with grpc.aio.insecure_channel(address, options=CHANNEL_OPTIONS) as channel:
        try:
            await health_pb2_grpc.HealthStub(channel).Check(
                health_pb2.HealthCheckRequest(service=SERVICE_NAME), timeout=_HEALTH_TIMEOUT_S
            )
        except grpc.aio.AioRpcError:
            return False
    return True
