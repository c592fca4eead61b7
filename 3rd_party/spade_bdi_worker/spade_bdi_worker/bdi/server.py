"""An XMPP server within the worker: on this machine's loopback alone, on a port of its own, gone with the run.

It is the server that SPADE embeds. ``spade.run(..., embedded_xmpp_server=True)`` would do for one run on a machine: it
takes ports 5222, 5269 and 9090, listens on the network, takes over the process's signals, leaves a certificate in its
own package, and hashes passwords in forked processes. Here its parts are started without all that.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any

import attrs
import loguru
from pyjabber import AppConfig
from pyjabber.plugins.xep_0363.xep_0363 import HTTPFieldUpload
from pyjabber.queues.QueueManager import QueueManager, QueueName, get_queue
from pyjabber.queues.workers.MessageQueueWorker import queue_worker
from pyjabber.queues.workers.ServerConnectionWorker import server_connection_worker
from pyjabber.server import Server
from pyjabber.server_parameters import Parameters
from pyjabber.utils.Singleton import Singleton

from ..sdk import MosaicError, UsageError
from .certificate import write_certificate

HOST = "localhost"
_UPLOADS = "urn:xmpp:http:upload:0"
_START_S = 30.0
_STOP_S = 5.0
#: How long a connection may be silent. An agent has nothing to say while another one plays.
_SILENCE_S = 10**7


class EmbeddedServer:
    """The server; runs while its ``async with`` block does.

    Args:
        port: Its port; 0 takes a free one.
    """

    def __init__(self, port: int = 0) -> None:
        self.port = port
        self._tasks: list[asyncio.Task[Any]] = []
        self._files = contextlib.ExitStack()

    async def __aenter__(self) -> EmbeddedServer:
        loguru.logger.remove()
        # The server keeps its state in the process: what another server left there belongs to another event loop.
        QueueManager._queues.clear()
        Singleton._instances.clear()
        for name in QueueName:
            get_queue(name)
        server = self._make()
        self._tasks = [asyncio.create_task(coro) for coro in (queue_worker(), server_connection_worker())]
        listening = asyncio.create_task(self._listen(server))
        self._tasks.append(listening)
        ready = asyncio.create_task(server.ready.wait())
        await asyncio.wait({ready, listening}, timeout=_START_S, return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            ready.cancel()
            error = listening.exception() if listening.done() else None
            await self._stop()
            if isinstance(error, OSError):
                raise UsageError(
                    f"The XMPP server cannot listen on port {self.port}: {error.strerror}.",
                    where="xmpp_port",
                    next_step="Leave xmpp_port out, and a free port is taken.",
                ) from error
            raise MosaicError("The XMPP server within the worker did not start.", why=str(error or "it hangs"))
        self.port = server._client_listener.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()

    def _make(self) -> Any:
        # The files are read at once: not even a process that is killed leaves a key behind.
        with tempfile.TemporaryDirectory(prefix="mosaic-xmpp-") as folder:
            write_certificate(Path(folder), HOST)
            server = Server(
                Parameters(
                    host=HOST,
                    client_port=self.port,
                    server_port=0,
                    database_in_memory=True,
                    cert_path=folder,
                    connection_timeout=_SILENCE_S,
                    plugins=[name for name in Parameters().plugins if name != _UPLOADS],
                )
            )
        HTTPFieldUpload(None)  # each connection asks for it, even where uploads are off
        server._public_ip = None  # it would listen on the address that faces the network, too
        # With TLS 1.3 a client may send its first stanza together with the end of the handshake. The server, which does
        # not listen to the new stream by then, would lose it, and the login would hang.
        AppConfig.app_config.ssl_context.maximum_version = ssl.TLSVersion.TLSv1_2
        AppConfig.app_config.process_pool_exe.shutdown(wait=False)  # its processes have not been forked yet
        pool = self._files.enter_context(ThreadPoolExecutor(1, thread_name_prefix="xmpp-passwords"))
        AppConfig.app_config = attrs.evolve(AppConfig.app_config, process_pool_exe=pool)
        return server

    async def _listen(self, server: Any) -> None:
        def refuse(*_: Any) -> None:
            raise OSError(98, "the address is in use")

        server.raise_exit = refuse  # it would end the process
        await server.run_server()

    async def _stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks, timeout=_STOP_S)
        self._files.close()
