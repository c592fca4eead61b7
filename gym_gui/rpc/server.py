"""The daemon's gRPC servers: one on the home's Unix socket, one on ports for programs of others."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from gym_gui.config.settings import get_setting
from gym_gui.core.worker.errors import UsageError
from gym_gui.rpc.address import (
    FLEET_SERVICE_NAME,
    LOOPBACK,
    MACHINE_SERVICE_NAME,
    READING_SERVICE_NAME,
    SERVICE_NAME,
    STUDY_SERVICE_NAME,
    check_bind,
    choose_port,
    is_loopback,
)
from gym_gui.rpc.channel import PORT_CALLS, PORT_OPTIONS, SERVER_OPTIONS
from gym_gui.rpc.fleet_service import FleetService
from gym_gui.rpc.local_socket import ListeningSocket, sweep
from gym_gui.rpc.machine_service import MachineService
from gym_gui.rpc.proto import mosaic_pb2 as pb
from gym_gui.rpc.proto.fleet_pb2_grpc import add_FleetServiceServicer_to_server
from gym_gui.rpc.proto.machine_pb2_grpc import add_MachineServiceServicer_to_server
from gym_gui.rpc.proto.mosaic_pb2_grpc import add_TrainerServiceServicer_to_server
from gym_gui.rpc.proto.reading_pb2_grpc import add_ReadingServiceServicer_to_server
from gym_gui.rpc.proto.study_pb2_grpc import add_StudyServiceServicer_to_server
from gym_gui.rpc.reading_service import ReadingService
from gym_gui.rpc.requests import reader
from gym_gui.rpc.service import TrainerService
from gym_gui.rpc.study_service import StudyService
from gym_gui.rpc.tls import TlsFiles
from gym_gui.runs import AGENT_EXECUTOR
from gym_gui.trainer import ClientCalls, Endpoint, TrainerDaemon, Validity

#: Seconds that open calls get when the daemon ends.
GRACE_S = 0.5


class GrpcFace:
    """Answers ``mosaic.v1`` for a daemon.

    Args:
        host: The address to listen on, one of this machine's own.
        port: The port; ``None``: as the setting ``daemon_port`` says.
        tls: Certificate and key for an address that other machines can reach; programs of this machine then have a port
            of their own beside it.

    Raises:
        UsageError: Other machines could reach the address and there is no TLS, or its files cannot be used.
    """

    def __init__(self, host: str = LOOPBACK, port: int | None = None, tls: TlsFiles | None = None) -> None:
        self._host = check_bind(host, tls=tls is not None)
        self._port = port
        self._credentials = tls.credentials() if tls else None
        self._validity = tls.validity() if tls else Validity(0.0, 0.0)
        self._public_address = ""
        self._checks = health.aio.HealthServicer()

    async def open(self, daemon: TrainerDaemon[pb.TelemetryBatch]) -> Endpoint:
        """Answer calls from here on.

        Raises:
            UsageError: The port is taken.
        """
        if daemon.predecessor is not None:
            sweep(daemon.predecessor.socket)
        trainer = daemon.trainer
        self._services = (
            TrainerService(trainer),
            ReadingService(trainer.reads, trainer.loading),
            MachineService(daemon.jobs, trainer),
            StudyService(trainer.studies, trainer.loading),
            FleetService(
                getattr(daemon.executors.ready.get(AGENT_EXECUTOR), "desk", None),
                None if daemon.claims is None else ClientCalls(daemon.claims),
                [each.desk for each in daemon.executors.ready.values() if each.desk is not None],
                trainer.loading,
            ),
        )
        token = TokenInterceptor(daemon.paths.token(), daemon.chores.note_call)
        self._local = self._server(token, SERVER_OPTIONS)
        self._ports = self._server(token, PORT_OPTIONS, PORT_CALLS)
        self.socket = ListeningSocket(daemon.paths.path, self._local.add_insecure_port)
        address = await self._bind()
        await asyncio.gather(self._local.start(), self._ports.start())
        await self._checks.set(SERVICE_NAME, health_pb2.HealthCheckResponse.SERVING)
        return Endpoint(address, self.socket.name, self._public_address, self._validity)

    def is_reachable(self) -> bool:
        """Return whether the socket is still in its place."""
        return self.socket.path.exists()

    async def close(self) -> None:
        """End the calls and stop listening."""
        self.socket.close()
        await self._checks.enter_graceful_shutdown()
        await asyncio.gather(self._local.stop(GRACE_S), self._ports.stop(GRACE_S))

    def _server(
        self,
        token: TokenInterceptor,
        options: Sequence[tuple[str, Any]],
        most_calls: int | None = None,
    ) -> grpc.aio.Server:
        server = grpc.aio.server(interceptors=[token], options=options, maximum_concurrent_rpcs=most_calls)
        trainer_service, reading_service, machine_service, study_service, fleet_service = self._services
        add_TrainerServiceServicer_to_server(trainer_service, server)
        add_ReadingServiceServicer_to_server(reading_service, server)
        add_MachineServiceServicer_to_server(machine_service, server)
        add_StudyServiceServicer_to_server(study_service, server)
        add_FleetServiceServicer_to_server(fleet_service, server)
        health_pb2_grpc.add_HealthServicer_to_server(self._checks, server)
        reflection.enable_server_reflection(
            (
                SERVICE_NAME,
                READING_SERVICE_NAME,
                FLEET_SERVICE_NAME,
                MACHINE_SERVICE_NAME,
                STUDY_SERVICE_NAME,
                health.SERVICE_NAME,
                reflection.SERVICE_NAME,
            ),
            server,
        )
        return server

    async def _bind(self) -> str:
        """Listen on the ports for programs of others, and return the address of the one on this machine."""
        if self._credentials is not None:
            self._public_address = await self._bind_port(self._host, self._port, self._credentials)
            return await self._bind_port(LOOPBACK, 0)
        if self._port is None and is_loopback(self._host) and get_setting("daemon_socket"):
            return f"unix:{self.socket.path}"
        return await self._bind_port(self._host, self._port)

    async def _bind_port(self, host: str, asked: int | None, tls: grpc.ServerCredentials | None = None) -> str:
        port = await choose_port(host, asked)
        host = f"[{host}]" if ":" in host else host
        try:
            if tls is not None:
                return f"{host}:{self._ports.add_secure_port(f'{host}:{port}', tls)}"
            return f"{host}:{self._ports.add_insecure_port(f'{host}:{port}')}"
        except RuntimeError:
            raise UsageError(
                f"port {port} was taken by another program just now",
                where=f"{host}:{port}",
                next_step="try again, or take any free port: --port 0",
            ) from None


_OPEN_SERVICES = ("/grpc.health.v1.", "/grpc.reflection.")


class TokenInterceptor(grpc.aio.ServerInterceptor):
    """Refuses calls without the token, and tells of those that are let in.

    Args:
        token: The home's token.
        on_call: Called with the method's full name for each call let in.
    """

    def __init__(self, token: str, on_call: Callable[[str], None]) -> None:
        self._expected = f"Bearer {token}".encode()
        self._on_call = on_call

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler[Any, Any] | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        handler = await continuation(handler_call_details)
        method = handler_call_details.method
        if method.startswith(_OPEN_SERVICES) or handler is None:
            return handler
        given = dict(handler_call_details.invocation_metadata).get("authorization", "")
        if not isinstance(given, bytes):
            given = given.encode()
        if hmac.compare_digest(given, self._expected):
            self._on_call(method)
            return _reading_anything(handler)
        return _REFUSAL


def _reading_anything(handler: Any) -> grpc.RpcMethodHandler[Any, Any]:
    """Return a handler that is given what could not be read as such: gRPC itself would answer INTERNAL."""
    read: grpc.RpcMethodHandler[Any, Any] = handler._replace(request_deserializer=reader(handler.request_deserializer))
    return read


async def _refuse(_: Any, context: grpc.aio.ServicerContext[Any, Any]) -> None:
    await context.abort(grpc.StatusCode.UNAUTHENTICATED, "the home's token is missing or wrong")


#: Refuses a call of any kind before its request is read, which may be long.
_REFUSAL: grpc.RpcMethodHandler[Any, Any] = grpc.stream_stream_rpc_method_handler(_refuse)
