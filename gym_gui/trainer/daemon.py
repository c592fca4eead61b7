"""The trainer daemon: what it is made of, how it starts, and how it ends.

``python -m gym_gui.trainer.daemon --home DIR`` runs one in the foreground.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sqlite3
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

import gym_gui
from gym_gui.config.settings import get_setting
from gym_gui.core.worker.errors import MosaicError, UsageError
from gym_gui.logging_config.helpers import log_constant
from gym_gui.logging_config.log_constants import LOG_DAEMON_RECONCILED, LOG_DAEMON_STARTED, LOG_DAEMON_STOPPED
from gym_gui.logging_config.setup import configure_logging
from gym_gui.runs.base_environment import UTF8, daemon_environment
from gym_gui.runs.disk import DiskGauge
from gym_gui.runs.ids import is_run_id
from gym_gui.runs.lock import FileLock
from gym_gui.runs.summary import RunSummary
from gym_gui.supervision.identity import ProcessIdentity
from gym_gui.trainer import daemon_options
from gym_gui.trainer.address import LOOPBACK, SERVICE_NAME, check_bind, choose_port, is_loopback
from gym_gui.trainer.auth import TokenInterceptor
from gym_gui.trainer.board import RunBoard
from gym_gui.trainer.certificate import Validity
from gym_gui.trainer.channel import PORT_CALLS, PORT_OPTIONS, SERVER_OPTIONS
from gym_gui.trainer.disk_guard import make_room
from gym_gui.trainer.disk_quota import DiskQuota
from gym_gui.trainer.dispatcher import Dispatcher
from gym_gui.trainer.executors.installed import installed_executors
from gym_gui.trainer.home import DaemonHome, DaemonInfo
from gym_gui.trainer.housekeeping import Housekeeping
from gym_gui.trainer.inventory import read_inventory
from gym_gui.trainer.keep_going import keep_going
from gym_gui.trainer.live import LiveRuns
from gym_gui.trainer.loading import Loading
from gym_gui.trainer.local_socket import ListeningSocket, sweep
from gym_gui.trainer.log_retention import LogRetention
from gym_gui.trainer.proto import mosaic_pb2 as pb
from gym_gui.trainer.proto.mosaic_pb2_grpc import add_TrainerServiceServicer_to_server
from gym_gui.trainer.reconcile import Reconciliation, adopt_ended, reconcile
from gym_gui.trainer.registry import Registry
from gym_gui.trainer.scheduler import Capacity
from gym_gui.trainer.service import TrainerService
from gym_gui.trainer.submission import Submission
from gym_gui.trainer.tls import TlsFiles

logger = logging.getLogger("gym_gui.trainer.daemon")

#: Seconds that open calls get when the daemon ends.
GRACE_S = 0.5
LOCK_PATIENCE_S = 0.5
#: Seconds between looks whether the home is still there.
HOME_S = 0.25


class TrainerDaemon:
    """One home's daemon. Make it, then :meth:`run` it.

    Args:
        home: The home; created if missing.
        host: The address to listen on, one of this machine's own.
        port: The port; ``None``: as the setting ``daemon_port`` says.
        tls: Certificate and key for an address that other machines can reach; the home's own programs then have a port
            of this machine's own beside it.
        on_demand: End when idle for the setting ``daemon_idle_timeout_s``.

    Raises:
        UsageError: The home cannot be used, a daemon runs there, or other machines could reach the address and there is
            no TLS.
    """

    def __init__(
        self,
        home: Path,
        *,
        host: str = LOOPBACK,
        port: int | None = None,
        on_demand: bool = False,
        tls: TlsFiles | None = None,
    ) -> None:
        self.paths = DaemonHome(home.absolute())
        self.host = check_bind(host, tls=tls is not None)
        self.port = port
        self.credentials = tls.credentials() if tls else None
        self.validity = tls.validity() if tls else Validity(0.0, 0.0)
        self.public_address = ""
        self.address = ""
        self.started_at = time.time()
        self._stopping = asyncio.Event()
        self.paths.prepare()
        self.lock = self._only_one()
        self._forget_predecessor()
        make_room(self.paths.path)
        self.registry = Registry(self.paths.registry)
        self.board = RunBoard(self.registry)
        self.executors = installed_executors(self.paths.path)
        inventory = read_inventory()
        self.capacity = Capacity(
            max_running_runs=int(get_setting("max_running_runs")),
            cpus=inventory.cpus,
            memory_mb=inventory.memory_mb,
            gpus=inventory.gpus,
            max_per_submitter=int(get_setting("max_running_runs_per_submitter")),
        )
        self.log_retention = LogRetention(self.paths.path, LiveRuns(self.paths.path / "runs"))
        self.dispatcher = Dispatcher(
            self.board, self.executors.ready, self.capacity, self.paths.path, inventory, self.log_retention.add
        )
        limit_bytes = int(float(get_setting("max_run_disk_mb")) * (1 << 20))
        self.quota = DiskQuota(self.paths.path, self.dispatcher, limit_bytes)
        self.submission = Submission(self.paths.path, self.registry, self.executors, inventory)
        idle_timeout_s = float(get_setting("daemon_idle_timeout_s")) if on_demand else None
        self.chores = Housekeeping(
            self.paths.path,
            self.board,
            self.dispatcher,
            idle_timeout_s,
            self.stop,
            self.log_retention,
            lambda: self.service.busy,
        )
        self.board.read_unentered = self._read_unentered
        self.loading = Loading()
        self.service = TrainerService(
            self.board,
            self.dispatcher,
            self.submission,
            self.status,
            self.stop,
            self.loading,
            self.chores.backlog,
        )

    async def run(self, on_ready: Callable[[str], None] | None = None) -> None:
        """Serve until told to stop.

        Args:
            on_ready: Called with the address once calls are answered.

        Raises:
            UsageError: The port is taken.
        """
        checks = health.aio.HealthServicer()
        local, ports = self._server(checks, SERVER_OPTIONS), self._server(checks, PORT_OPTIONS, PORT_CALLS)
        self.socket = ListeningSocket(self.paths.path, local.add_insecure_port)
        self.address = await self._bind(ports)
        await asyncio.gather(local.start(), ports.start())
        await checks.set(SERVICE_NAME, health_pb2.HealthCheckResponse.SERVING)
        self._announce()
        if on_ready is not None:
            on_ready(self.address)
        work = asyncio.create_task(self._work())
        try:
            await self._stopping.wait()
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            self.paths.withdraw()
            self.socket.close()
            await checks.enter_graceful_shutdown()
            await asyncio.gather(local.stop(GRACE_S), ports.stop(GRACE_S))
            await self.service.close()
            await self.dispatcher.close()
            self.registry.close()
            log_constant(logger, LOG_DAEMON_STOPPED)
            self.lock.release()

    async def _work(self) -> None:
        """Do the daemon's work until cancelled, while all calls are answered."""
        await asyncio.gather(self._watch_home(), self._load_and_do_chores())

    async def _load_and_do_chores(self) -> None:
        await self.loading.run(self._load)
        background = (executor.background for executor in self.executors.ready.values())
        chores = (self.chores.run, self.quota.run, self.log_retention.run, *background)
        await asyncio.gather(*(keep_going(chore) for chore in chores))

    async def _watch_home(self) -> None:
        """End the daemon if somebody removes the home: whoever uses it next starts a daemon of its own."""
        while self.is_home():
            await asyncio.sleep(HOME_S)
        logger.warning("the home %s is gone", self.paths.path)
        self.stop()

    def stop(self) -> None:
        """End the daemon; runs go on."""
        self._stopping.set()

    def notes(self) -> list[str]:
        """Return what whoever started the daemon should know."""
        return [
            f"the registry was of no use ({fault}); it is built anew from the run folders, no run is lost"
            + (f", and what there was is kept: {kept}" if kept else "")
            for kept, fault in self.registry.replaced
        ]

    def is_home(self) -> bool:
        """Return whether the home is still the one that this daemon has locked, and its programs can reach it."""
        return self.paths.locked_by(self.lock) and self.socket.path.exists()

    def status(self) -> pb.DaemonStatus:
        """Return what the daemon says of itself."""
        return pb.DaemonStatus(
            pid=os.getpid(),
            address=self.address,
            version=gym_gui.__version__,
            home=str(self.paths.path),
            home_id=self.paths.home_id(),
            started_at=self.started_at,
            runs=self.registry.count(),
            active_runs=self.dispatcher.active,
            queued_runs=self.dispatcher.queued,
            watchers=self.board.watchers,
            max_running_runs=self.capacity.max_running_runs,
            fault=self.loading.fault,
        )

    def _only_one(self) -> FileLock:
        lock = FileLock(self.paths.lock_file)
        if lock.acquire(LOCK_PATIENCE_S):
            return lock
        running = self.paths.daemon()
        raise UsageError(
            "a trainer daemon runs in this home already" + (f", at {running.address}" if running else ""),
            where=str(self.paths.path),
            why=f"{self.paths.lock_file.name} is held by "
            + (running.process.place if running else "a process that cannot be seen from here, or that is starting"),
            next_step="use it, or stop it first, where it runs: mosaic daemon stop",
        )

    def _forget_predecessor(self) -> None:
        """Remove what a daemon that was killed left behind: from here on nobody believes its address."""
        left = self.paths.last_daemon()
        self.paths.withdraw()
        if left is not None:
            sweep(left.socket)
        if self.paths.renew_exposed_token():
            logger.warning("other users could read the token of %s: it was replaced by another", self.paths.path)

    def _server(
        self, checks: health.aio.HealthServicer, options: Sequence[tuple[str, int]], most_calls: int | None = None
    ) -> grpc.aio.Server:
        token = TokenInterceptor(self.paths.token(), self.chores.note_call)
        server = grpc.aio.server(interceptors=[token], options=options, maximum_concurrent_rpcs=most_calls)
        add_TrainerServiceServicer_to_server(self.service, server)
        health_pb2_grpc.add_HealthServicer_to_server(checks, server)
        reflection.enable_server_reflection((SERVICE_NAME, health.SERVICE_NAME, reflection.SERVICE_NAME), server)
        return server

    async def _bind(self, server: grpc.aio.Server) -> str:
        """Listen on the ports for programs of others, and return the address of the one on this machine."""
        if self.credentials is not None:
            self.public_address = await self._bind_port(server, self.host, self.port, self.credentials)
            return await self._bind_port(server, LOOPBACK, 0)
        if self.port is None and is_loopback(self.host) and get_setting("daemon_socket"):
            return f"unix:{self.socket.path}"
        return await self._bind_port(server, self.host, self.port)

    async def _bind_port(
        self, server: grpc.aio.Server, host: str, asked: int | None, tls: grpc.ServerCredentials | None = None
    ) -> str:
        port = await choose_port(host, asked)
        host = f"[{host}]" if ":" in host else host
        try:
            if tls is not None:
                return f"{host}:{server.add_secure_port(f'{host}:{port}', tls)}"
            return f"{host}:{server.add_insecure_port(f'{host}:{port}')}"
        except RuntimeError:
            raise UsageError(
                f"port {port} was taken by another program just now",
                where=f"{host}:{port}",
                next_step="try again, or take any free port: --port 0",
            ) from None

    async def _load(self) -> None:
        found = await asyncio.to_thread(self._reconcile)
        for run, plan in found.started:
            self.dispatcher.adopt(run, plan)
        self.dispatcher.enqueue(found.waiting)
        for run_id in found.ended:
            self.log_retention.add(run_id)
        self.chores.backlog.add(found.unread)
        self.registry.refill = self._refill
        counts = {"started": len(found.started), "waiting": len(found.waiting), "unread": len(found.unread)}
        log_constant(logger, LOG_DAEMON_RECONCILED, extra=counts)

    def _reconcile(self) -> Reconciliation:
        while True:
            before = len(self.registry.replaced)
            found = reconcile(self.paths.path, self.registry)
            if len(self.registry.replaced) == before:  # else much of it was entered into what is set aside now
                return found

    def _refill(self) -> None:
        """Enter all runs into an empty registry: at once those under way, the others one after the other."""
        run_ids = sorted(path.name for path in self.paths.runs.iterdir() if is_run_id(path.name))
        first = self.registry.reserve(len(run_ids))
        sequence_of = dict(zip(run_ids, range(first, first + len(run_ids)), strict=True))
        self.registry.enter(self.board.renumber(sequence_of))
        others = [(sequence_of[run_id], run_id) for run_id in reversed(run_ids) if not self.board.holds(run_id)]
        self.chores.backlog.add(others)

    def _read_unentered(self, run_id: str) -> RunSummary | None:
        return self.chores.backlog.read(run_id) or adopt_ended(self.paths.path, self.registry, run_id)

    def _announce(self) -> None:
        me = ProcessIdentity.own()
        info = DaemonInfo(
            address=self.address,
            public_address=self.public_address,
            certificate_starts_at=self.validity.starts_at,
            certificate_ends_at=self.validity.ends_at,
            socket=self.socket.name,
            pid=me.pid,
            home_id=self.paths.home_id(),
            version=gym_gui.__version__,
            boot_id=me.boot_id,
            pid_ns=me.pid_ns,
            start_ticks=me.start_ticks,
        )
        self.paths.announce(info)
        if info.certificate_warning():
            logger.warning("%s", info.certificate_warning())
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self.stop)
        log_constant(logger, LOG_DAEMON_STARTED, extra={"address": self.address, "home": str(self.paths.path)})


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a daemon in the foreground; return the exit code.

    Args:
        arguments: Instead of the command line's.
    """
    options = daemon_options.parse(arguments)
    if sys.getfilesystemencoding() != "utf-8":  # what is written down here is read by processes that are in UTF-8 mode
        os.execv(sys.executable, [sys.executable, *UTF8, *sys.orig_argv[1:]])  # noqa: S606
    kept = daemon_environment(os.environ)
    for name in [name for name in os.environ if name not in kept]:
        del os.environ[name]  # nobody's run is to depend on the shell that this was started from
    os.environ.update(kept)
    os.environ["MOSAIC_HOME"] = str(options.home.absolute())
    os.umask(0o077)  # what runs leave behind is their user's alone; proxies, launchers and workers inherit this

    async def serve() -> None:
        configure_logging(str(get_setting("log_level")))
        daemon = TrainerDaemon(
            options.home, host=options.host, port=options.port, on_demand=options.on_demand, tls=options.tls
        )
        await daemon.run(lambda address: options.tell_ready(address, daemon.notes()))

    try:
        asyncio.run(serve())
    except MosaicError as error:
        return options.refuse(error)
    except (OSError, sqlite3.Error) as error:
        return options.refuse(_refused(error, options.home))
    return 0


def _refused(error: OSError | sqlite3.Error, home: Path) -> MosaicError:
    """Return what is to be said where the system does not let the daemon work."""
    logger.error("the daemon ends: %s", error, exc_info=error)
    room = DiskGauge.of(home)
    room.look()
    return MosaicError(
        "the trainer daemon cannot work in this home",
        where=str(getattr(error, "filename", None) or home),
        why=f"{error} ({room.free_bytes >> 20:,} MiB free on its disk)",
        next_step=f"make room if there is none, then try again: mosaic daemon start; its log: {DaemonHome(home).log}",
    )


if __name__ == "__main__":
    sys.exit(main())
